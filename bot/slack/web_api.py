"""Slack's Web API as the bot uses it: who people are, what stands on a card, posting and editing.

Every failure becomes one of three: `LookupFailed` (a question had no answer), `MessageGone` (the message was
deleted), `NotSaid` (something could not be posted; its code says what that is about).
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from typing import Any, Self

from slack_sdk import WebClient
from slack_sdk.http_retry import RetryHandler
from slack_sdk.http_retry.builtin_handlers import (
    ConnectionErrorRetryHandler,
    RateLimitErrorRetryHandler,
    ServerErrorRetryHandler,
)

from bot.slack.clients import copied
from bot.slack.members import person_of
from bot.slack.pace import PEOPLE_AT_ONCE, PEOPLE_PER_SECOND, Budget, Pace
from bot.slack.plainer import forms_of
from bot.slack.post import Attachment, Post
from bot.slack.refusals import NO_BROADCAST, header
from bot.slack.saying import AS_IT_IS, asked, said, shown
from bot.slack.saying import Nameless as Nameless  # noqa: PLC0414 - whoever says something must know them
from bot.slack.saying import NotSaid as NotSaid  # noqa: PLC0414
from bot.slack.uploads import uploader
from handlers.ports import CardMark, LookupFailed, Message, MessageGone, Person, Standing

log = logging.getLogger(__name__)

GROUP_SECONDS = 60.0  # a group's members may be this old
PERSON_SECONDS = 60.0  # so may a person's name and flags where nothing is decided
HASTY_SECONDS = 5  # whole seconds that a question may take whose answer somebody's decision waits for
RATE_LIMIT_RETRIES = 3  # measured: one retry is not enough where two 429s come in a row

NO_SUCH_EMOJI = "invalid_name"  # docs.slack.dev/reference/methods/reactions.add, "Errors"
_NOWHERE = "1000000000.000000"  # the `ts` of a message of 2001, before there was Slack
Told = tuple[Message, Post]  # a message that stands there, with its words


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the bot is (auth.test): its user id, its workspace, the workspace's address, the scopes it has."""

    user: str
    team: str
    url: str
    scopes: frozenset[str] = frozenset()


def retry_handlers() -> list[RetryHandler]:
    """What Slack's client retries by itself; without them it would retry nothing but lost connections."""
    return [
        ConnectionErrorRetryHandler(),
        RateLimitErrorRetryHandler(max_retry_count=RATE_LIMIT_RETRIES),
        ServerErrorRetryHandler(),
    ]


class SlackChat:
    """One workspace through one token; safe to use from any thread. Implements `handlers.ports.Chat`."""

    def __init__(
        self, client: WebClient, identity: Identity, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.identity = identity
        self._client, self._monotonic = client, monotonic
        self._once = copied(client, [], client.timeout)
        self.pace = Pace(monotonic=monotonic)
        self.people_budget = Budget(PEOPLE_AT_ONCE, PEOPLE_PER_SECOND, monotonic)
        self._groups: dict[str, tuple[float, frozenset[str]]] = {}
        self._people: dict[str, tuple[float, Person]] = {}
        self._lock = threading.Lock()
        self._lacking: set[str] = set()

    @classmethod
    def connect(cls, client: WebClient) -> SlackChat:
        """Ask Slack who the token belongs to. Raises `LookupFailed`."""
        answer = asked("whose token this is", client.auth_test)
        scopes = header(answer.headers, "x-oauth-scopes")
        missing = _missing(answer, "user_id", "team_id", "url")
        if missing:
            raise LookupFailed("whose token this is", f"an answer without {missing}")
        granted = frozenset(filter(None, map(str.strip, scopes.split(","))))
        identity = Identity(answer["user_id"], answer["team_id"], answer["url"], granted)
        return cls(client, identity)

    def without_retries(self) -> Self:
        """The same, for whoever tries again by itself: no call is repeated, and none sleeps in between."""
        other = copy(self)
        other._client = self._once  # noqa: SLF001 - one of us
        return other

    def hasty(self) -> Self:
        """The same, for decisions: a question that Slack does not answer soon fails."""
        other, once_more = copy(self), [ConnectionErrorRetryHandler(), ServerErrorRetryHandler()]
        other._client = copied(self._client, once_more, HASTY_SECONDS)  # noqa: SLF001 - one of us
        return other

    @property
    def lacking(self) -> frozenset[str]:
        """The emoji that the workspace was found not to have."""
        return frozenset(self._lacking)

    # --- questions ---

    def person(self, user: str) -> Person:
        """Who this is, asked now: flags decide who may approve. Raises `LookupFailed`."""
        answer = asked(f"<@{user}>", self._client.users_info, user=user)
        person = person_of(user, answer.get("user") or {}, self.identity.team)
        with self._lock:
            self._people[user] = (self._monotonic(), person)
        return person

    def recent_person(self, user: str) -> Person:
        """As `person`, at most 60 s old: for names, and for who may ask. Never for a decision.

        Fails also where many people are looked up at once: decisions must be left enough of Slack's calls.
        """
        with self._lock:
            at, person = self._people.get(user, (0.0, None))
        if person is not None and self._monotonic() - at < PERSON_SECONDS:
            return person
        if not self.people_budget.spend():
            raise LookupFailed(f"<@{user}>", "too many people ask at once")
        return self.person(user)

    def members(self, group: str, *, fresh: bool = False) -> frozenset[str]:
        """User ids of a user group, at most 60 s old; `fresh`: as it is now. Raises `LookupFailed`.

        A failure is never cached.
        """
        with self._lock:
            at, members = self._groups.get(group, (0.0, None))
        if not fresh and members is not None and self._monotonic() - at < GROUP_SECONDS:
            return members
        asked_at = self._monotonic()
        answer = asked(f"group {group}", self._client.usergroups_users_list, usergroup=group)
        if not isinstance(answer.get("users"), list):
            raise LookupFailed(f"group {group}", "an answer without members")
        members = frozenset(answer["users"])
        with self._lock:
            self._groups[group] = (asked_at, members)
        return members

    def reactions(self, card: Message) -> Standing:
        """Who reacted how. Raises `LookupFailed`, `MessageGone`."""
        what = "the reactions on a card"
        answer = asked(what, self._client.reactions_get, channel=card.channel, timestamp=card.ts, full=True)
        found: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
        cut = set()
        for reaction in (answer.get("message") or {}).get("reactions", []):
            match reaction:
                case {"name": str(name), "users": list(named), "count": int(count)}:
                    plain = name.split("::", 1)[0]
                    found[plain] |= frozenset(named)
                    if len(frozenset(named)) != count:
                        cut.add(plain)
                case _:
                    raise LookupFailed(what, "an answer without names")
        return Standing(dict(found), frozenset(cut))

    def card_mark(self, message: Message) -> CardMark | None:
        """What a message of ours carries; None: it is not a card. Raises `LookupFailed`, `MessageGone`."""
        answer = asked("a card", self._client.reactions_get, channel=message.channel, timestamp=message.ts)
        found = answer.get("message") or {}
        if found.get("user") != self.identity.user:
            return None
        return next(
            filter(None, (CardMark.parse(one.get("block_id")) for one in found.get("blocks", []))), None
        )

    def link(self, message: Message, thread_ts: str | None = None) -> str:
        """The address of a message, built as chat.getPermalink builds it: no call, so it cannot fail."""
        address = f"{self.identity.url.rstrip('/')}/archives/{message.channel}/p{message.ts.replace('.', '')}"
        reply = thread_ts and thread_ts != message.ts
        return f"{address}?thread_ts={thread_ts}&cid={message.channel}" if reply else address

    # --- saying something; all raise `NotSaid` ---

    def post(
        self, channel: str, post: Post, thread_ts: str | None = None, *, broadcast: bool = False
    ) -> Message:
        """Post a message, into a thread if one is given; its files are not sent (see `attach`).

        `broadcast`: a reply is shown in the channel too, if Slack lets it.
        """
        try:
            return self._post(self._client, channel, post, thread_ts, reply_broadcast=broadcast)
        except NotSaid as failure:
            if not broadcast or failure.code not in NO_BROADCAST:
                raise
            log.warning("%s It is sent to the thread alone.", failure)
        return self._post(self._client, channel, post, thread_ts)

    def post_once(self, channel: str, post: Post, thread_ts: str | None = None) -> Message:
        """As `post`, never repeated by itself: after a lost answer a retry would post it twice."""
        return self._post(self._once, channel, post, thread_ts)

    def edit(self, message: Message, post: Post) -> None:
        """Put other words into a message of ours. Raises `MessageGone` too."""
        shown("an edit", self._client.chat_update, post, channel=message.channel, ts=message.ts)

    def whisper(self, channel: str, user: str, post: Post, thread_ts: str | None = None) -> None:
        """Show something to one person only: in the channel or, if that fails, in a direct message."""
        try:
            shown(
                "an ephemeral message", self._client.chat_postEphemeral, post, channel=channel, user=user,
                thread_ts=thread_ts,
            )  # fmt: skip
        except NotSaid as failure:
            if failure.meaning not in {"message", "place"}:
                raise
            self.tell(user, post)

    def tell(self, user: str, post: Post) -> None:
        """Write to one person in their direct messages with the bot."""
        self.post(user, post)  # a user's id as channel

    def attach(
        self,
        channel: str,
        files: Iterable[Attachment],
        thread_ts: str | None = None,
        sharing: Callable[[], None] = lambda: None,
        told_in: Told | None = None,
    ) -> None:
        """Upload files and share them in a thread, each at most once.

        `sharing` is called just before a file may show: after a failure that `perhaps` worked, nobody can
        tell whether it does (that takes a scope that the bot does not have). `told_in`: the message that
        names them, in which they are to show; where Slack does not do that, they are a message of their own.
        """
        for file in files:
            if told_in is not None and self._attach_to(told_in, file, sharing):
                continue
            said(
                f"the file {file.name}", uploader(self._client, sharing).files_upload_v2, channel=channel,
                thread_ts=thread_ts, filename=file.name, title=file.title, content=file.content,
                initial_comment=file.title,
            )  # fmt: skip

    def _attach_to(self, told_in: Told, file: Attachment, sharing: Callable[[], None]) -> bool:
        """Show a file in a message of ours, by an edit that has it (chat.update, `file_ids`).

        False: Slack does not take that; nobody saw anything. Raises `NotSaid` for what may pass.
        """
        message, post = told_in
        text, blocks = forms_of(post)[0]
        try:
            uploaded = said(
                f"the file {file.name}", uploader(self._client, lambda: None).files_upload_v2,
                filename=file.name, title=file.title, content=file.content,
            )  # fmt: skip
            sharing()
            said(
                f"the file {file.name}", self._once.chat_update, channel=message.channel, ts=message.ts,
                text=text, blocks=blocks, file_ids=[one["id"] for one in uploaded["files"]], **AS_IT_IS,
            )  # fmt: skip
        except MessageGone:
            return False
        except NotSaid as failure:
            if failure.meaning != "message":
                raise
            log.warning("%s It is shared in a message of its own.", failure)
            return False
        return True

    def react(self, message: Message, emoji: str) -> None:
        """Put a reaction of the bot on a message; fine if it is there already. Raises `MessageGone` too."""
        try:
            said(
                f"the reaction {emoji}", self._client.reactions_add, channel=message.channel,
                timestamp=message.ts, name=emoji,
            )  # fmt: skip
        except NotSaid as failure:
            if failure.code == NO_SUCH_EMOJI:
                self._lacking.add(emoji)  # for as long as the bot runs
            if failure.code != "already_reacted":
                raise

    def unreact(self, message: Message, emoji: str) -> None:
        """Take a reaction of the bot away; fine if it is not there. Raises `MessageGone` too."""
        try:
            said(
                f"taking {emoji} away", self._client.reactions_remove, channel=message.channel,
                timestamp=message.ts, name=emoji,
            )  # fmt: skip
        except NotSaid as failure:
            if failure.code != "no_reaction":
                raise

    def react_with_one(self, message: Message, emojis: frozenset[str]) -> None:
        """Put the first of these that the workspace has on a message of ours. Raises as `react` does."""
        for emoji in sorted(emojis - self.lacking):
            try:
                self.react(message, emoji)
            except NotSaid as failure:
                if failure.code != NO_SUCH_EMOJI:
                    raise
            else:
                return
        raise NotSaid(f"the reaction {' or '.join(sorted(emojis))}", NO_SUCH_EMOJI)

    def lacks(self, emoji: str, channel: str) -> bool:
        """Whether Slack says that the workspace has no such emoji. Asked without being seen.

        It is put on a message that is not there. If Slack looks for that first, it says nothing of the emoji.
        """
        with suppress(NotSaid, MessageGone):
            self.react(Message(channel, _NOWHERE), emoji)
        return emoji in self.lacking

    def _post(
        self, client: WebClient, channel: str, post: Post, thread_ts: str | None, **more: bool
    ) -> Message:
        self.pace.spent(channel)
        answer = shown(
            "a message", client.chat_postMessage, post, channel=channel, thread_ts=thread_ts,
            unfurl_links=False, unfurl_media=False, **more,
        )  # fmt: skip
        missing = _missing(answer, "channel", "ts")
        if missing:
            raise Nameless("a message", f"an answer without {missing}")
        return Message(answer["channel"], answer["ts"])


def _missing(answer: Any, *names: str) -> str | None:
    """The first of these fields that an answer does not have as a text."""
    return next((name for name in names if not isinstance(answer.get(name), str)), None)
