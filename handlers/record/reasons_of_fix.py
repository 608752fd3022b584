"""Why a fix was proposed, who was refused, why it ended so: the record, in the words of the rules.

The words are those of docs/rules.md: of verdicts, of what makes one confirmed, of refusals, of moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from handlers.approval import MOVES, OPEN, REFUSALS, State
from handlers.kb906154.article import VERDICT, Verdict
from handlers.kb906154.related import RELATED
from handlers.kb906154.verdicts import CONFIDENCE
from handlers.record import sentences
from handlers.record.story import Story
from storage.records import Entry, Json


def why(story: Story) -> list[str]:
    """Sentences; the first one is the answer. Foreign text is in them."""
    end = sentences.ENDS.get(story.fix.state, "how it ended cannot be read")
    return [
        f"{story.fix.id} {story.fix.computer}: {end}.",
        *_why_proposed(story),
        *(_why_refused(one, story) for one in story.refusals),
        *_why_so(story),
    ]


def _why_proposed(story: Story) -> Iterator[str]:
    if story.fix.kind == "restore":
        yield f"Proposed because somebody asked to put back what FIX-{story.fix.restores} replaced."
        return
    diagnosis = next((one.details for one in story.entries if one.kind == "diagnosis"), {})
    verdict = _verdict(diagnosis.get("verdict") or story.fix.details.get("verdict"))
    if verdict is None:
        yield "Why it was proposed is not in the record: a proposal names the diagnosis it came from."
        return
    was = sentences.stored(story.fix.expected)
    yield f"Proposed because {verdict.title}: RootVer was {was} ({verdict.reference})."
    confidence = diagnosis.get("confidence") or story.fix.details.get("confidence")
    meaning = _CONFIDENCE.get(str(confidence))
    if meaning:
        yield f"Its cause was {confidence}: {meaning}."
    causes = [one.title for one in RELATED if one.id in _listed(diagnosis.get("related"))]
    if causes:
        yield f"Seen beside it: {', '.join(causes)}."


def _why_refused(entry: Entry, story: Story) -> str:
    said = sentences.of_record(entry, story.names)
    when = _REFUSALS.get(str(entry.details.get("reason")))
    return f"{said} ({when})." if when else f"{said}."


def _why_so(story: Story) -> Iterator[str]:
    """The last move as the rules have it, and the reason that was recorded with it."""
    origin, to = _last_move(story)
    cause = MOVES.get(origin, {}).get(to) if origin and to else None
    if story.fix.state in OPEN:
        yield "It has not ended."
    elif cause:
        yield f"Why it ended so: {cause}."
    if story.fix.reason:
        yield f"What was said then: {story.fix.reason}"
    if story.people:
        yield f"{story.people}."


def _last_move(story: Story) -> tuple[State | None, State | None]:
    for entry in reversed(story.entries):
        match entry.details.get("state"):
            case [str(origin), str(to)] if to == story.fix.state:
                return _STATES.get(origin), _STATES.get(to)
    return None, None


def _verdict(id_: Json) -> Verdict | None:
    return next((one for name, one in VERDICT.items() if name == id_), None)


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


_CONFIDENCE: Mapping[str, str] = {str(word): said for word, said in CONFIDENCE.items()}
_STATES: Mapping[str, State] = {str(one): one for one in State}
_REFUSALS: Mapping[str, str] = {str(word): when for word, when in REFUSALS.items()}
