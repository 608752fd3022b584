"""The sections: keys, types, defaults, meaning, examples. docs/settings.md is printed from here.

Types are strict; what comes from an environment variable is text and is converted before (`environment`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from bot.settings import single_values
from handlers.approval import ApprovalRules

_YEAR = 366 * 24 * 60  # minutes; no time in these settings makes sense beyond


class Section(BaseModel):
    """A table of the settings. What pydantic says of a wrong value is never shown (see `wording`)."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


User = Annotated[str, AfterValidator(single_values.user)]
Group = Annotated[str, AfterValidator(single_values.group)]
Channel = Annotated[str, AfterValidator(single_values.channel)]
Emoji = Annotated[str, AfterValidator(single_values.emoji)]
Name = Annotated[str, AfterValidator(single_values.name)]
Text = Annotated[str, AfterValidator(single_values.one_line)]
Minutes = Annotated[float, Field(ge=0, le=_YEAR, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=_YEAR * 60, allow_inf_nan=False)]
BotToken = Annotated[SecretStr, AfterValidator(single_values.bot_token)]
AppToken = Annotated[SecretStr, AfterValidator(single_values.app_token)]


def _key(default: Any, meaning: str, example: Any, variable: str | None = None) -> Any:
    """A key of a section; `variable` names the only place that it may come from."""
    return Field(
        default,
        description=meaning,
        examples=[example],
        json_schema_extra={"variable": variable} if variable else None,
        strict=False if isinstance(example, list) else None,  # a list of TOML becomes a tuple
    )


class Slack(Section):
    """[slack]."""

    channels: tuple[Channel, ...] = _key(
        (), "channels in which the bot answers; none: every channel it was invited to", ["C012AB3CD"]
    )
    direct_messages: bool = _key(True, "whether it answers direct messages", False)
    askers: tuple[User, ...] = _key(
        (), "people who may give commands, beside the approvers; none here and no group: in a channel "
        "everybody, in a direct message approvers only", ["U012AB3CD"]
    )  # fmt: skip
    asker_groups: tuple[Group, ...] = _key((), "user groups whose members may give commands", ["S012AB3CD"])
    commands_per_minute: Annotated[int, Field(ge=1, le=10_000)] = _key(
        20, "commands that one person may give in a minute; `pause`, `resume` and `cancel` do not count", 20
    )
    audit_channel: Channel | None = _key(
        None, "the channel that gets an anchor of the audit once a day", "C012AB3CD"
    )
    docs_url: Annotated[str, AfterValidator(single_values.docs_url)] | None = _key(
        None, "where links in messages lead, with `{page}` for the page's path without its end; none: "
        "messages name the file in the repository", "https://git.corp.example/rootver-bot/blob/main/docs/{page}.md"
    )  # fmt: skip
    bot_token: BotToken | None = _key(None, "the bot's token", "xoxb-…", "SLACK_BOT_TOKEN")
    app_token: AppToken | None = _key(
        None, "the app-level token, for Socket Mode", "xapp-…", "SLACK_APP_TOKEN"
    )
    bot_token_file: Text | None = _key(
        None, "a file that holds the bot's token", "/run/secrets/slack_bot_token", "SLACK_BOT_TOKEN_FILE"
    )
    app_token_file: Text | None = _key(
        None, "a file that holds the app-level token", "/run/secrets/slack_app_token", "SLACK_APP_TOKEN_FILE"
    )
    api_url: Annotated[str, AfterValidator(single_values.api_url)] = _key(
        "https://slack.com/api/", "where Slack's Web API is", "http://127.0.0.1:8040/api/", "SLACK_API_URL"
    )

    @property
    def a_channel(self) -> str | None:
        """One that the bot has to be in; None: the settings name none."""
        return next(iter([*([self.audit_channel] if self.audit_channel else []), *self.channels]), None)


class Approval(Section):
    """[approval]."""

    approvers: tuple[User, ...] = _key(
        (), "people who may approve; none here and no group: diagnose only", ["U012AB3CD"]
    )
    approver_groups: tuple[Group, ...] = _key((), "user groups whose members may approve", ["S012AB3CD"])
    approve: tuple[Emoji, ...] = _key(
        ("white_check_mark",), "reactions that approve", ["white_check_mark", "+1"]
    )
    decline: tuple[Emoji, ...] = _key(("x",), "reactions that decline", ["x", "-1"])
    expires_minutes: Minutes = _key(30, "how long a proposal is open", 30)
    grace_seconds: Seconds = _key(5, "between approval and change: time to take it back", 5)
    remind_minutes: Minutes = _key(10, "after which the approvers are reminded, once", 10)
    follow_up_minutes: tuple[Minutes, ...] = _key(
        (1, 5, 15), "when an applied fix is looked at again, each counted from the change", [1, 5, 15]
    )
    allow_self_approval: bool = _key(False, "whether people may approve what they asked for", True)
    required_approvals: Annotated[int, Field(ge=1, le=2)] = _key(
        1, "how many different people must approve: 1 or 2", 2
    )

    @model_validator(mode="after")
    def _consistent(self) -> Approval:
        single_values.reactions(self.approve, self.decline)
        single_values.rising(self.follow_up_minutes)
        return self

    def rules(self) -> ApprovalRules:
        """As the rule book takes them."""
        return ApprovalRules(
            approvers=frozenset(self.approvers),
            approver_groups=frozenset(self.approver_groups),
            approve=frozenset(self.approve),
            decline=frozenset(self.decline),
            expires=timedelta(minutes=self.expires_minutes),
            grace=timedelta(seconds=self.grace_seconds),
            remind=timedelta(minutes=self.remind_minutes),
            follow_up=tuple(timedelta(minutes=one) for one in self.follow_up_minutes),
            allow_self_approval=self.allow_self_approval,
            required_approvals=self.required_approvals,
        )


class Storage(Section):
    """[storage]."""

    path: Text = _key("rootver.db", "the database file; it is made if it is not there", "rootver.db")
    evidence_days: Annotated[int, Field(ge=1, le=36_500)] | None = _key(
        None, "after how many days raw answers of the hosts are erased, backups too; none: they are kept", 365
    )


class Audit(Section):
    """[audit]."""

    signing_key: Text | None = _key(
        None,
        "the file with the key that signs anchors; none: beside the database, with .key at the end",
        "/var/lib/rootver-key/anchor.key",
    )


class Log(Section):
    """[log]."""

    format: Literal["text", "json"] = _key("text", "how lines of the log look: `text` or `json`", "json")
    level: Literal["info", "warning", "error"] = _key(
        "info", "the least that is logged: `info`, `warning` or `error`", "warning"
    )


class Metrics(Section):
    """[metrics]."""

    listen: Annotated[str, AfterValidator(single_values.listen)] | None = _key(
        None, "where `/healthz`, `/readyz` and `/metrics` are served over HTTP: a loopback address with a "
        "port, or `unix:` and the path of a socket; none: nowhere", "127.0.0.1:9464"
    )  # fmt: skip
    heartbeat_url: Annotated[SecretStr, AfterValidator(single_values.web_address)] | None = _key(
        None, "an address that is fetched once a minute while the bot can work, for a watch that tells when "
        "that stops", "https://watch.corp.example/ping/rootver"
    )  # fmt: skip


class ClusterSection(Section):
    """[clusters.NAME]."""

    host: str = _key(..., "its management host: the NAME of a [hosts.NAME]", "mgmt1")
    nodes: tuple[Name, ...] = _key(..., "its nodes, by the names people type", ["exch-node1", "exch-node2"])
    virtual_servers: tuple[Name, ...] = _key(
        (), "its Exchange virtual servers, so that the bot can say what such a name is", ["EXCHVS1"]
    )


class NodeSection(Section):
    """[nodes.NAME]."""

    computer: Annotated[Name, AfterValidator(single_values.no_address)] | None = _key(
        None, "its computer name: who must answer; none: the node's name in upper case", "EXCH-NODE2"
    )
    address: Name | None = _key(
        None, "what the management host dials; none: the computer name", "exch-node2.corp.example"
    )
