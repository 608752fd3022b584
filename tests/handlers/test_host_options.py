"""Options of a management host: what is refused, what is warned of, and that the page tells them all."""

import re
from dataclasses import MISSING, fields, replace
from pathlib import Path

import pytest

from handlers.host_options import HostOptions, check, warnings

PAGE = Path(__file__).parents[2] / "docs" / "hosts.md"
GOOD = HostOptions(server="mgmt1.corp.example", username="CORP\\rootver", password="canary-7Qx")
LOCAL = replace(GOOD, server="127.0.0.1", ssl=False)


def test_the_defaults_are_accepted() -> None:
    """Server, user and password are enough."""
    assert check(GOOD) == []


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (replace(GOOD, auth="basic", ssl=False), "basic"),
        (replace(GOOD, auth="basic", ssl=False, encryption="never"), "basic"),
        (replace(GOOD, ssl=False, encryption="never"), "encryption"),
        (replace(GOOD, auth="basic", cert_validation=False), "cert_validation"),
        (replace(GOOD, auth="digest"), "Known: basic"),
        (replace(GOOD, encryption="maybe"), "Known: auto"),
        (replace(GOOD, delivery="pigeon"), "Known: inline"),
        (replace(GOOD, server=""), "server"),
        (replace(GOOD, server="https://mgmt1.corp.example"), "server is no name"),
        (replace(GOOD, server="mgmt1.corp.example:5986"), "server is no name"),
        (replace(GOOD, server="mgmt1.corp.example/wsman"), "server is no name"),
        (replace(GOOD, server="mgmt1 corp"), "server is no name"),
        (replace(GOOD, server=".."), "server is no name"),
        (replace(GOOD, proxy="proxy.corp.example:3128"), "proxy is no address"),
        (replace(GOOD, proxy="http://"), "proxy is no address"),
        (replace(GOOD, proxy="http://proxy.corp.example:99999"), "proxy is no address"),
        (replace(GOOD, proxy="socks5://proxy.corp.example"), "proxy is no address"),
        (replace(GOOD, auth="ntlm", password=None), "ROOTVER_HOSTS__NAME__PASSWORD"),
        (replace(GOOD, auth="basic", username=None), "username"),
        (replace(GOOD, auth="certificate"), "certificate_key_pem"),
        (replace(GOOD, auth="certificate", ssl=False), "certificate"),
        (replace(GOOD, auth="basic", encryption="always"), "cannot encrypt"),
        (replace(GOOD, read_timeout=60), "read_timeout"),
        (replace(GOOD, deadline_seconds=0), "deadline_seconds"),
        (replace(GOOD, idle_timeout=59), "idle_timeout must be at least 60"),
        (replace(LOCAL, auth="basic"), 'encryption = "never"'),
        (replace(GOOD, change=replace(GOOD, auth="ntlm", password=None)), "change: "),
        (replace(GOOD, change=replace(GOOD, change=GOOD)), "one change identity"),
    ],
)
def test_what_would_show_a_secret_or_cannot_work_is_refused(options: HostOptions, named: str) -> None:
    """A sentence names the option and what to set."""
    sentences = check(options)
    assert any(named in sentence for sentence in sentences), sentences


@pytest.mark.parametrize("server", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"])
def test_loopback_may_be_unencrypted(server: str) -> None:
    """What never leaves the machine needs no encryption: the practice lab."""
    assert check(replace(LOCAL, server=server, auth="basic", encryption="never")) == []


@pytest.mark.parametrize(
    "proxy",
    [
        "http://proxy:3128",
        "https://proxy.corp.example",
        "http://user:p%40ss@10.0.0.1:8080/",
        "http://[::1]:1",
    ],
)
def test_a_proxy_is_an_address_with_its_scheme(proxy: str) -> None:
    """With or without port and user."""
    assert check(replace(GOOD, proxy=proxy)) == []


def test_a_proxy_that_is_refused_is_not_repeated() -> None:
    """Its address may hold a password."""
    assert "canary" not in " ".join(check(replace(GOOD, proxy="user:canary-9@proxy:3128")))


@pytest.mark.parametrize(
    ("auth", "extra"), [("kerberos", "rootver-bot[kerberos]"), ("credssp", "pypsrp[credssp]")]
)
def test_an_auth_without_its_package_is_refused(
    auth: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence has the command that installs it."""
    monkeypatch.setattr("handlers.host_options.find_spec", lambda name: None)
    assert any(f"pip install '{extra}'" in sentence for sentence in check(replace(GOOD, auth=auth)))


@pytest.mark.parametrize(
    "options",
    [
        replace(GOOD, auth="credssp"),
        replace(GOOD, auth="kerberos", negotiate_delegate=True),
        replace(GOOD, configuration_name="RootVerQuery"),
        replace(GOOD, delivery="endpoint", configuration_name="RootVerQuery"),
    ],
)
def test_ways_to_the_nodes_are_not_warned_of(options: HostOptions) -> None:
    """Each of the three remedies is enough."""
    assert warnings(options) == []


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (GOOD, "second hop"),
        (replace(GOOD, auth="ntlm", negotiate_delegate=True), "only Kerberos delegates"),
        (replace(GOOD, delivery="endpoint"), "configuration_name"),
        (replace(GOOD, cert_validation=False), "CA bundle"),
        (replace(GOOD, operation_timeout=20), "operation_timeout"),
        (replace(GOOD, configuration_name="A", change=GOOD), "change: delivery"),
    ],
)
def test_what_will_probably_fail_is_warned_of(options: HostOptions, named: str) -> None:
    """The options may still be used."""
    assert any(named in sentence for sentence in warnings(options))


def test_secrets_are_not_in_the_repr() -> None:
    """Neither passwords nor a proxy, whose address may hold one."""
    options = replace(GOOD, certificate_key_password="canary-8Wz", proxy="http://u:canary-9@p", change=GOOD)
    assert "canary" not in repr(options)


def test_the_page_tells_every_option_with_its_default() -> None:
    """docs/hosts.md and the dataclass agree, row by row."""
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| (.+?) \| ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [(f.name, _default(f.default)) for f in fields(HostOptions)]


def _default(value: object) -> str:
    if value is MISSING:
        return "required"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"
