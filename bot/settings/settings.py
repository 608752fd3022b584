"""The settings, checked: what every other part is built from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.settings.doubts import about_chat, about_hosts
from bot.settings.file import SettingsError
from bot.settings.names import addresses, computers
from bot.settings.sections import Approval, ClusterSection, Log, Metrics, NodeSection, Slack
from bot.settings.showing import shown
from handlers import inventory
from handlers.admission import Askers
from handlers.approval import ApprovalRules
from handlers.host_options import HostOptions
from handlers.inventory import Inventory
from storage.records import Json


@dataclass(frozen=True, slots=True)
class Tokens:
    """Both of Slack's, in clear: the bot's, and the app-level one."""

    bot: str = field(repr=False)
    app: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings that can be used. `file` and its `sha256` (hex) are None where only the environment spoke."""

    file: Path | None
    sha256: str | None
    database: Path
    signing_key: Path
    evidence_days: int | None
    slack: Slack
    approval: Approval
    log: Log
    metrics: Metrics
    clusters: Mapping[str, ClusterSection]
    nodes: Mapping[str, NodeSection]
    host_options: Mapping[str, HostOptions]
    secret_files: frozenset[Path]
    """The files that tokens and passwords were read from."""
    again: Callable[[], Settings] = field(repr=False, compare=False)
    """The same file and environment as they are now. Raises `SettingsError`."""

    def inventory(self) -> Inventory:
        """The clusters, in the order of the file."""
        return Inventory(
            tuple(
                inventory.Cluster(
                    name,
                    one.host,
                    computers(one, self.nodes),
                    one.virtual_servers,
                    addresses(one, self.nodes),
                )
                for name, one in self.clusters.items()
            )
        )

    def hosts(self) -> Mapping[str, HostOptions]:
        """Management host → how to reach it."""
        return self.host_options

    def approval_rules(self) -> ApprovalRules:
        """Section [approval], as the rule book takes it."""
        return self.approval.rules()

    def askers(self, members: Callable[[str], Collection[str]]) -> Askers:
        """Who may give commands, as the door takes it; `members` tells who is in a user group."""
        slack, approval = self.slack, self.approval
        return Askers(
            members, frozenset(slack.askers), frozenset(slack.asker_groups),
            frozenset(approval.approvers), frozenset(approval.approver_groups),
        )  # fmt: skip

    def tokens(self) -> Tokens:
        """Slack's tokens; raises `SettingsError` where one is missing."""
        bot, app = self.slack.bot_token, self.slack.app_token
        missing = [
            f"{name} is not set. Set it, or {name}_FILE with the path of a file that holds the token."
            for name, token in (("SLACK_BOT_TOKEN", bot), ("SLACK_APP_TOKEN", app))
            if token is None
        ]
        if bot is None or app is None:
            advice = "`rootver manifest` helps to make the app in Slack; `rootver lab` needs no Slack."
            raise SettingsError([*missing, advice])
        return Tokens(bot.get_secret_value(), app.get_secret_value())

    def warnings(self) -> list[str]:
        """What will probably not work, or is weak, a sentence each."""
        return [
            *about_chat(self.slack, self.approval),
            *about_hosts(self.host_options, self.clusters, self.approval),
        ]

    def public(self) -> dict[str, Json]:
        """Everything but the secrets, for people and for the audit: no floats."""
        return {
            "slack": shown(self.slack),
            "approval": shown(self.approval),
            "storage": {
                "path": str(self.database),
                **({"evidence_days": self.evidence_days} if self.evidence_days else {}),
            },
            "audit": {"signing_key": str(self.signing_key)},
            "log": shown(self.log),
            "metrics": shown(self.metrics),
            "hosts": {name: shown(one) for name, one in self.host_options.items()},
            "clusters": {
                cluster.name: {
                    "host": cluster.host,
                    "nodes": dict(cluster.nodes),
                    "addresses": dict(cluster.addresses),
                    "virtual_servers": list(cluster.virtual_servers),
                }
                for cluster in self.inventory().clusters
            },
        }
