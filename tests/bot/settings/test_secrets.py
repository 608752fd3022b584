"""Secrets: from the environment or from files of their own, and shown nowhere."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from bot.settings.file import SettingsError
from bot.settings.loading import load
from tests.bot.settings_files import CANARY, CLUSTER, FILE, GOOD, HOST, loaded, refusals


def test_tokens_come_from_variables_or_from_files(tmp_path: Path) -> None:
    """A file may end in a line break; a token may carry blanks from a copy."""
    (tmp_path / "app").write_text("xapp-1-file\n")
    found = loaded(tmp_path, GOOD, SLACK_BOT_TOKEN=" xoxb-1-variable\n", SLACK_APP_TOKEN_FILE="app")
    tokens = found.tokens()
    assert (tokens.bot, tokens.app) == ("xoxb-1-variable", "xapp-1-file")


def test_missing_tokens_are_named_with_what_to_do(tmp_path: Path) -> None:
    """Only who needs them asks; the other commands run without."""
    with pytest.raises(SettingsError, match="SLACK_APP_TOKEN is not set") as caught:
        loaded(tmp_path, GOOD, SLACK_BOT_TOKEN="xoxb-1").tokens()
    assert "SLACK_BOT_TOKEN is not set" not in str(caught.value)
    assert "rootver lab" in str(caught.value)


def test_a_password_comes_from_a_file_byte_for_byte(tmp_path: Path) -> None:
    """Only the line break at its end is not the password's; the variable goes before the file."""
    secret = tmp_path / "secret"
    secret.write_bytes(" päss w0rd \r\n".encode())
    text = GOOD.replace(CLUSTER, 'password_file = "secret"\n' + CLUSTER)
    assert loaded(tmp_path, text).hosts()["mgmt1"].password == " päss w0rd "
    by_variable = loaded(tmp_path, GOOD, ROOTVER_HOSTS__MGMT1__PASSWORD_FILE=str(secret))
    assert by_variable.hosts()["mgmt1"].password == " päss w0rd "
    over = loaded(tmp_path, text, ROOTVER_HOSTS__MGMT1__PASSWORD="other")
    assert over.hosts()["mgmt1"].password == "other"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            GOOD + f'[hosts.mgmt1.change]\npassword = "{CANARY}"\n',
            "hosts.mgmt1.change.password must not stand in the settings file. Set"
            " ROOTVER_HOSTS__MGMT1__CHANGE__PASSWORD or ROOTVER_HOSTS__MGMT1__CHANGE__PASSWORD_FILE"
            " in the environment.",
        ),
        (
            HOST + f'password = "{CANARY}"\n' + CLUSTER,
            "hosts.mgmt1.password must not stand in the settings file. Set ROOTVER_HOSTS__MGMT1__PASSWORD or"
            " ROOTVER_HOSTS__MGMT1__PASSWORD_FILE in the environment.",
        ),
        (
            HOST + f'proxy = "http://user:{CANARY}@proxy:8080"\n' + CLUSTER,
            "hosts.mgmt1.proxy must not stand in the settings file. Set ROOTVER_HOSTS__MGMT1__PROXY or"
            " ROOTVER_HOSTS__MGMT1__PROXY_FILE in the environment.",
        ),
        (
            GOOD + f'[slack]\nbot_token = "xoxb-{CANARY}"\n',
            "slack.bot_token must not stand in the settings file. Set SLACK_BOT_TOKEN or"
            " SLACK_BOT_TOKEN_FILE in the environment.",
        ),
    ],
)
def test_a_secret_in_the_settings_file_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    """Files get copied, committed and mailed."""
    assert refusals(tmp_path, text) == [sentence]


def test_a_proxy_without_a_password_may_stand_in_the_file(tmp_path: Path) -> None:
    """It is not a secret then."""
    found = loaded(tmp_path, HOST + 'proxy = "http://proxy:8080"\n' + CLUSTER)
    assert found.hosts()["mgmt1"].proxy == "http://proxy:8080"


def test_a_secret_twice_is_refused(tmp_path: Path) -> None:
    """It would be a guess which one is meant."""
    (tmp_path / "secret").write_text(CANARY)
    found = refusals(
        tmp_path,
        GOOD,
        ROOTVER_HOSTS__MGMT1__PASSWORD=CANARY,
        ROOTVER_HOSTS__MGMT1__PASSWORD_FILE="secret",
        SLACK_BOT_TOKEN="xoxb-1",
        SLACK_BOT_TOKEN_FILE="secret",
    )
    assert found == [
        "SLACK_BOT_TOKEN_FILE and SLACK_BOT_TOKEN are both set. Keep one of them.",
        "ROOTVER_HOSTS__MGMT1__PASSWORD_FILE and ROOTVER_HOSTS__MGMT1__PASSWORD are both set."
        " Keep one of them.",
    ]


def test_a_secret_file_that_is_missing_empty_or_no_text_is_named(tmp_path: Path) -> None:
    """The path is told, never what is in it."""
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    found = refusals(
        tmp_path,
        HOST + 'password_file = "missing"\n[hosts.mgmt1.change]\npassword_file = "binary"\n' + CLUSTER,
        SLACK_BOT_TOKEN_FILE="empty",
    )
    assert [one.split(": ", 1)[0] for one in found] == [
        "SLACK_BOT_TOKEN_FILE", "hosts.mgmt1.password_file", "hosts.mgmt1.change.password_file",
    ]  # fmt: skip
    assert "empty is empty" in found[0]
    assert "No such file" in found[1]
    assert "is not UTF-8" in found[2]


SECRET_PLACES = [
    "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "ROOTVER_HOSTS__MGMT1__PASSWORD",
    "ROOTVER_HOSTS__MGMT1__CHANGE__PASSWORD", "ROOTVER_HOSTS__MGMT1__CERTIFICATE_KEY_PASSWORD",
    "ROOTVER_HOSTS__MGMT1__PROXY",
]  # fmt: skip


def test_no_secret_is_shown_by_settings_that_are_fine(tmp_path: Path) -> None:
    """Neither by repr and str of any part, nor by what `config` prints and the audit keeps."""
    prefixes = {"SLACK_BOT_TOKEN": "xoxb-", "SLACK_APP_TOKEN": "xapp-"}
    environ = {name: prefixes.get(name, "") + CANARY for name in SECRET_PLACES}
    environ |= {name: f"http://user:{CANARY}@proxy" for name in SECRET_PLACES if name.endswith("__PROXY")}
    found = loaded(tmp_path, GOOD, **environ)
    parts = [found, found.slack, found.tokens(), found.hosts(), found.public(), found.warnings()]
    assert CANARY not in "".join(f"{part!r}{part}" for part in parts)
    assert found.tokens().bot == f"xoxb-{CANARY}"
    assert found.hosts()["mgmt1"].password == CANARY


@pytest.mark.parametrize("place", SECRET_PLACES)
def test_no_secret_is_shown_by_an_error(tmp_path: Path, place: str) -> None:
    """Not even in the traceback with everything that caused it."""
    text = GOOD.replace('server = "mgmt1.corp.example"', "server = 3\nssl = false\nauth = 'basic'")
    (tmp_path / FILE).write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(tmp_path / FILE, {place: CANARY + "\x00", "ROOTVER_NONSENSE": CANARY})
    told = "".join(traceback.format_exception(caught.value)) + str(caught.value) + repr(caught.value)
    assert CANARY not in told


def test_a_swapped_token_is_named_by_its_variable_alone(tmp_path: Path) -> None:
    """The two are easily mixed up."""
    found = refusals(tmp_path, GOOD, SLACK_BOT_TOKEN=f"xapp-{CANARY}", SLACK_APP_TOKEN=f"xoxb-{CANARY}")
    assert found == [
        "SLACK_BOT_TOKEN does not begin with xoxb-. It must be the bot token, from OAuth & Permissions."
        " Example: SLACK_BOT_TOKEN=xoxb-…",
        "SLACK_APP_TOKEN does not begin with xapp-. It must be the app-level token, from Basic Information."
        " Example: SLACK_APP_TOKEN=xapp-…",
    ]


@pytest.mark.parametrize("flaw", [" ", "\n", "\0", "…", "é"])
def test_a_token_that_no_header_can_carry_is_refused_and_not_shown(tmp_path: Path, flaw: str) -> None:
    """Python's HTTP client would raise, with the token in its words."""
    found = refusals(
        tmp_path, GOOD, SLACK_BOT_TOKEN=f"xoxb-1{flaw}{CANARY}", SLACK_APP_TOKEN=f"xapp-1{flaw}2"
    )
    for variable, sentence in zip(("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"), found, strict=True):
        assert sentence.startswith(f"{variable} holds a character that no token has")
    assert CANARY not in str(found)
