"""Who and what is in the practice workspace: people, channels, a user group. All of it is invented.

The shape of a person is that of `users.info` (https://docs.slack.dev/reference/objects/user-object).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from bot.lab.payload import Payload

TEAM_ID = "T07PRACTICE"
"""The practice workspace."""
PARTNER_TEAM_ID = "T09PARTNER0"
"""Another company, joined over Slack Connect."""
ENTERPRISE_ID = "E07PRACTICE"
"""An organisation with several workspaces (Enterprise Grid)."""
APP_ID = "A07ROOTVER0"
BOT_USER_ID = "U07ROOTVER0"
BOT_ID = "B07ROOTVER0"

Kind = Literal[
    "member",
    "admin",
    "guest",
    "single_channel_guest",
    "deactivated",
    "bot",
    "workflow",
    "partner",
    "stranger",
]

# The role flags that users.info gives of members who are not deactivated.
_NO_ROLE: Payload = {
    "is_admin": False,
    "is_owner": False,
    "is_primary_owner": False,
    "is_restricted": False,
    "is_ultra_restricted": False,
}

_KIND_FLAGS: dict[Kind, Payload] = {
    "member": {},
    "admin": {"is_admin": True, "is_owner": True},
    "guest": {"is_restricted": True},
    "single_channel_guest": {"is_restricted": True, "is_ultra_restricted": True},
    "deactivated": {},
    "bot": {"is_bot": True},
    "workflow": {"is_bot": True, "is_workflow_bot": True},
    "partner": {},
    "stranger": {"is_stranger": True},
}


@dataclass
class Person:
    """One account of the workspace; bots are accounts too.

    `kind` may be changed while the workspace runs, for instance to `deactivated`.
    """

    id: str
    name: str
    real_name: str
    kind: Kind = "member"
    bot_id: str | None = None
    """`B…` of a bot or a workflow."""
    app_id: str | None = None
    grid: tuple[str, ...] | None = None
    """On Enterprise Grid the workspaces the person is in, the one that calls them its own first."""

    @property
    def team_id(self) -> str:
        """`T…` of the workspace the account belongs to."""
        if self.grid:
            return self.grid[0]
        return PARTNER_TEAM_ID if self.kind in ("partner", "stranger") else TEAM_ID

    @property
    def is_human(self) -> bool:
        """Neither a bot nor a workflow."""
        return self.kind not in ("bot", "workflow")

    def as_json(self) -> Payload:
        """The `user` object of users.info. A deactivated member has no role fields at all."""
        seen: Payload = {
            "id": self.id,
            "team_id": self.team_id,
            "name": self.name,
            "deleted": self.kind == "deactivated",
            "color": "9f69e7",
            "real_name": self.real_name,
            "profile": self._profile(),
            "is_bot": False,
            "is_app_user": False,
            "updated": 1760000000,
        }
        if self.kind != "deactivated":
            seen |= {
                "tz": "Europe/Berlin",
                "tz_label": "Central European Time",
                "tz_offset": 3600,
                **_NO_ROLE,
            }
        if self.grid is not None:
            seen["enterprise_user"] = self._enterprise_user(self.grid)
        return seen | _KIND_FLAGS[self.kind]

    def _enterprise_user(self, teams: tuple[str, ...]) -> Payload:
        """Of users.info on Enterprise Grid."""
        return {
            "id": f"W{self.id[1:]}",
            "enterprise_id": ENTERPRISE_ID,
            "enterprise_name": "Practice Group",
            "is_admin": False,
            "is_owner": False,
            "teams": list(teams),
        }

    def _profile(self) -> Payload:
        profile: Payload = {
            "real_name": self.real_name,
            "display_name": self.name if self.is_human else "",
            "team": self.team_id,
        }
        if self.bot_id:
            profile |= {"bot_id": self.bot_id, "api_app_id": self.app_id or ""}
        return profile


@dataclass
class Channel:
    """A channel, or the direct messages of two accounts."""

    id: str
    name: str
    members: list[str]
    is_im: bool = False
    is_private: bool = False
    is_archived: bool = False
    is_ext_shared: bool = False

    @property
    def channel_type(self) -> Literal["im", "group", "channel"]:
        """The word that message events use for it."""
        if self.is_im:
            return "im"
        return "group" if self.is_private else "channel"


@dataclass
class UserGroup:
    """A user group, mentioned as `<!subteam^S…>`."""

    id: str
    handle: str
    name: str
    users: list[str] = field(default_factory=list)
    disabled: bool = False


def people() -> list[Person]:
    """The cast: a requester, two approvers, an outsider, and everyone whose word must not count."""
    return [
        Person(BOT_USER_ID, "rootver", "rootver", "bot", BOT_ID, APP_ID),
        Person("U07ALICE000", "alice", "Alice Ahlberg"),
        Person("U07BOB00000", "bob", "Bob Bakker"),
        Person("U07CAROL000", "carol", "Carol Conti", "admin"),
        Person("U07DAVE0000", "dave", "Dave Dupont"),
        Person("U07GUEST000", "gina", "Gina Gast", "single_channel_guest"),
        Person("U07RESTRICT", "rick", "Rick Restricted", "guest"),
        Person("U07LEFT0000", "lena", "Lena Left", "deactivated"),
        Person("U07DEPLOYBT", "deploybot", "Deploy Bot", "bot", "B07DEPLOYBT", "A07DEPLOYBT"),
        Person("U07WORKFLOW", "workflow", "Night Shift Workflow", "workflow", "B07WORKFLOW", "A07WORKFLOW"),
        Person("U09PARTNER0", "pat", "Pat Partner", "partner"),
        Person("U09STRANGER", "sam", "Sam Stranger", "stranger"),
    ]


def channels(everyone: list[Person]) -> list[Channel]:
    """Where they meet. The bot is a member of the first two."""
    all_ids = [person.id for person in everyone]
    humans = [person.id for person in everyone if person.is_human]
    staff = [BOT_USER_ID, *(person.id for person in everyone if person.kind in ("member", "admin"))]
    return [
        Channel("C07ONCALL00", "exchange-oncall", all_ids, is_ext_shared=True),
        Channel("C07AUDIT000", "exchange-audit", staff),
        Channel("C07GENERAL0", "general", humans),
        Channel("C07PRIVATE0", "exchange-leads", ["U07CAROL000"], is_private=True),
    ]


def user_groups() -> list[UserGroup]:
    """The group that a team would name as approvers."""
    return [
        UserGroup("S07EXADMINS", "exchange-admins", "Exchange administrators", ["U07BOB00000", "U07CAROL000"])
    ]
