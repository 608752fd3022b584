"""What people's phones have shown: the notifications of a practice, from its beginning.

A phone shows the top-level text of a post as it was posted, to those whom the post mentions and to those who
take part in its thread (https://slack.com/help/articles/201355156 and 115000769927). An edit notifies nobody,
whatever mentions it adds; neither does a message that only one person sees.
"""

from __future__ import annotations

from bot.lab.payload import Payload
from bot.lab.workspace.limits import SlackRefusal
from bot.lab.workspace.messages import Change, Message
from bot.lab.workspace.workspace import Workspace


class Pushes:
    """Watches a workspace from now on."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._pushes: dict[tuple[str, str], Payload] = {}
        workspace.subscribe(self._note)

    def of(self, message: Message) -> Payload | None:
        """What phones showed of a message: `text`, and whom it told, by ids: `mentions`, `follows`.

        None if it told nobody. Call it with the workspace locked.
        """
        return self._pushes.get((message.channel, message.ts))

    # --- inside ---

    def _note(self, change: Change) -> None:
        if change.kind != "posted":
            return
        try:
            message = self._workspace.message(change.channel, change.ts)
        except SlackRefusal:  # only one person sees it
            return
        mentions = self._mentioned(message)
        follows = sorted(self._followers(message) - {*mentions, message.user})
        if mentions or follows:
            told = {"text": message.text, "mentions": mentions, "follows": follows}
            self._pushes[message.channel, message.ts] = told

    def _mentioned(self, message: Message) -> list[str]:
        where = (message.channel, message.ts)
        return [one.user for one in self._workspace.notifications if (one.channel, one.ts) == where]

    def _followers(self, message: Message) -> set[str]:
        """Who wrote in the thread of a reply before, or was mentioned there."""
        if not message.is_reply:
            return set()
        followers = set()
        for before in self._workspace.messages(message.channel, message.thread_ts):
            if before.ephemeral_to is None and before.ts != message.ts:
                told = self.of(before) or {"mentions": []}
                followers |= {before.user, *told["mentions"]}
        return followers & set(self._workspace.channels[message.channel].members)
