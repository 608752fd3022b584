"""The story of a fix in sentences, for chat and terminal alike. All but the times have foreign text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers.record.sentences import reading, stored
from handlers.record.spans import time_words
from handlers.record.steps import step, tells
from handlers.record.story import Evidence, Story
from handlers.spelling import named
from storage import queries
from storage.records import State

_AT_ONCE = timedelta(seconds=1)  # what took less is not told


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened, and when."""

    at: datetime
    told: str


@dataclass(frozen=True, slots=True)
class Tale:
    """One fix: `head` is the answer, `facts` what was there before and after and how long each part took."""

    head: str
    people: str
    facts: tuple[str, ...]
    moments: tuple[Moment, ...]


def tale(story: Story) -> Tale:
    """Tell it, from the command to the end."""
    return Tale(
        head=f"{story.fix.id} {story.fix.computer}: {story.gist}",
        people=" · ".join(one for one in (story.people, story.took) if one),
        facts=(_before_and_after(story), *_how_long(story)),
        moments=tuple(Moment(one.ts, step(one, story.names)) for one in story.entries if tells(one)),
    )


def for_auditors(story: Story) -> list[tuple[str, str]]:
    """What proves it: a word, and what is to be said of it."""
    people = ", ".join(f"{named(name)} is {id_}" for id_, name in story.names.items())
    proofs = [("people", people)] if people else []
    proofs.append(("digest", f"{story.fix.digest}, of what was approved"))
    return [*proofs, *(("evidence", _kept(story, one)) for one in story.evidence)]


def _before_and_after(story: Story) -> str:
    certainly_not_sent = story.fix.sent_at is None or story.fix.state is State.VOIDED
    if certainly_not_sent and story.before is None and story.after is None:
        return f"Nothing was sent. RootVer was {stored(story.fix.expected)} when it was proposed."
    before = reading(story.before) if story.before else stored(story.fix.expected)
    after = f"read back after it: {reading(story.after)}" if story.after else "nothing was read back after it"
    return f"Before the change RootVer was {before}; {after}."


def _how_long(story: Story) -> list[str]:
    long = {name: took for name, took in story.durations.items() if took >= _AT_ONCE}
    if not long:
        return []
    return [f"From {'; from '.join(f'{name} {time_words(took)}' for name, took in long.items())}."]


def _kept(story: Story, one: Evidence) -> str:
    """Which record of the story refers to it says what it is."""
    if one.size == -1:
        kept = "damaged: run `rootver verify`"
    else:
        kept = "erased" if one.size is None else f"{one.size} bytes"
    of = (entry for entry in story.entries if one.sha256 in queries.named_evidence(entry))
    record = next((f", {entry.kind}, record {entry.seq}" for entry in of), "")
    return f"{one.sha256}, {kept}{record}"
