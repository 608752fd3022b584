"""Who may approve, asked of Slack each time it matters."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.approval import ApprovalRules, Approvers, Reactor, reactor
from handlers.ports import Chat, LookupFailed


@dataclass(frozen=True, slots=True)
class ApproverList:
    """The approvers of the settings, looked up through the chat."""

    rules: ApprovalRules
    chat: Chat

    def read(self) -> Approvers:
        """Everybody who is an approver, and the groups that could not be read."""
        via = dict.fromkeys(self.rules.approvers, "settings")
        unreadable = []
        for group in sorted(self.rules.approver_groups):
            try:
                via = {**dict.fromkeys(self.chat.members(group), group), **via}
            except LookupFailed:
                unreadable.append(group)
        return Approvers(via, tuple(unreadable))

    def reactor(self, user: str) -> Reactor:
        """What is known of somebody who decides; what could not be looked up stays unknown."""
        try:
            person = self.chat.person(user)
        except LookupFailed as failure:
            return Reactor(user, unknown=failure.reason)
        return reactor(user, person.flags, self.read(), person.name)

    def able(self, requester: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(who can approve right now, groups that cannot be read): active, allowed, not the requester."""
        approvers = self.read()
        able = [user for user in sorted(approvers.via) if self._can(user, requester)]
        return tuple(able), approvers.unreadable

    def _can(self, user: str, requester: str) -> bool:
        if user == requester and not self.rules.allow_self_approval:
            return False
        try:
            return not self.chat.person(user).flags
        except LookupFailed:
            return False
