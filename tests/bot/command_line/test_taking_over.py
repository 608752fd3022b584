"""anchor-key: what an auditor keeps, and a new key in the place of an old one."""

from __future__ import annotations

from pathlib import Path

import pytest

from handlers.record.anchoring import open_key, renewals
from storage.chain.anchors import Keys
from storage.chain.signing import public_key
from tests.bot.command_line.invoking import Rootver, runner


@pytest.fixture
def rootver(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Rootver:
    return runner(monkeypatch, capsys, tmp_path)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """Where the settings say that the key is."""
    path = tmp_path / "anchor.key"
    (tmp_path / "rootver.toml").write_text('[audit]\nsigning_key = "anchor.key"\n')
    return path


def test_the_public_key_is_printed_as_verify_takes_it(rootver: Rootver, key_file: Path) -> None:
    """PEM and nothing else, for openssl and for --key; before the first start there is none."""
    ran = rootver("anchor-key")
    assert (ran.code, ran.out) == (66, "")
    assert "rootver run" in ran.err
    key = open_key(key_file)
    ran = rootver("anchor-key")
    assert (ran.code, ran.err, public_key(ran.out)) == (0, "", key.public)
    assert "PRIVATE" not in ran.out


def test_a_renewed_key_is_vouched_for_by_the_old_one(rootver: Rootver, key_file: Path) -> None:
    """Twice before the next start, too: each vouches for the one behind it."""
    old = open_key(key_file)
    assert rootver("anchor-key", "--renew").code == 0
    ran = rootver("anchor-key", "--renew")
    new = open_key(key_file)
    assert (ran.code, public_key(ran.out)) == (0, new.public)
    assert "Start the bot anew" in ran.err
    keys = Keys()
    keys.started(old.public, [], 1)
    keys.started(new.public, renewals(key_file), 2)
    assert keys.unvouched == []


def test_there_is_nothing_to_renew_before_the_first_start(rootver: Rootver, key_file: Path) -> None:
    """Said, and nothing is made."""
    ran = rootver("anchor-key", "--renew")
    assert (ran.code, key_file.exists()) == (73, False)
    assert "there is no signing key" in ran.err


def test_what_is_not_a_public_key_is_refused(rootver: Rootver, tmp_path: Path) -> None:
    """Comparing with no key would look like a proof."""
    file = tmp_path / "key.pem"
    file.write_text("nothing of the kind")
    ran = rootver("verify", "--key", file)
    assert (ran.code, ran.out) == (65, "")
    assert "rootver anchor-key" in ran.err
