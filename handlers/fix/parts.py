"""The life of a fix, wired once: for the bot, and for the tests that play it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from handlers.approval import ApprovalRules
from handlers.diagnose import Diagnoser
from handlers.fix.apply import Changes
from handlers.fix.approvers import ApproverList
from handlers.fix.decide import Decisions
from handlers.fix.follow_up import FollowUps
from handlers.fix.obstacles import Obstacles
from handlers.fix.outcome import Outcomes
from handlers.fix.pause import PauseSwitch
from handlers.fix.propose import Proposals
from handlers.fix.timekeeper import Timekeeper
from handlers.host_options import HostOptions
from handlers.inventory import Inventory
from handlers.ports import Chat, Clock, Remote
from handlers.record.anchoring import Anchors
from storage.file.database import Database


class FixParts(NamedTuple):
    """What the rest of the bot asks of fixes: proposing, deciding, pausing, and what is due by the clock."""

    proposals: Proposals
    decisions: Decisions
    pause: PauseSwitch
    timekeeper: Timekeeper


def fix_parts(
    database: Database,
    remote: Remote,
    chat: Chat,
    clock: Clock,
    *,
    rules: ApprovalRules,
    inventory: Inventory,
    diagnoser: Diagnoser,
    hosts: Mapping[str, HostOptions],
    bot_user: str,
    anchors: Anchors,
    heard: Callable[[], bool],
    patient: Chat | None = None,
    steady: Callable[[], float] | None = None,
    obstacles: Obstacles | None = None,
) -> FixParts:
    """Wire them. `hosts` by their names in the settings; `bot_user` is the Slack id whose cards count.

    `anchors` signs what is told with an applied fix. `heard`: see `Changes`. `patient` is the chat for what
    no decision waits for, None: the same. `steady` counts seconds however the clock is set (see
    `Timekeeper`). `obstacles`: what stops fixes, as whoever watches for it finds it; None: nobody watches.
    """
    approvers, patient = ApproverList(rules, chat), patient or chat
    looked_up, obstacles = ApproverList(rules, patient), obstacles or Obstacles()
    outcomes = Outcomes(database, clock, rules, inventory, diagnoser, _script_seconds(hosts), anchors)
    changes = Changes(
        database,
        remote,
        patient,
        clock,
        rules,
        looked_up,
        inventory,
        diagnoser,
        outcomes,
        bot_user,
        obstacles,
        heard,
    )
    decisions = Decisions(database, chat, clock, rules, approvers, bot_user, obstacles)
    follow_ups = FollowUps(database, clock, rules, inventory, diagnoser)
    return FixParts(
        Proposals(database, clock, rules, looked_up, inventory, diagnoser, _shared_account(hosts), obstacles),
        decisions,
        PauseSwitch(database, approvers),
        Timekeeper(database, clock, rules, decisions, changes, outcomes, follow_ups, steady),
    )


def _shared_account(hosts: Mapping[str, HostOptions]) -> frozenset[str]:
    """The hosts on which the query account also changes."""
    return frozenset(name for name, host in hosts.items() if host.change is None)


def _script_seconds(hosts: Mapping[str, HostOptions]) -> dict[str, float]:
    """Host → how long a script that was sent may still run there: the longer deadline of its two accounts."""
    return {
        name: max(host.deadline_seconds, host.change.deadline_seconds if host.change else 0.0)
        for name, host in hosts.items()
    }
