"""Slack's Web API as the bot uses it: who people are, what stands on a card, posting and editing.

Every failure becomes one of three: `LookupFailed` (a question had no answer), `MessageGone` (the message was
deleted), `NotSaid` (something could not be posted; its code says what that is about).
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, Self
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
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
from bot.slack.refusals import NO_BROADCAST, NO_EDIT, Meaning, header, meaning_of
from bot.slack.uploads import uploader
from handlers.ports import CardMark, LookupFailed, Message, MessageGone, Person, Standing

log = logging.getLogger(__name__)

GROUP_SECONDS = 60.0  # a group's members may be this old
PERSON_SECONDS = 60.0  # so may a person's name and flags where nothing is decided
HASTY_SECONDS = 5  # whole seconds that a question may take whose answer somebody's decision waits for
RATE_LIMIT_RETRIES = 3  # measured: one retry is not enough where two 429s come in a row

# Slack reads nothing into the text: an address that a server sent does not become a link, nor `@here` a ping.
# chat.update has another default than chat.postMessage (docs.slack.dev/reference/methods/chat.update).
_AS_IT_IS = {"parse": "none", "link_names": False}
NO_SUCH_EMOJI = "invalid_name"  # docs.slack.dev/reference/methods/reactions.add, "Errors"
_NOWHERE = "1000000000.000000"  # the `ts` of a message of 2001, before there was Slack
_GONE = "message_not_found"
# Before anything was sent: nobody listened at the address, or there is none.
_NEVER_SENT = (ConnectionRefusedError, socket.gaierror)
_NETWORK = (OSError, HTTPException)  # URLError and TimeoutError are OSErrors


class NotSaid(Exception):
    """Something could not be posted, edited or attached.

    `code` is Slack's error code or the failure's class, `retry_after` (seconds) when Slack wants to be asked
    again. `perhaps`: the answer was lost, so it may have been said all the same. It may always work later.
    """

    def __init__(self, what: str, code: str, *, retry_after: float = 0.0, perhaps: bool = False) -> None:
        super().__init__(f"Slack did not take {what} ({code}).")
        self.what, self.code, self.retry_after, self.perhaps = what, code, retry_after, perhaps

    @property
    def meaning(self) -> Meaning:
        """What this refusal is about; no answer of Slack's is passing."""
        return meaning_of(self.code)


class Nameless(NotSaid):
    """It was said, but Slack did not tell under which name: nobody can edit it or find it again."""


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
        answer = _asked("whose token this is", client.auth_test)
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
        answer = _asked(f"<@{user}>", self._client.users_info, user=user)
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
        answer = _asked(f"group {group}", self._client.usergroups_users_list, usergroup=group)
        if not isinstance(answer.get("users"), list):
            raise LookupFailed(f"group {group}", "an answer without members")
        members = frozenset(answer["users"])
        with self._lock:
            self._groups[group] = (asked_at, members)
        return members

    def reactions(self, card: Message) -> Standing:
        """Who reacted how. Raises `LookupFailed`, `MessageGone`."""
        what = "the reactions on a card"
        answer = _asked(what, self._client.reactions_get, channel=card.channel, timestamp=card.ts, full=True)
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
        answer = _asked("a card", self._client.reactions_get, channel=message.channel, timestamp=message.ts)
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
        _shown("an edit", self._client.chat_update, post, channel=message.channel, ts=message.ts)

    def whisper(self, channel: str, user: str, post: Post, thread_ts: str | None = None) -> None:
        """Show something to one person only: in the channel or, if that fails, in a direct message."""
        try:
            _shown(
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
    ) -> None:
        """Upload files and share them in a thread, each at most once.

        `sharing` is called just before a file may show: after a failure that `perhaps` worked, nobody can
        tell whether it does (that takes a scope that the bot does not have).
        """
        for file in files:
            _said(
                f"the file {file.name}", uploader(self._client, sharing).files_upload_v2, channel=channel,
                thread_ts=thread_ts, filename=file.name, title=file.title, content=file.content,
                initial_comment=file.title,
            )  # fmt: skip

    def react(self, message: Message, emoji: str) -> None:
        """Put a reaction of the bot on a message; fine if it is there already. Raises `MessageGone` too."""
        try:
            _said(
                f"the reaction {emoji}", self._client.reactions_add, channel=message.channel,
                timestamp=message.ts, name=emoji,
            )  # fmt: skip
        except NotSaid as failure:
            if failure.code == NO_SUCH_EMOJI:
                self._lacking.add(emoji)  # for as long as the bot runs
            if failure.code != "already_reacted":
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
        answer = _shown(
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


def _asked(what: str, call: Callable[..., Any], **arguments: object) -> Any:
    """Ask Slack something. Raises `LookupFailed`, `MessageGone`."""
    try:
        return call(**arguments)
    except (SlackClientError, *_NETWORK) as error:
        code = _code(error)
        if code == _GONE:
            raise MessageGone(what) from error
        raise LookupFailed(what, code) from error


def _said(what: str, call: Callable[..., Any], **arguments: object) -> Any:
    """Have Slack say something. Raises `NotSaid`, `MessageGone`."""
    try:
        return call(**arguments)
    except (SlackClientError, *_NETWORK) as error:
        code = _code(error)
        if code == _GONE:
            raise MessageGone(what) from error
        raise NotSaid(what, code, retry_after=_retry_after(error), perhaps=_perhaps_done(error)) from error


def _shown(what: str, call: Callable[..., Any], post: Post, **arguments: object) -> Any:
    """Have Slack show a message; what it does not take as it is, in plainer forms. Raises as `_said` does."""
    *forms, last = forms_of(post)
    for text, blocks in forms:
        try:
            return _said(what, call, text=text, blocks=blocks, **arguments, **_AS_IT_IS)
        except NotSaid as failure:
            if failure.meaning != "message" or failure.code in NO_EDIT | NO_BROADCAST:
                raise
            log.error("%s It is sent in a plainer form.", failure)  # noqa: TRY400 - its words follow
    return _said(what, call, text=last[0], blocks=last[1], **arguments, **_AS_IT_IS)


def _code(error: Exception) -> str:
    """Slack's error code; where Slack did not answer (an HTML page, a lost connection) what happened."""
    if isinstance(error, SlackApiError) and error.response.status_code in (200, 429):
        answer = error.response.data
        return (
            str(answer.get("error", "no error code")) if isinstance(answer, dict) else "no answer of Slack's"
        )
    if isinstance(error, SlackApiError):
        return f"HTTP {error.response.status_code}"
    return type(error).__name__


def _perhaps_done(error: Exception) -> bool:
    """Whether a call may have been carried out though it failed: there was no answer of Slack's.

    503 is an answer: not handled (RFC 9110, section 15.6.4).
    """
    if isinstance(error, SlackApiError):
        return error.response.status_code not in {200, 429, 503}
    return not (isinstance(error, URLError) and isinstance(error.reason, _NEVER_SENT))


def _retry_after(error: Exception) -> float:
    if not isinstance(error, SlackApiError):
        return 0.0
    value = str(error.response.headers.get("Retry-After", ""))
    return float(value) if value.isdigit() else 0.0
