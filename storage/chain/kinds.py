"""Every kind of record: what it means, and what its `details` may tell. `docs/audit.md` prints this table.

A field that is not listed is a defect (`undocumented`); a listed one may be missing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KindOfRecord:
    """What a kind of record says, and its fields in `details`."""

    meaning: str
    fields: Mapping[str, str]


# Fields that mean the same wherever they stand.
_REASON = "why, as a sentence or a word"
_STATE = "the move of the fix: [from, to]; missing where it did not move"
_EVIDENCE = "SHA-256 of the raw data in the evidence table, or a list of them"
_SEEN_LATE = "true: not told by an event, but found on the card later"
_VIA = 'why this person may approve: the group\'s id, or "settings"'
_CHANGED = "what is different now: name → [then, now]"
_BEFORE = "the reading before the change"
_AFTER = "the reading after it, read back"
_CUT = "only where the details were too long: bytes and SHA-256 of the whole"

KINDS: Mapping[str, KindOfRecord] = {
    "command": KindOfRecord(
        "somebody asked for something, in chat or on the command line; also what was not understood",
        {
            "command": "its name, null where it was not understood",
            "words": "the words as parsed, at most 300 characters, the id of a person in place of the name; "
            "never the message itself",
            "channel": "Slack channel",
            "thread": "ts of the thread it is answered in",
            "event": "Slack's id of the event",
        },
    ),
    "probe": KindOfRecord(
        "one node was asked for its facts",
        {
            "cluster": "its cluster",
            "computer": "the name the node gives itself",
            "readings": "the readings that decided",
            "reason": "why there are no facts: not reached, or no answer that can be believed",
            "root_ver_class": "what the value is, one word",
            "verdict": "what follows for the node, one word",
            "read_for": "id of the person who had asked for this read just before, where it served several",
            "evidence": _EVIDENCE,
        },
    ),
    "diagnosis": KindOfRecord(
        "what the facts say about a node that was asked for",
        {
            "asked": "the name that was typed, at most 300 characters",
            "cluster": "its cluster",
            "verdict": "one word",
            "confidence": "confirmed, suspected, latent or null",
            "root_ver_class": "what the value is, one word",
            "owner": "whether the node owns a System Attendant resource; null: unknown",
            "offered": '"fix" or null',
            "findings": "words beside the verdict",
            "notes": "words beside the verdict",
            "related": "other causes that were found, by their ids; records of older versions have none",
            "not_checked": "sections that could not be read",
            "checks": "list of id, result, seen",
            "evidence": _EVIDENCE,
            "reason": _REASON,
        },
    ),
    "proposal": KindOfRecord(
        "a fix was proposed (pending), or its card was posted (ok)",
        {
            "kind": "fix or restore",
            "digest": "SHA-256 of basis: what an approval is bound to",
            "basis": "what was seen and is approved",
            "expected": "the reading that must be there when the change is sent, as compact JSON",
            "target": "the reading that will stand, as compact JSON",
            "computer": "the name the node gives itself",
            "cluster": "its cluster",
            "expires_at": "when its life ends",
            "diagnosis": "seq of the diagnosis that it came of; the probe stands just before that",
            "restores": "number of the fix whose backup a restore puts back",
            "able": "ids of those who could approve at that moment",
            "unverified": "how many approvers more were not looked up then, or could not be",
            "event": '"card" where the card was posted',
            "channel": "Slack channel of the card",
            "card_ts": "ts of the card",
        },
    ),
    "decision": KindOfRecord(
        "somebody approved, declined, cancelled, paused or resumed; or a fix was voided (refused)",
        {
            "decision": "approve, decline or cancel",
            "command": "pause or resume",
            "via": _VIA,
            "by": "id of the person",
            "digest": "SHA-256 of what was approved",
            "counted": "where two people must approve: how many count now, and how many must",
            "changed": _CHANGED,
            "seen_late": _SEEN_LATE,
            "reason": _REASON,
            "state": _STATE,
        },
    ),
    "withdrawal": KindOfRecord(
        "an approval was taken back by its approver (ok; refused: too late; pending: while the node was read "
        "again, so that the last look at the card decides), or is no longer good (refused)",
        {
            "by": "id of the person",
            "approver": "whose approval it was",
            "seen_late": _SEEN_LATE,
            "reason": _REASON,
            "state": _STATE,
        },
    ),
    "refusal": KindOfRecord(
        "somebody was not allowed to do what they asked",
        {
            "asked": "approve, decline, cancel, or the command",
            "command": "the command",
            "reason": _REASON,
            "via": _VIA,
            "flags": "what kind of account: bot, workflow, guest, deactivated, stranger, other workspace",
            "unknown": "what could not be looked up",
            "state": "where the fix stood",
            "card": "what a card carries that is of another database: its fix, its state, its record",
            "count": "how many commands are recorded together; channel and event are those of the first",
            "channel": "Slack channel",
            "event": "Slack's id of the event",
        },
    ),
    "reminder": KindOfRecord("the approvers were reminded of a fix", {}),
    "expiry": KindOfRecord("nobody decided in time", {"reason": _REASON, "state": _STATE}),
    "recheck": KindOfRecord(
        "just before a change the node was read again: still as approved (ok) or not (refused)",
        {
            "digest": "SHA-256 of what is there now",
            "changed": _CHANGED,
            "evidence": _EVIDENCE,
        },
    ),
    "backup": KindOfRecord(
        "the whole ASP.NET key was read and stored before the change",
        {"evidence": _EVIDENCE},
    ),
    "change": KindOfRecord(
        "applying began and the change was sent (pending), and how it ended: ok = written and read back, "
        "refused = nothing was written, error = something else stands there, unknown = it is read back next",
        {
            "step": "begin, or send: recorded before anything is sent",
            "expected": "the reading the host must find, as compact JSON",
            "target": "the reading that will stand, as compact JSON",
            "result": "the host's word: written, refused or failed",
            "why": "the host's reason",
            "before": _BEFORE,
            "after": _AFTER,
            "code": "code of the call that failed",
            "changed": _CHANGED,
            "reason": _REASON,
            "state": _STATE,
        },
    ),
    "readback": KindOfRecord(
        "what stands on the node after a change whose end was unknown",
        {
            "after": _AFTER,
            "evidence": _EVIDENCE,
            "reason": _REASON,
            "state": _STATE,
        },
    ),
    "follow_up": KindOfRecord(
        "a later look at the node: confirmed or replaced by a later fix (ok), another value (error), "
        "not yet known (unknown)",
        {
            "look": "which look it was, from 1",
            "last": "whether it was the last one",
            "seen": "one word: unread, symptoms, unknown, down",
            "found": "the reading that stands there",
            "replaced_by": "the later fix that put it there",
            "owner": "whether the node owns a System Attendant resource; null: unknown",
            "verdict": "what the look found, one word",
            "evidence": _EVIDENCE,
            "reason": _REASON,
            "state": _STATE,
        },
    ),
    "export": KindOfRecord(
        "records left the audit as a file",
        {
            "format": "csv or jsonl",
            "filter": "the words of the question, at most 300 characters, an id in place of a person's name",
            "records": "how many",
            "sha256": "of the file",
            "channel": "Slack channel it was uploaded to",
        },
    ),
    "anchor": KindOfRecord(
        "size and hash of the chain were signed and written down outside of the file",
        {"anchor": "the line, as published", "sink": "where to: log, thread or audit"},
    ),
    "erasure": KindOfRecord(
        "names or evidence were erased; the chain keeps the ids and hashes",
        {
            "person": "id of the person whose name was erased",
            "evidence": "SHA-256 of what was erased, or a list of them",
            "fix": "the fix whose evidence was erased",
            "before": "evidence kept before this time was erased",
            "count": "how much was erased",
        },
    ),
    "restore_copy": KindOfRecord(
        "an older copy of the file was taken over, which knows less than was told and done; with a fix: what"
        " became of it is not in this record (unknown)",
        {
            "size": "how many records the copy shares with the file that was lost",
            "head": "hash of the last one of them",
            "known": "the newest anchor of the file that was lost, where one is known",
            "next": "the number of the next fix: none before it is given out again",
            "reason": _REASON,
            "state": _STATE,
        },
    ),
    "settings": KindOfRecord(
        "the settings the bot runs with; never a secret",
        {
            "sha256": "of the settings file",
            "settings": "all but the secrets; its `clusters` tell questions which nodes belong together",
        },
    ),
    "start": KindOfRecord(
        "the bot started; error: the quick check of the audit found something",
        {
            "version": "of rootver",
            "commit": "of the source it was built from; absent: it is not known",
            "host": "machine it runs on",
            "process": "process id",
            "anchor_key": "public half of the key that signs anchors from now on (Ed25519, hex)",
            "anchor_key_renewals": "how the key before vouches for this one: lines of `anchor-key`, the old"
            " key, new key, the old one's signature over that",
            "older": "what is ahead of this file, as sentences: it is an older copy",
            "faults": "what the quick check of the audit found, as sentences",
        },
    ),
    "stop": KindOfRecord("the bot stopped in order", {}),
    "error": KindOfRecord(
        "something failed that should not have, or stands in the way (pending: Slack refuses what is to be "
        "told); ok: it no longer does",
        {
            "where": "what was being done",
            "error": "class of the error",
            "reason": _REASON,
            "channel": "Slack channel",
        },
    ),
}


def undocumented(kind: str, names: Iterable[str]) -> frozenset[str]:
    """Names of details that the table does not list for this kind: empty, or a defect."""
    return frozenset(names) - set(KINDS[kind].fields) - {"cut"}


def describe() -> str:
    """The table as Markdown, for `docs/audit.md`."""
    parts = []
    for name, kind in KINDS.items():
        fields = "".join(f"- `{field}`: {meaning}\n" for field, meaning in kind.fields.items())
        parts.append(
            f"### `{name}`\n\n{kind.meaning[0].upper()}{kind.meaning[1:]}.\n\n{fields}".rstrip() + "\n"
        )
    return "\n".join([*parts, f"Any kind:\n\n- `cut`: {_CUT}\n"])


if __name__ == "__main__":
    sys.stdout.write(describe())
