"""Names of emoji as Slack keeps them on reactions."""

from __future__ import annotations

import re

from bot.lab.workspace.limits import SlackRefusal

_ALIASES = {"thumbsup": "+1", "thumbsdown": "-1", "heavy_tick": "heavy_check_mark", "cross_mark": "x"}

# Enough to work with; like Slack, an unknown name is refused, so a misspelt one in a bot is seen.
_NAMES = (
    "+1 -1 white_check_mark heavy_check_mark ballot_box_with_check x negative_squared_cross_mark no_entry "
    "no_entry_sign octagonal_sign stop_sign ok ok_hand wave raised_hands clap pray muscle point_up eyes "
    "thinking_face warning rotating_light fire boom bug wrench hammer gear lock unlock key mag bell "
    "hourglass hourglass_flowing_sand stopwatch alarm_clock repeat arrows_counterclockwise rewind "
    "leftwards_arrow_with_hook tada heart smile joy sob rocket memo speech_balloon question grey_question "
    "exclamation bangbang green_heart large_green_circle red_circle large_yellow_circle large_blue_circle "
    "white_circle black_circle pause_button double_vertical_bar arrow_forward one two three zzz robot_face "
    "information_source link paperclip floppy_disk package shield scroll lab_coat test_tube"
)
_KNOWN = frozenset(_NAMES.split())
_SHAPE = re.compile(r"(?P<name>[a-z0-9_+'-]+)(?P<tone>::skin-tone-[2-6])?")


def canonical(emoji: str) -> str:
    """The name under which Slack keeps a reaction: no colons, aliases resolved, skin tone kept.

    Raises `SlackRefusal` `invalid_name` for a name that is not an emoji of this workspace.
    """
    found = _SHAPE.fullmatch(emoji.strip(":"))
    name = _ALIASES.get(found["name"], found["name"]) if found else ""
    if found is None or name not in _KNOWN:
        raise SlackRefusal("invalid_name")
    return name + (found["tone"] or "")
