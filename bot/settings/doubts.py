"""Settings that may be used, but will probably not do what was meant, or are weak: a sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from bot.settings.environment import variable_of
from bot.settings.sections import Approval, ClusterSection, Slack
from handlers import host_options
from handlers.host_options import HostOptions

_BY_TICKET = ("negotiate", "kerberos")  # may log on without a password
NO_CLUSTER = "There is no cluster, so nothing can be diagnosed. docs/settings.md shows an example."
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def about_chat(slack: Slack, approval: Approval) -> Iterator[str]:
    """What people in Slack would stumble over."""
    if approval.rules().diagnose_only:
        yield "Diagnose only: without approvers or approver_groups in [approval] no fix is ever proposed."
    if approval.allow_self_approval:
        yield "approval.allow_self_approval: no second person looks at a change."
    url = urlsplit(slack.api_url)
    if url.scheme == "http" and url.hostname not in _LOOPBACK:
        yield f"SLACK_API_URL: the tokens travel unencrypted to {url.hostname}."


def about_hosts(
    options: Mapping[str, HostOptions], clusters: Mapping[str, ClusterSection], approval: Approval
) -> Iterator[str]:
    """What keeps a host from being reached or used."""
    if not clusters:
        yield NO_CLUSTER
    used = {cluster.host for cluster in clusters.values()}
    yield from (f"hosts.{name} is the host of no cluster." for name in options if name not in used)
    for name, one in options.items():
        yield from (f"hosts.{name}: {sentence}" for sentence in host_options.warnings(one))
        yield from _without_password(("hosts", name), one)
        if one.change:
            yield from _without_password(("hosts", name, "change"), one.change)
        elif one.delivery == "endpoint" and not approval.rules().diagnose_only:
            yield (
                f"hosts.{name}: without [hosts.{name}.change] an approved fix goes through"
                f" {one.configuration_name}, and an endpoint for questions refuses it. Add that section"
                " (docs/endpoint.md)."
            )


def _without_password(path: tuple[str, ...], one: HostOptions) -> Iterator[str]:
    if one.username and not one.password and one.auth in _BY_TICKET:
        yield (
            f"{'.'.join(path)} has a username and no password: it needs a Kerberos ticket of that account."
            f" Else set {variable_of((*path, 'password'))}."
        )
