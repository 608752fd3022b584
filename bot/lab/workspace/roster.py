"""Who and what is in the practice Slack workspace: people, channels and user groups, by name and by id."""

from __future__ import annotations

import threading
from contextlib import suppress

from bot.lab.workspace.cast import (
    BOT_USER_ID,
    Channel,
    Kind,
    Person,
    UserGroup,
    channels,
    people,
    user_groups,
)
from bot.lab.workspace.limits import SlackRefusal
from bot.lab.workspace.typed_text import as_slack_stores


class Roster:
    """The accounts, channels and groups, at first those of the cast (`cast`).

    Names are taken wherever ids are: `alice`, `#exchange-oncall`, `@exchange-admins`.
    """

    def __init__(self) -> None:
        everyone = people()
        self.people = {person.id: person for person in everyone}
        self.channels = {channel.id: channel for channel in channels(everyone)}
        self.groups = {group.id: group for group in user_groups()}
        self._lock = threading.RLock()

    def id_of(self, name: str) -> str:
        """The id of a person, channel or group by name or id; raises `KeyError`."""
        bare = name.lstrip("#@")
        if bare in self.people or bare in self.channels or bare in self.groups:
            return bare
        with self._lock:
            named: list[Person | Channel] = [*self.people.values(), *self.channels.values()]
            found = {each.name: each.id for each in named} | {g.handle: g.id for g in self.groups.values()}
        if bare not in found:
            raise KeyError(f"{name!r} is nobody here; known are {', '.join(sorted(found))}")
        return found[bare]

    def person(self, name: str) -> Person:
        """The account, by name or id. Its `kind` may be changed, for instance to `deactivated`."""
        return self.people[self.id_of(name)]

    def group(self, name: str) -> UserGroup:
        """The user group, by handle or id."""
        return self.groups[self.id_of(name)]

    def add_person(
        self, name: str, kind: Kind = "member", into: tuple[str, ...] = ("exchange-oncall",)
    ) -> str:
        """A further account, a member of these channels; returns its id."""
        with self._lock:
            number = len(self.people)
            bot = (f"B08{number:08d}", f"A08{number:08d}") if kind in ("bot", "workflow") else (None, None)
            person = Person(f"U08{number:08d}", name, name.title(), kind, *bot)
            self.people[person.id] = person
            for channel in into:
                self.channels[self.id_of(channel)].members.append(person.id)
            return person.id

    def take_out(self, user: str, channel: str) -> None:
        """Take somebody out of a channel; fine if they are not in it."""
        with self._lock, suppress(ValueError):
            self.channels[self.id_of(channel)].members.remove(self.id_of(user))

    def let_in(self, user: str, channel: str) -> None:
        """Let somebody into a channel; fine if they are in it."""
        with self._lock:
            members = self.channels[self.id_of(channel)].members
            if self.id_of(user) not in members:
                members.append(self.id_of(user))

    def dm(self, user: str, other: str = BOT_USER_ID) -> str:
        """The id `D…` of the direct messages of two accounts, opened if there are none yet."""
        pair = [other, self.id_of(user)]
        with self._lock:
            for channel in self.channels.values():
                if channel.is_im and sorted(channel.members) == sorted(pair):
                    return channel.id
            opened = Channel(
                f"D07{len(self.channels):08d}", f"dm-{self.people[pair[1]].name}", pair, is_im=True
            )
            self.channels[opened.id] = opened
            return opened.id

    def channel_for(self, user: str, channel: str) -> Channel:
        """The channel, if `user` may act in it.

        Raises `SlackRefusal` `channel_not_found` (also for a private one of others), `not_in_channel` or
        `is_archived`.
        """
        found = self.channels.get(channel)
        if found is None or (user not in found.members and (found.is_private or found.is_im)):
            raise SlackRefusal("channel_not_found")
        if user not in found.members:
            raise SlackRefusal("not_in_channel")
        if found.is_archived:
            raise SlackRefusal("is_archived")
        return found

    def typed(self, text: str) -> str:
        """The text as Slack stores what a person types; `@rootver` becomes a mention."""
        mentions = {person.name: f"<@{person.id}>" for person in self.people.values()}
        mentions |= {group.handle: f"<!subteam^{group.id}>" for group in self.groups.values()}
        mentions |= {word: f"<!{word}>" for word in ("channel", "here", "everyone")}
        return as_slack_stores(text, mentions)
