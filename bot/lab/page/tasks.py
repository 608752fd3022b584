"""What to do in each incident: three steps, and what was to be seen.

The incidents stand in groups. A step names what must have happened for it to be done; the page looks for that
in the record and at the machines, and marks the step by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.lab.payload import Payload

NODE1, NODE2 = "exch-node1", "exch-node2"
"""The passive node and the owner, as every incident begins."""


@dataclass(frozen=True)
class Step:
    """One step. `words`: what to do. `when`: what has happened then, as words for the page:

    `verdict NODE ID` (a diagnosis of the node ended so), `fix NODE STATE` (a fix of the node reached the
    state), `attendant NODE STATE` (the node owns the System Attendant, which is in that state),
    `network NODE` (the node is reachable), `command NAME` (somebody asked for it).
    """

    words: str
    when: tuple[str, ...]


@dataclass(frozen=True)
class Task:
    """The three steps of an incident, and `saw`: what was to be seen once they are done."""

    steps: tuple[Step, Step, Step]
    saw: str

    def as_json(self) -> Payload:
        """As the page gets it."""
        return {
            "steps": [{"words": step.words, "when": list(step.when)} for step in self.steps],
            "saw": self.saw,
        }


# --- steps that return ---


def _ask(verdict: str, node: str = NODE2, asked: str = NODE2) -> Step:
    return Step(f"As alice, ask: diagnose {asked}", ("verdict", node, verdict))


def _again(verdict: str = "healthy", node: str = NODE2) -> Step:
    return Step(f"Ask again: diagnose {node}", ("verdict", node, verdict))


def _approve(words: str = "As bob, tap the tick on the card", node: str = NODE2) -> Step:
    return Step(words, ("fix", node, "applied"))


def _fail_over(state: str = "Online") -> Step:
    return Step("Fail over (Machines)", ("attendant", NODE1, state))


_ONLINE = Step("Bring the System Attendant online (Machines)", ("attendant", NODE2, "Online"))
_BY_HAND = Step(
    "Decide yourself: set RootVer of EXCH-NODE2 to 1.1.4322.0, and bring it online (Machines)",
    ("attendant", NODE2, "Online"),
)


# --- the incidents ---

GROUPS: Mapping[str, Mapping[str, Task]] = {
    "The fix helps": {
        "zero": Task(
            (
                _ask("rootver_invalid"),
                _approve(),
                Step(
                    "Bring the System Attendant online (Machines), and let the bot look again",
                    ("fix", NODE2, "confirmed"),
                ),
            ),
            "RootVer was set and read back, and the bot has seen for itself that mail runs.",
        ),
        "latent": Task(
            (_ask("rootver_invalid", NODE1, "EXCH-CL1"), _approve(node=NODE1), _fail_over()),
            "mail came up on EXCH-NODE1; without the fix this failover would have failed.",
        ),
        "both-nodes": Task(
            (
                _ask("rootver_invalid", NODE2, "EXCH-CL1"),
                _approve("As bob, tap the tick on the card of EXCH-NODE1, the passive node", NODE1),
                Step(
                    "Approve the card of EXCH-NODE2, and bring the System Attendant online (Machines)",
                    ("attendant", NODE2, "Online"),
                ),
            ),
            "two nodes had two fixes, each with an approval of its own.",
        ),
        "two-versions": Task(
            (
                _ask("rootver_invalid"),
                _approve("As bob, read the note about .NET 2.0, then tap the tick"),
                _ONLINE,
            ),
            "the fix was offered, and it said that 1.1 is being chosen.",
        ),
        "dangling": Task(
            (
                _ask("rootver_invalid_undocumented"),
                _approve("As bob, read that this value is documented nowhere, then tap the tick"),
                _ONLINE,
            ),
            "the fix was offered, and it said that nobody has documented this value.",
        ),
        "restarted-first": Task(
            (_ask("rootver_invalid"), _approve(), _ONLINE),
            "the bot suspected the cause and did not confirm it: the events are older than the restart.",
        ),
    },
    "The fix would not help": {
        "ambiguous": Task(
            (_ask("rootver_invalid_ambiguous"), _BY_HAND, _again()),
            "no fix was offered, because only a person knows which of the two versions is meant.",
        ),
        "contested": Task(
            (_ask("rootver_invalid_ambiguous"), _BY_HAND, _again()),
            "no fix was offered, because the partner runs another version.",
        ),
        "dotnet-removed": Task(
            (
                _ask("rootver_invalid_would_dangle"),
                _fail_over(),
                _again("rootver_invalid_would_dangle"),
            ),
            "no fix was offered: the value would point nowhere until .NET 1.1 is repaired.",
        ),
        "missing-key": Task(
            (_ask("aspnet_not_registered"), _fail_over(), _again("aspnet_not_registered")),
            "no fix was offered: there is no key to set a value in until ASP.NET is registered.",
        ),
        "account-missing": Task(
            (_ask("aspnet_account_missing"), _fail_over(), _again()),
            "the events were the same, and the bot named the lost account, not RootVer.",
        ),
        "permissions": Task(
            (_ask("permissions_suspected"), _fail_over(), _again()),
            "the outage looked the same, and the bot named the permissions, not RootVer.",
        ),
        "remote-registry": Task(
            (_ask("remote_registry_stopped"), _fail_over(), _again()),
            "the outage looked the same, and the bot named the stopped service, not RootVer.",
        ),
        "directory-down": Task(
            (_ask("services_down"), _fail_over("Failed"), _again("services_down", NODE1)),
            "a failover did not help: no domain controller answers either node, and the bot said so.",
        ),
        "iis-down": Task(
            (_ask("other_cause"), _fail_over(), _again()),
            "the bot named IIS Admin, on which the System Attendant depends, not RootVer.",
        ),
        "elsewhere": Task(
            (_ask("healthy", NODE2, "EXCH-CL1"), _fail_over(), _again("healthy", NODE1)),
            "both nodes that were asked are well, and yet the bot did not say that all is well.",
        ),
        "healthy": Task(
            (_ask("healthy", NODE2, "EXCH-CL1"), _fail_over(), _again("healthy", NODE1)),
            "nothing was wrong, before and after a failover, and the bot offered nothing.",
        ),
    },
    "It cannot be read": {
        "unreachable": Task(
            (
                _ask("inconclusive"),
                Step("Plug the network of EXCH-NODE2 in (Machines)", ("network", NODE2)),
                _again(),
            ),
            "as long as the node did not answer, the bot guessed nothing.",
        ),
        "access-denied": Task(
            (
                _ask("inconclusive"),
                Step("Ask for the article's steps by hand: manual exch-node2", ("command", "manual")),
                Step("Ask how things stand: doctor", ("command", "doctor")),
            ),
            "the bot named the refusal and its remedies, and guessed nothing.",
        ),
    },
    "Trouble on the way": {
        "slow": Task(
            (
                Step("As alice, ask: diagnose exch-node2, and watch the thread", ("command", "diagnose")),
                Step("Wait for the answer", ("verdict", NODE2, "rootver_invalid")),
                _approve(),
            ),
            "the thread said all the time what the bot was waiting for.",
        ),
        "drift": Task(
            (
                _ask("rootver_invalid"),
                Step("As bob, tap the tick on the card", ("fix", NODE2, "approved")),
                Step("Read how it ends", ("fix", NODE2, "voided")),
            ),
            "the value was another one than the one approved, so nothing was written.",
        ),
        "lost-answer": Task(
            (
                _ask("rootver_invalid"),
                Step("As bob, tap the tick on the card", ("fix", NODE2, "indeterminate")),
                Step("Wait until the bot has read back", ("fix", NODE2, "applied")),
            ),
            "the bot said that it did not know, read back, and then knew; it wrote once.",
        ),
    },
}
"""Every incident, in the order of `INCIDENTS`, by what it is about."""
