from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, cast, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.blocks.audit_news import to_audit
from bot.blocks.news import News, for_the_channel, in_thread
from bot.blocks.private_news import refusal_words, to_one
from bot.slack.limits import texts
from handlers.approval import State
from storage.chain.anchors import parse_anchors
from storage.records import AuditTopic, Fix, Json, PrivateTopic, ThreadTopic, Topic
from tests.bot.message_checks import check
from tests.bot.samples import ALICE, ANCHOR, BOB, CAROL, FIX, RULES, fix_in, hostile_fix, hostile_texts

CARD = "https://practice.slack.example/archives/C07ONCALL00/p1000200"
NAMES = {ALICE: "alice", BOB: "bob", CAROL: "carol"}
SEEN: Json = {"is": "value", "value": {"kind": "REG_SZ", "data": "2.0.50727.0"}}
CHANGED: Json = {"root_ver": [{"is": "absent", "missing": "value"}, SEEN], "versions": [{"a": True}, {}]}

# Topic → the details that come with it.
THREAD: dict[str, dict[str, Json]] = {
    "reminder": {},
    "applied": {"anchor": ANCHOR, "after": SEEN},
    "voided": {"changed": CHANGED, "reason": "The server changed."},
    "failed": {"after": SEEN, "reason": "The write failed (`write_failed`)."},
    "indeterminate": {"reason": "No answer in time."},
    "confirmed": {"owner": True, "verdict": "healthy", "look": 1},
    "drifted": {"found": SEEN},
    "replaced": {"found": SEEN, "replaced_by": "FIX-13", "reason": "FIX-13 set the value since."},
    "look": {"seen": "down", "reason": "System Attendant is not running yet.", "look": 1, "last": False},
    "unconfirmed": {"seen": "down", "reason": "System Attendant is not running.", "look": 3, "last": True},
    "withdrawn": {"by": BOB, "seen_late": False},
    "reopened": {"approver": BOB, "reason": f"Not an approver, <@{BOB}>."},
    "declined": {"by": CAROL, "decision": "decline"},
    "cancelled": {"by": ALICE},
    "expired": {"reason": "Nobody decided in time."},
    "lost": {"reason": "The audit's file was put back from an older copy."},
    "something_new": {},
}  # fmt: skip
REASONS = (
    "not_a_member", "own_request", "not_an_approver", "not_verified", "too_late", "expired", "paused",
    "audit_fault", "another_bot", "already_approved", "something_new",
)  # fmt: skip


def told(fix: Fix = FIX, **details: Any) -> News:
    return News(fix, details, RULES, CARD, names=NAMES)


def said(topic: Topic, fix: Fix = FIX, **details: Any) -> str:
    """What the thread is told."""
    post = in_thread(topic, told(fix, **{**THREAD[topic], **details}))
    assert post is not None
    return post.text


# Topic → whom its first line mentions, where alice asked and bob approved. Carol declined, bob took his away.
CALLED: dict[str, list[str]] = {
    **{topic: [ALICE, BOB] for topic in THREAD}, "withdrawn": [ALICE], "cancelled": [BOB],
    "reminder": [], "replaced": [], "look": [],
}  # fmt: skip
SHOWN_IN_CHANNEL = {"applied", "failed", "indeterminate", "voided", "confirmed", "drifted", "expired"}
# What somebody is to do: it stands behind "Next:", where people look for it.
ORDER = re.compile(
    r"@rootver (?:diagnose|restore|resume)"
    r"|\b(?i:bring|look at|find out|see|talk|wait|react|take it|diagnose again)\b"
)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("topic", THREAD)
def test_every_topic_is_a_good_message_in_every_state(topic: Topic, state: State) -> None:
    """Told late, a fix may have moved on: the first line still is the answer, and calls who waits for it."""
    fix = fix_in(state, number=12_345, computer="EXCH-NODE-00015", approver=BOB)
    post = in_thread(topic, replace(told(fix, **THREAD[topic]), names=NAMES))
    if post is None:
        return
    check(post, ALICE, BOB, CAROL)
    first, *rest = post.text.split("\n")
    assert len(first) <= 150
    assert "EXCH-NODE-00015" in first
    called = "".join(f"<@{one}> " for one in CALLED[topic])
    assert first.startswith(f"{called}FIX-12345")
    assert first.count("<@") == len(CALLED[topic])
    assert ("<@" in "\n".join(rest)) == (topic == "reminder")
    assert sum(line.startswith("Next: ") for line in rest) == 1
    assert not [line for line in (first, *rest) if ORDER.search(line) and not line.startswith("Next: ")]
    assert for_the_channel(topic, fix) == (topic in SHOWN_IN_CHANNEL)


def test_two_who_approved_are_both_called_and_nobody_twice() -> None:
    """Also where who asked approved, too, and in a line that a telephone shows whole."""
    both = fix_in(State.APPLIED, approver=CAROL, details={**FIX.details, "approvals": [BOB]})
    assert said("failed", both).startswith(f"<@{ALICE}> <@{BOB}> <@{CAROL}> FIX-12 failed: ")
    known = replace(both, number=1_234, computer="EXCH-NODE-00015")
    for topic in get_args(ThreadTopic):
        if CALLED.get(topic):
            assert len(said(topic, known).split("\n")[0]) <= 150
    alone = fix_in(State.APPLIED, approver=ALICE)
    assert said("failed", alone).startswith(f"<@{ALICE}> FIX-12 failed: ")


def test_nobody_is_called_who_is_no_person_of_the_workspace() -> None:
    """An account of the command line cannot be notified."""
    assert said("expired", replace(FIX, requester="os:alice")).startswith("FIX-12 expired: ")


def test_the_channel_is_not_shown_the_end_of_what_nobody_approved() -> None:
    """A card that a newer diagnosis replaced."""
    assert not for_the_channel("voided", fix_in(State.VOIDED))


@pytest.mark.parametrize("topic", THREAD)
@given(hostile=hostile_texts(), state=st.sampled_from(State))
@settings(deadline=None, max_examples=25)
def test_nothing_hostile_spoils_what_a_thread_is_told(topic: Topic, hostile: str, state: State) -> None:
    """Everything in the details and on the fix may come from a server."""
    reading: Json = {"is": "value", "value": {"kind": hostile, "data": hostile}}
    details = {**dict.fromkeys(THREAD[topic], hostile), "after": reading, "found": reading, "look": 1}
    details["changed"] = {hostile: [reading, hostile], "other": hostile}
    post = in_thread(topic, News(hostile_fix(state, hostile), details, RULES, CARD))
    if post is not None:
        check(post, BOB, hostile)  # as the id of who decided, it is a person


@given(hostile=hostile_texts(), state=st.sampled_from(State))
@settings(deadline=None, max_examples=50)
def test_nothing_hostile_spoils_what_one_person_or_the_audit_channel_is_told(
    hostile: str, state: State
) -> None:
    """The same for the other audiences."""
    details: dict[str, Json] = {"reason": hostile, "want": hostile, "flags": [hostile], "anchor": hostile}
    fix = hostile_fix(state, hostile)
    for private in get_args(PrivateTopic):
        post = to_one(private, News(fix, details, RULES, CARD))
        if post is not None:
            check(post, BOB)
    for topic in (*get_args(AuditTopic), cast("Topic", hostile)):
        check(to_audit(topic, {**details, "faults": [hostile]}))
        check(to_audit(topic, details))


@pytest.mark.parametrize("topic", ["applied", "failed", "indeterminate"])
def test_news_with_a_backup_name_its_file_and_how_to_get_it_again(topic: Topic) -> None:
    """A file may not show, and nobody can tell from here."""
    told = in_thread(topic, News(replace(fix_in(State.APPLIED), backup="5e" * 32), {}, RULES, CARD))
    assert told is not None
    assert "`FIX-12-backup.reg`, attached here once; `@rootver show FIX-12` attaches it again." in told.text


@pytest.mark.parametrize(
    ("topic", "parts"),
    [
        ("reminder", ["FIX-12 still waits", f"<@{BOB}> <@{CAROL}>: react on", f"<{CARD}|its card>", "10:34",
                      "Asked by alice"]),
        ("voided", ["nothing was changed on EXCH-NODE2.\nThe server changed.",
                    "· RootVer: then no value, now `2.0.50727.0`",
                    'versions that ASP.NET has: then `a`, now none', "`@rootver diagnose exch-node2`"]),
        ("failed", ["RootVer is now `2.0.50727.0`. The write failed", "`@rootver restore FIX-12`",
                    "Or by hand: `@rootver manual exch-node2`."]),
        ("indeterminate", ["not known whether RootVer was set on EXCH-NODE2.\nNo answer in time.\n",
                           "read it back", "send nothing again"]),
        ("confirmed", ["FIX-12 confirmed: the System Attendant runs on EXCH-NODE2, no new errors since.\n",
                       "RootVer on EXCH-NODE2 still is `1.1.4322.0`."]),
        ("drifted", ["now, not `1.1.4322.0`", "`2.0.50727.0`", "find out who"]),
        ("replaced", ["It is `2.0.50727.0` now. FIX-13 set the value since."]),
        ("look", ["not confirmed yet: the System Attendant does not run on EXCH-NODE2.",
                  "online on EXCH-NODE2. I look again 5 min after the change"]),
        ("unconfirmed", ["stays applied, not confirmed: the System Attendant does not run on EXCH-NODE2.",
                         "This was the last look.", "online on EXCH-NODE2"]),
        ("withdrawn", ["taken back by bob, nothing was sent to EXCH-NODE2", "open again until"]),
        ("reopened", ["the approval no longer holds, nothing was sent",
                      f"\nNot an approver, &lt;@{BOB}&gt;."]),
        ("declined", ["FIX-12 declined by carol: nothing was changed on EXCH-NODE2."]),
        ("cancelled", ["FIX-12 cancelled by alice: nothing was changed on EXCH-NODE2."]),
        ("expired", ["FIX-12 expired: nothing was changed on EXCH-NODE2.\nIt was open until", "10:34",
                     "Nobody decided in time.", "for a new proposal"]),
    ],
)  # fmt: skip
def test_each_sentence_says_what_who_why_and_what_next(topic: Topic, parts: list[str]) -> None:
    """Nobody has to ask what to do now."""
    shown = said(topic)
    for part in parts:
        assert part in shown, shown


def test_a_refused_change_shows_what_stands_there() -> None:
    """The host's own reading, from just before it refused."""
    shown = said("voided", before=SEEN, after=SEEN, reason="The host refused it (changed).")
    assert "The host refused it (changed). RootVer there is `2.0.50727.0`." in shown


def test_an_approval_under_a_fault_of_the_audit_is_told_why_and_whom_to_ask() -> None:
    """Not the word of the rule book alone."""
    why, then = refusal_words("audit_fault", FIX)
    assert "audit failed its check" in why
    assert "doctor" in then


def test_applied_carries_the_proof_and_what_happens_next() -> None:
    """Read back, asked by, approved by, what to do, when it is looked at again."""
    fix = fix_in(State.APPLIED)
    known = replace(fix, details={**fix.details, "attendants": ["Exchange System Attendant (EXCHVS1)"]})
    shown = said("applied", known)
    assert "FIX-12 applied: RootVer on EXCH-NODE2 is `1.1.4322.0`, read back.\n" in shown
    assert "Asked by alice, approved by bob, read back <!date^" in shown
    assert 'Next: bring "Exchange System Attendant (EXCHVS1)" online on EXCH-NODE2' in shown
    assert "Next: bring the System Attendant online on EXCH-NODE2" in said("applied", fix)
    assert "I look again after 1 min, 5 min and 15 min." in shown


def test_the_anchor_of_a_fix_is_small_print_that_an_exported_channel_holds() -> None:
    """An export has a message's text."""
    post = in_thread("applied", told(fix_in(State.APPLIED), **THREAD["applied"]))
    assert post is not None
    words, small = post.blocks
    assert (words["type"], small["type"]) == ("section", "context")
    assert post.text == "\n".join(texts([words, small]))
    assert [str(one) for one in parse_anchors(post.text)] == [ANCHOR]
    assert ANCHOR in next(iter(texts([small])))
    without = in_thread("applied", told(fix_in(State.APPLIED)))
    assert without is not None
    assert without.blocks == ()


def test_nobody_is_told_to_bring_online_what_is_coming() -> None:
    """A look that sees it come says to wait."""
    shown = said("look", fix_in(State.APPLIED), seen="coming", look=1)
    assert "wait: the System Attendant is coming online." in shown
    assert "bring" not in shown


def test_applied_on_a_passive_node_asks_for_nothing() -> None:
    """There is nothing to bring online."""
    fix = fix_in(State.APPLIED, details={**FIX.details, "owner": False})
    assert "Next: nothing: this node is passive." in said("applied", fix)


def test_applied_where_the_attendant_was_not_down_asks_for_nothing() -> None:
    """It runs already."""
    fix = fix_in(State.APPLIED, details={**FIX.details, "confidence": "latent"})
    assert "Next: nothing: the System Attendant was not down here." in said("applied", fix)


def test_an_applied_restore_asks_to_look() -> None:
    """Whether the old value was the better one shows only in use."""
    fix = fix_in(State.APPLIED, kind="restore", restores=9)
    assert "Next: see whether Exchange runs as it should" in said("applied", fix)


def test_a_reminder_of_a_crowd_names_some_and_counts_the_others() -> None:
    """It is one line: too long, all of it would be dropped."""
    users: list[Json] = [f"U07{number:08}" for number in range(300)]
    fix = fix_in(State.PROPOSED, details={**FIX.details, "able": users, "unverified": 100})
    post = in_thread("reminder", told(fix))
    assert post is not None
    check(post, ALICE, *map(str, users))
    assert "<@U0700000019> and 380 more: react on" in post.text


def test_a_reminder_that_nobody_can_act_on_says_so() -> None:
    """Whether nobody can, or nobody was found who can."""
    nobody = fix_in(State.PROPOSED, details={**FIX.details, "able": []})
    unknown = fix_in(State.PROPOSED, details={**FIX.details, "able": [], "unverified": 2})
    assert "Nobody could approve it when it was proposed.\nNext: see" in said("reminder", nobody)
    shown = said("reminder", unknown)
    assert "\nNobody was found who could approve it when it was proposed; 2 more approvers not" in shown
    assert " verified.\nNext: see" in shown


def test_a_last_look_is_not_announced_again() -> None:
    """After the last time of the settings there is no other."""
    assert "I look again" not in said("look", look=3)


def test_a_reminder_of_a_fix_that_was_decided_meanwhile_is_not_sent() -> None:
    """It would only confuse."""
    for state in State:
        assert (in_thread("reminder", told(fix_in(state))) is not None) == (state == State.PROPOSED)


def refused(fix: Fix, **details: Json) -> str:
    """What one person is told of their reaction."""
    post = to_one("refused", told(fix, **{"want": "approve", "flags": [], **details}))
    assert post is not None
    return post.text


def test_whoever_came_second_is_told_what_holds_when_they_are_told() -> None:
    """Approved by somebody; or open again, and their own reaction is spent."""
    second: dict[str, Json] = {"reason": "already_approved", "approver": BOB}
    assert f"<@{BOB}> approved it already. Next: nothing." in refused(fix_in(State.APPROVED), **second)
    assert f"<@{BOB}> approved it already. Next: nothing." in refused(fix_in(State.VOIDED), **second)
    assert (
        f"<@{BOB}> had approved it already. Next: it is open again: take your reaction away and react again."
        in refused(fix_in(State.PROPOSED), **second)
    )


def test_who_takes_an_approval_away_during_the_recheck_is_told_that_it_is_looked_for() -> None:
    """Whether it came in time shows in the thread."""
    shown = refused(fix_in(State.APPLYING), reason="rechecking", want="withdraw")
    assert "Your withdrawal of FIX-12 came while the node was read again" in shown
    assert "the card is read once more before anything is sent" in shown
    assert "too late" not in shown
    assert "does not count" not in shown


@pytest.mark.parametrize("topic", ["withdrawn", "reopened"])
def test_a_fix_that_is_open_again_says_that_old_reactions_are_spent(topic: Topic) -> None:
    """The ✅ that stands there was judged: left there, nothing would come of it."""
    assert "A reaction that stands there already counts no more: take it away and react again." in said(topic)
    assert "open again" not in said(topic, fix_in(State.EXPIRED))


def test_a_reminder_mentions_again_who_can_approve() -> None:
    """It is a new message because an edit notifies nobody."""
    post = in_thread("reminder", told())
    assert post is not None
    check(post, ALICE, BOB, CAROL)


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("want", ["approve", "decline", "withdraw"])
def test_a_refusal_says_why_and_what_to_do(reason: str, want: str) -> None:
    """Each reason has words of its own."""
    post = to_one("refused", told(fix_in(State.APPROVED), reason=reason, want=want, flags=[]))
    assert post is not None
    check(post, BOB)
    assert "of FIX-12 does not count: " in post.text
    assert "Next: " in post.text
    assert ("_" in post.text) == (reason == "something_new")


def test_a_refusal_names_the_kind_of_account() -> None:
    """So that nobody has to guess what is wrong with theirs."""
    post = to_one("refused", told(reason="not_a_member", want="approve", flags=["guest", "other workspace"]))
    assert post is not None
    assert "(guest and other workspace)" in post.text


def test_a_hint_leads_to_the_card() -> None:
    """And comes only while there is something to decide."""
    post = to_one("hint", told())
    assert post is not None
    assert f"<{CARD}|its card>" in post.text
    assert to_one("hint", told(fix_in(State.APPLIED))) is None


def test_an_anchor_reaches_the_audit_channel_as_verify_reads_it() -> None:
    """The line can be copied out of Slack's export."""
    assert [str(one) for one in parse_anchors(to_audit("anchor", {"anchor": ANCHOR}).text)] == [ANCHOR]


def test_a_storage_fault_says_what_it_means() -> None:
    """Fixes are blocked, and who can look."""
    post = to_audit("storage_fault", {"faults": ["record 7: the hash is another"]})
    assert "Fixes are blocked" in post.text
    assert "record 7: the hash is another" in post.text


def test_another_key_and_an_older_copy_are_told_with_what_to_do() -> None:
    """Both may be somebody's work; the audit channel is where that is noticed."""
    key = to_audit("new_key", {"before": "5e" * 32, "now": "6f" * 32})
    check(key)
    assert "5e" * 32 in key.text
    assert "`rootver takeover`" in key.text
    older = to_audit("older_copy", {"older": ["The last anchor tells of 9 records."]})
    check(older)
    assert "The last anchor tells of 9 records." in older.text
    assert "`rootver takeover`" in older.text


def test_another_bot_on_the_app_token_is_told_when_it_comes_and_when_it_goes() -> None:
    """What it means, and what to do."""
    came, gone = (to_audit(topic, {}) for topic in ("another_bot", "alone_again"))
    for said in (came, gone):
        check(said)
        assert len(said.text.splitlines()[0]) <= 150
    assert "No fix is approved or sent" in came.text
    assert "stop the other one" in came.text
    assert "no other bot" in gone.text


def test_a_card_without_an_address_is_named_all_the_same() -> None:
    """Before the line was posted there is no link."""
    post = in_thread("withdrawn", News(FIX, {}, RULES))
    assert post is not None
    check(post, ALICE)
    assert "see its card" in post.text
