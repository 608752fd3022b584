"""Settings: one file and the environment give what every other part is built from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.settings.describing import markdown
from bot.settings.environment import OTHERS, variable_of
from bot.settings.file import SettingsError, database_path
from bot.settings.loading import load
from handlers.approval import ApprovalRules
from handlers.inventory import Cluster
from tests.bot.settings_files import CANARY, CLUSTER, FILE, GOOD, HOST, loaded, refusals

ROOT = Path(__file__).parents[3]


# --- what is read ---


def test_the_example_of_the_design_gives_inventory_hosts_and_rules(tmp_path: Path) -> None:
    """Every key of the settled example arrives where it is used."""
    found = loaded(
        tmp_path,
        """
        [slack]
        channels = ["C012AB3CD"]
        direct_messages = true
        audit_channel = "C045EF6GH"
        [approval]
        approvers = ["U012AB3CD"]
        approver_groups = ["S012AB3CD"]
        approve = [":white_check_mark:", "+1"]
        decline = ["x"]
        expires_minutes = 30
        grace_seconds = 0.5
        remind_minutes = 0
        follow_up_minutes = [0.5, 5, 15]
        allow_self_approval = false
        [storage]
        path = "data/rootver.db"
        [hosts.mgmt1]
        server = "mgmt1.corp.example"
        auth = "negotiate"
        username = 'CORP\\rootver'
        delivery = "inline"
        deadline_seconds = 90
        [hosts.mgmt1.change]
        username = 'CORP\\rootver-fix'
        configuration_name = "RootVerChange"
        [clusters.EXCH-CL1]
        host = "mgmt1"
        nodes = ["exch-node1", "exch-node2"]
        virtual_servers = ["EXCHVS1"]
        [nodes.exch-node2]
        computer = "EXCHANGE2"
        """,
        ROOTVER_HOSTS__MGMT1__PASSWORD="query",
        ROOTVER_HOSTS__MGMT1__CHANGE__PASSWORD="change",
    )
    nodes = {"exch-node1": "EXCH-NODE1", "exch-node2": "EXCHANGE2"}
    assert found.inventory().clusters == (Cluster("EXCH-CL1", "mgmt1", nodes, ("EXCHVS1",)),)
    assert found.approval_rules() == ApprovalRules(
        approvers=frozenset({"U012AB3CD"}),
        approver_groups=frozenset({"S012AB3CD"}),
        approve=frozenset({"white_check_mark", "+1"}),
        decline=frozenset({"x"}),
        expires=timedelta(minutes=30),
        grace=timedelta(seconds=0.5),
        remind=timedelta(0),
        follow_up=(timedelta(seconds=30), timedelta(minutes=5), timedelta(minutes=15)),
    )
    host = found.hosts()["mgmt1"]
    assert (host.server, host.username, host.password) == ("mgmt1.corp.example", "CORP\\rootver", "query")
    assert host.deadline_seconds == 90
    assert host.change is not None
    assert (host.change.server, host.change.password) == ("mgmt1.corp.example", "change")
    assert (host.change.configuration_name, host.change.deadline_seconds) == ("RootVerChange", 90)
    assert found.database == tmp_path / "data" / "rootver.db"
    assert found.slack.channels == ("C012AB3CD",)


def test_the_defaults_are_those_of_the_rule_book(tmp_path: Path) -> None:
    """Two places name the defaults of [approval]; they agree."""
    assert loaded(tmp_path, GOOD).approval_rules() == ApprovalRules()


def test_the_example_file_is_valid_and_names_every_key(tmp_path: Path) -> None:
    """rootver.example.toml loads, and with its comments taken away too."""
    example = (ROOT / "rootver.example.toml").read_text(encoding="utf-8")
    assert loaded(tmp_path, example).inventory().clusters
    opened = "\n".join(
        line.removeprefix("# ") if " = " in line or "[nodes" in line else line
        for line in example.splitlines()
    )
    (tmp_path / "secret").write_text("x")
    found = loaded(tmp_path, opened.replace("/run/secrets/mgmt1", "secret"))
    assert found.approval_rules().approvers == {"U012AB3CD"}
    assert found.nodes["exch-node2"].computer == "EXCH-NODE2"
    for model in (type(found.slack), type(found.approval)):
        for name, key in model.model_fields.items():
            assert f"{name} = " in opened or key.json_schema_extra, name


def test_the_file_is_found_by_option_then_variable_then_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nearer one wins."""
    monkeypatch.chdir(tmp_path)
    for name in ("option", "variable", "rootver"):
        (tmp_path / f"{name}.toml").write_text(f'[storage]\npath = "{name}.db"\n')
    environ = {"ROOTVER_CONFIG": "variable.toml"}
    assert load(Path("option.toml"), environ).database == tmp_path / "option.db"
    assert load(None, environ).database == tmp_path / "variable.db"
    assert load(None, {}).database == tmp_path / "rootver.db"
    assert load(None, {}).file == tmp_path / "rootver.toml"


def test_without_a_file_the_environment_alone_speaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container needs no file."""
    monkeypatch.chdir(tmp_path)
    found = load(
        None,
        {
            "ROOTVER_HOSTS__MGMT_1__SERVER": "mgmt1.corp.example",
            "ROOTVER_HOSTS__MGMT_1__CHANGE__USERNAME": "CORP\\rootver-fix",
            "ROOTVER_CLUSTERS__EXCH_CL1__HOST": "mgmt_1",
            "ROOTVER_CLUSTERS__EXCH_CL1__NODES": "exch-node1, exch-node2",
            "ROOTVER_NODES__EXCH_NODE2__COMPUTER": "EXCHANGE2",
        },
    )
    nodes = {"exch-node1": "EXCH-NODE1", "exch-node2": "EXCHANGE2"}
    assert found.file is None
    assert found.inventory().clusters == (Cluster("exch_cl1", "mgmt_1", nodes),)
    assert found.database == tmp_path / "rootver.db"


def test_variables_go_before_the_file_and_are_read_as_their_keys_type(tmp_path: Path) -> None:
    """Text becomes a list, a number or a truth value where the key is one."""
    found = loaded(
        tmp_path,
        GOOD + '[approval]\ngrace_seconds = 60\napprovers = ["U000000A"]\n[hosts.mgmt1.change]\nport = 1\n',
        ROOTVER_APPROVAL__GRACE_SECONDS="0.25",
        ROOTVER_APPROVAL__APPROVERS="U012AB3CD,U045EF6GH",
        ROOTVER_APPROVAL__FOLLOW_UP_MINUTES="1, 2.5",
        ROOTVER_APPROVAL__ALLOW_SELF_APPROVAL="true",
        ROOTVER_SLACK__DIRECT_MESSAGES="no",
        ROOTVER_HOSTS__MGMT1__PORT="5985",
        ROOTVER_HOSTS__MGMT1__SSL="false",
        ROOTVER_HOSTS__MGMT1__USERNAME="12345",
        ROOTVER_HOSTS__MGMT1__PASSWORD="67890",
        ROOTVER_HOSTS__MGMT1__CERT_VALIDATION="false",
        ROOTVER_HOSTS__MGMT1__CHANGE__PORT="5986",
        ROOTVER_STORAGE__PATH="/var/lib/rootver/rootver.db",
        ROOTVER_SLACK__CHANNELS="",
    )
    rules, host = found.approval_rules(), found.hosts()["mgmt1"]
    assert rules.grace == timedelta(seconds=0.25)
    assert rules.approvers == {"U012AB3CD", "U045EF6GH"}
    assert rules.follow_up == (timedelta(minutes=1), timedelta(minutes=2.5))
    assert rules.allow_self_approval is True
    assert found.slack.direct_messages is False
    assert (host.port, host.ssl, host.username, host.password) == (5985, False, "12345", "67890")
    assert host.cert_validation is False
    assert host.change is not None
    assert host.change.port == 5986
    assert found.database == Path("/var/lib/rootver/rootver.db")


def test_the_server_of_a_change_identity_comes_from_its_variable(tmp_path: Path) -> None:
    """It is not a host of its own: changes would go on to the host of the questions."""
    found = loaded(tmp_path, GOOD, ROOTVER_HOSTS__MGMT1__CHANGE__SERVER="mgmt2.corp.example")
    assert list(found.hosts()) == ["mgmt1"]
    change = found.hosts()["mgmt1"].change
    assert change is not None
    assert change.server == "mgmt2.corp.example"
    (refused,) = refusals(tmp_path, GOOD, ROOTVER_HOSTS__MGMT9__CHANGE__SERVER="x")
    assert refused.startswith("ROOTVER_HOSTS__MGMT9__CHANGE__SERVER is unknown. Did you mean")


def test_relative_paths_count_from_the_settings_file(tmp_path: Path) -> None:
    """Wherever the bot is started from."""
    (tmp_path / "ca.pem").write_text("pem")
    found = loaded(tmp_path, GOOD.replace(CLUSTER, 'cert_validation = "ca.pem"\n' + CLUSTER))
    assert found.hosts()["mgmt1"].cert_validation == str(tmp_path / "ca.pem")
    assert found.database == tmp_path / "rootver.db"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8040/api", "http://127.0.0.1:8040/api/"])
def test_the_address_of_slack_gets_its_last_slash(tmp_path: Path, url: str) -> None:
    """slack_sdk joins address and method without one."""
    assert loaded(tmp_path, GOOD, SLACK_API_URL=url).slack.api_url == "http://127.0.0.1:8040/api/"


def test_a_file_saved_on_windows_is_read(tmp_path: Path) -> None:
    """With a byte order mark and CRLF."""
    (tmp_path / FILE).write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load(tmp_path / FILE, {}).inventory().clusters


def test_a_change_identity_with_its_own_user_does_not_inherit_the_password(tmp_path: Path) -> None:
    """The password of one account is never sent as another's; the same account keeps it."""
    text = GOOD + "[hosts.mgmt1.change]\nusername = 'CORP\\rootver-fix'\n"
    environ = {"ROOTVER_HOSTS__MGMT1__PASSWORD": CANARY, "ROOTVER_HOSTS__MGMT1__USERNAME": "CORP\\rootver"}
    change = loaded(tmp_path, text, **environ).hosts()["mgmt1"].change
    assert change is not None
    assert change.password is None
    same = text.replace("username = 'CORP\\rootver-fix'", 'configuration_name = "RootVerChange"')
    change = loaded(tmp_path, same, **environ).hosts()["mgmt1"].change
    assert change is not None
    assert (change.username, change.password) == ("CORP\\rootver", CANARY)


# --- what is doubtful ---


def test_warnings_name_what_will_probably_not_do_what_was_meant(tmp_path: Path) -> None:
    """They are told by `config` and `doctor`; the bot starts all the same."""
    text = (
        HOST
        + "username = 'CORP\\rootver'\n[hosts.spare]\nserver = 'x'\nconfiguration_name = 'RootVer'\n"
        + CLUSTER
    )
    found = "\n".join(loaded(tmp_path, text, SLACK_API_URL="http://slack.corp.example/api").warnings())
    assert "Diagnose only" in found
    assert "hosts.spare is the host of no cluster" in found
    assert "second hop" in found
    assert "unencrypted to slack.corp.example" in found
    assert "Else set ROOTVER_HOSTS__MGMT1__PASSWORD." in found


def test_good_settings_have_no_warnings(tmp_path: Path) -> None:
    """Nothing is said where nothing is to do."""
    found = loaded(
        tmp_path,
        HOST
        + 'configuration_name = "RootVerQuery"\ndelivery = "endpoint"\n'
        + '[hosts.mgmt1.change]\nconfiguration_name = "RootVerChange"\n'
        + CLUSTER
        + '[approval]\napprovers = ["U012AB3CD"]\n',
    )
    assert found.warnings() == []


def test_nothing_configured_is_allowed_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first start of a new app: it answers, and says what is missing."""
    monkeypatch.chdir(tmp_path)
    found = load(None, {})
    assert any("There is no cluster" in one for one in found.warnings())
    assert found.inventory().clusters == ()


def test_the_public_form_holds_no_floats(tmp_path: Path) -> None:
    """The audit refuses them: two programs may write the same float differently."""

    def floats(value: Any) -> list[float]:
        if isinstance(value, Mapping):
            return [one for part in value.values() for one in floats(part)]
        if isinstance(value, list):
            return [one for part in value for one in floats(part)]
        return [value] if isinstance(value, float) else []

    public = loaded(tmp_path, GOOD + "[approval]\ngrace_seconds = 0.5\n").public()
    assert floats(public) == []
    assert isinstance(public["approval"], dict)
    assert public["approval"]["grace_seconds"] == "0.5"
    assert public["approval"]["expires_minutes"] == 30


def test_a_node_may_have_an_address_beside_its_computer(tmp_path: Path) -> None:
    """Who must answer, and what the host dials; also from the environment."""
    text = GOOD + '[nodes.exch-node2]\naddress = "mail-b.corp.example"\n'
    (cluster,) = loaded(tmp_path, text).inventory().clusters
    assert dict(cluster.nodes) == {"exch-node1": "EXCH-NODE1", "exch-node2": "EXCH-NODE2"}
    assert [cluster.dialled(node) for node in cluster.nodes] == ["EXCH-NODE1", "mail-b.corp.example"]
    found = loaded(tmp_path, GOOD, ROOTVER_NODES__EXCH_NODE1__ADDRESS="10.0.0.1")
    assert found.inventory().clusters[0].dialled("exch-node1") == "10.0.0.1"
    assert found.public()["clusters"] == {
        "EXCH-CL1": {
            "host": "mgmt1",
            "nodes": {"exch-node1": "EXCH-NODE1", "exch-node2": "EXCH-NODE2"},
            "addresses": {"exch-node1": "10.0.0.1"},
            "virtual_servers": [],
        }
    }


# --- where the database lies ---


def test_the_database_is_found_without_looking_at_anything_else(tmp_path: Path) -> None:
    """`history` works on a machine whose settings are broken elsewhere."""
    (tmp_path / FILE).write_text('[slak]\n[storage]\npath = "audit.db"\n')
    assert database_path(tmp_path / FILE, {}) == tmp_path / "audit.db"
    assert database_path(tmp_path / FILE, {"ROOTVER_STORAGE__PATH": "/x/y.db"}) == Path("/x/y.db")
    (tmp_path / FILE).write_text("storage = 3\n")
    with pytest.raises(SettingsError, match="must be a text"):
        database_path(tmp_path / FILE, {})


@settings(deadline=None, max_examples=50)
@given(
    st.sampled_from(["", '[storage]\npath = "a/b.db"\n', '[storage]\npath = "/c/d.db"\n']),
    st.sampled_from(["", "e.db", "/f/g.db"]),
)
def test_both_ways_to_find_the_database_agree(
    tmp_path_factory: pytest.TempPathFactory, text: str, variable: str
) -> None:
    """The quick one of the readers and the full one of the bot."""
    file = tmp_path_factory.mktemp("settings") / "rootver.toml"
    file.write_text(text)
    environ = {"ROOTVER_STORAGE__PATH": variable}
    assert database_path(file, environ) == load(file, environ).database


# --- variables and docs ---


def test_a_variables_name_is_made_from_the_key() -> None:
    """Upper case, two underscores between levels, one for every other sign."""
    assert variable_of(("clusters", "EXCH-CL1", "host")) == "ROOTVER_CLUSTERS__EXCH_CL1__HOST"
    assert variable_of(("hosts", "mgmt.1", "change", "password")) == "ROOTVER_HOSTS__MGMT_1__CHANGE__PASSWORD"


def test_variables_of_the_development_tools_are_not_settings(tmp_path: Path) -> None:
    """They may be set while the bot runs."""
    assert loaded(tmp_path, GOOD, **dict.fromkeys(OTHERS, str(tmp_path / FILE)))


def test_the_docs_print_the_keys() -> None:
    """docs/settings.md holds the tables exactly as the code prints them, and its example is valid."""
    docs = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert markdown() in docs


def test_the_example_in_the_docs_is_valid(tmp_path: Path) -> None:
    """It can be copied."""
    docs = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    example = "\n".join(line.removeprefix("    ") for line in docs.splitlines() if line.startswith("    "))
    assert loaded(tmp_path, example).warnings()[0].startswith("hosts.mgmt1 has a username and no password")


def test_the_real_environment_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever loads says which environment counts."""
    monkeypatch.setitem(os.environ, "ROOTVER_NONSENSE", "1")
    assert loaded(tmp_path, GOOD)
