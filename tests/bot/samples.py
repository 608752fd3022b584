"""Fixes in every state, and text that means no good."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from handlers.approval import ApprovalRules, State
from storage.records import Fix

START = datetime(2026, 11, 23, 10, 4, tzinfo=UTC)
ALICE, BOB, CAROL = "U07ALICE000", "U07BOB00000", "U07CAROL000"
RULES = ApprovalRules(approvers=frozenset({BOB, CAROL}), approver_groups=frozenset({"S07EXADMINS"}))
BAD = '{"is":"value","value":{"kind":"REG_SZ","data":"0.0.0.0"}}'
GOOD = '{"is":"value","value":{"kind":"REG_SZ","data":"1.1.4322.0"}}'
ANCHOR = f"anchor 120 {'5e' * 32}"

FIX = Fix(
    number=12, kind="fix", state=State.PROPOSED, node="exch-node2", computer="EXCH-NODE2", cluster="EXCH-CL1",
    requester=ALICE, channel="C07ONCALL00", thread_ts="1.000100", card_ts="1.000200", digest="5e" * 32,
    basis={}, expected=BAD, target=GOOD,
    details={
        "verdict": "rootver_invalid", "confidence": "confirmed", "owner": True,
        "notes": ["other_version_registered", "windows_2003"], "others": {"exch-node1": "healthy"},
        "answer_ts": "1.000150", "able": [BOB, CAROL], "groups_unreadable": [],
    },
    restores=None, created_at=START, expires_at=START + timedelta(minutes=30), due_at=None, reminded=False,
    approver=None, approved_at=None, sent_at=None, changed_at=None, ended_at=None, backup=None, looks=0,
    reason=None,
)  # fmt: skip

HOSTILE = (
    "<!channel>", "<@U07EVIL0000>", "<!subteam^S07EXADMINS>", "```code```", "`", "a`b``c", "& < > &amp;",
    "\u202edetnih\u202c", "line\nline\r\n\tline", "\ud800", "\udc00\ud800", "\0", "*bold* _it_ ~no~", ":x:",
    "x" * 100_000, "<" * 100_000, "`" * 100_000, "\n" * 100_000, "🦆" * 100_000, "", " ", "\u200b",
    "<https://evil.example|its card>", "{what} {0} %s",
)  # fmt: skip


def hostile_texts() -> st.SearchStrategy[str]:
    """What a server or a person might send: the known tricks, and any text at all."""
    text = st.text(st.characters(codec=None, categories=None), max_size=300)
    anything = text.filter(lambda one: not re.fullmatch("[UW][A-Z0-9]{2,20}", one))  # an id is a person
    return st.one_of(
        st.sampled_from(HOSTILE), anything, st.tuples(st.sampled_from(HOSTILE), anything).map("".join)
    )


def fix_in(state: State, **changes: Any) -> Fix:
    """FIX-12 in a state, with what it has by then."""
    after = {
        State.APPROVED,
        State.APPLYING,
        State.INDETERMINATE,
        State.APPLIED,
        State.CONFIRMED,
        State.DRIFTED,
    }
    values: dict[str, Any] = {"state": state.value}
    if state in after | {State.FAILED}:
        values |= {"approver": BOB, "approved_at": START + timedelta(minutes=1)}
    if state in {State.APPLIED, State.CONFIRMED, State.DRIFTED, State.FAILED}:
        values |= {"ended_at": START + timedelta(minutes=2), "backup": "ab" * 32}
    return replace(FIX, **{**values, **changes})


def hostile_fix(state: State, text: str) -> Fix:
    """A fix in which everything that a server or the settings gave is this text."""
    reading = {"is": "value", "value": {"kind": text, "data": text}}
    return fix_in(
        state, node=text, computer=text, cluster=text, requester=text, reason=text,
        expected=json.dumps(reading), target=json.dumps(reading),
        details={
            "verdict": text, "confidence": text, "owner": None, "notes": [text], "others": {text: text},
            "able": [text], "groups_unreadable": [text],
        },
    )  # fmt: skip
