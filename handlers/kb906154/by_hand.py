"""The article's repair as steps for a person, for whenever the bot itself cannot read or write. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from handlers.kb906154.article import ASPNET_KEY, DOTNET_11, TARGET, TARGET_KIND, VERDICT, ZERO, VerdictId
from handlers.kb906154.facts import Absent, Reading, RegistryValue, Value
from handlers.kb906154.truth import Truth
from handlers.kb906154.verdicts import FIXABLE

RESOLUTION = "KB 906154, Resolution"
SYMPTOMS_OF_ARTICLE = "KB 906154, Symptoms"
BACK_UP = "KB 322756"  # the article's own reference for backing up and restoring the registry
OURS = "not in the article"

# Registry Editor shows and finds keys by their full names.
_FULL_KEY = ASPNET_KEY.replace("HKLM", "HKEY_LOCAL_MACHINE", 1)
_FRAMEWORK_KEY = f"HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\NET Framework Setup\\NDP\\{DOTNET_11}"

WARNING = (
    "A mistake in the registry can do serious harm, and you change it at your own risk: follow the steps "
    "exactly, and back the key up before you change anything."
)
"""KB 906154, Resolution ("Important"), in our words."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a node without asking it; None: not known.

    `root_ver` is the reading that is newest, and never `Unreadable`; `verdict` is what followed from it, None
    also where it was read outside of a diagnosis. `owner`: whether the node owned a System Attendant.
    """

    root_ver: Reading[RegistryValue] | None = None
    runs_11: Truth = None
    verdict: VerdictId | None = None
    owner: Truth = None


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, and where it is known from. Only we wrote what stands between backticks."""

    text: str
    source: str


def steps(known: Known) -> tuple[Step, ...]:
    """What to do, in order. What is not known is an "if"; what was known may have changed: look."""
    return (
        Step(
            "Cluster Administrator: see which node owns the System Attendant, and whether it is online. "
            "Go on at the console of this node; RootVer of one node does not follow a failover.",
            SYMPTOMS_OF_ARTICLE,
        ),
        Step("Click Start, Run, type `regedit`, click OK.", RESOLUTION),
        Step(f"Go to the key `{_FULL_KEY}` and read the value `RootVer`. Write it down.", RESOLUTION),
        Step(" ".join(_conditions(known)), f"{RESOLUTION}; KB 318785"),
        Step(
            "Back up: with that key marked, Registry (or File) menu, Export, Selected branch, save as a .reg "
            "file.",
            f"{RESOLUTION}; {BACK_UP}",
        ),
        *_set(known),
        Step("Quit Registry Editor. Nothing has restarted.", RESOLUTION),
        Step(_online(known.owner), SYMPTOMS_OF_ARTICLE),
        Step(
            "Check: the System Attendant stays online, and the Application log has no new MSExchangeMU 1042 "
            "or 1043.",
            SYMPTOMS_OF_ARTICLE,
        ),
        Step(
            "Undo: Registry (or File) menu, Import, the .reg file. It brings back what was there; a RootVer "
            "that was not there before is not removed by it: delete that.",
            BACK_UP,
        ),
    )


def _conditions(known: Known) -> Iterator[str]:
    """Where the article gives its value: what was known, and what must hold now."""
    yield from _last_time(known)
    yield (
        f"Go on only if .NET Framework 1.1 is what runs: `Install` in `{_FRAMEWORK_KEY}` is 1, and the "
        f"ASP.NET key has a key `{TARGET}` whose `DllFullPath` names a file that is there."
    )
    yield (
        "Stop if the ASP.NET key is not there: a value alone does not help. "
        f"Stop if RootVer is {TARGET} already, or names another version that has such a key and file: then "
        f"the cause is another one. If it is not {ZERO} and another version has such a key and file, find "
        "out first which one the IIS root uses (`aspnet_regiis -lk`)."
    )


def _last_time(known: Known) -> Iterator[str]:
    verdict = VERDICT[known.verdict] if known.verdict else None
    if verdict is None or verdict.id in ("inconclusive", "refused"):
        if known.root_ver == Value(RegistryValue(TARGET_KIND, TARGET)):
            yield "When last read, RootVer was right: if it still is, set nothing."
        elif known.runs_11:
            yield "When last read, .NET Framework 1.1 was what ran."
    elif verdict.id in FIXABLE:
        yield "When last read, the conditions of this step held: see that they still do."
    else:
        yield f"When last read: {verdict.title}. If that is still so, set nothing and stop here."
        yield from verdict.advice


def _set(known: Known) -> Iterator[Step]:
    """The article's step; what it does not speak of stands before it where it is so, or may be."""
    match known.root_ver:
        case Value(RegistryValue(kind)) if kind == TARGET_KIND:
            pass
        case Value(_):
            yield Step(f"The type of RootVer was not {TARGET_KIND}. If so, delete RootVer. {_NEW}", OURS)
        case Absent():
            yield Step(f"There was no RootVer. {_NEW}", OURS)
        case _:
            yield Step(f"If the type of RootVer is not {TARGET_KIND}, delete RootVer. {_NEW}", OURS)
    yield Step(f"Double-click RootVer, type `{TARGET}` as its value data, click OK.", RESOLUTION)


_NEW = "If there is no RootVer: Edit, New, String Value, and name it `RootVer`."


def _online(owner: Truth) -> str:
    if owner:
        return "Cluster Administrator: bring the System Attendant online, if this node still owns it."
    if owner is False:
        return (
            "This node was passive: if it still is, nothing is to be brought online here. Else bring the "
            "System Attendant online in Cluster Administrator."
        )
    return "Cluster Administrator: bring the System Attendant online, if this node owns it."
