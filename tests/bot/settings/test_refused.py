"""What is wrong with settings is told at once, each with a sentence and an example."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings.file import SettingsError
from bot.settings.loading import load
from tests.bot.settings_files import CANARY, CLUSTER, FILE, GOOD, HOST, loaded, refusals


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[slak]\n", "slak is unknown. Did you mean slack?"),
        (GOOD + "[approval]\napprover = []\n", "approval.approver is unknown. Did you mean approvers?"),
        (
            HOST + 'pasword_file = "x"\n' + CLUSTER,
            "hosts.mgmt1.pasword_file is unknown. Did you mean password_file?",
        ),
        (
            GOOD + "[hosts.mgmt1.change]\nuser = 'x'\n",
            "hosts.mgmt1.change.user is unknown. Did you mean username?",
        ),
        (GOOD + "[hosts.mgmt1.change.change]\n", "hosts.mgmt1.change.change is unknown. Known there: "),
        (
            GOOD + "[nodes.exch-node1]\nname = 'x'\n",
            "nodes.exch-node1.name is unknown. Known there: address, computer.",
        ),
        ("approval = 3\n", "approval must be a section."),
        ("hosts = []\n", "hosts must be a section."),
        ("[clusters]\nCL1 = 'x'\n", "clusters.CL1 must be a section."),
        (
            CLUSTER + "[hosts.mgmt1]\n",
            'hosts.mgmt1.server is missing. Example: server = "mgmt1.corp.example"',
        ),
        (
            HOST + "[clusters.CL1]\nhost='mgmt1'\n",
            'clusters.CL1.nodes is missing. Example: nodes = ["exch-node1", "exch-node2"]',
        ),
        (
            GOOD + "[approval]\ngrace_seconds = '5'\n",
            "approval.grace_seconds must be a number. Example: grace_seconds = 5",
        ),
        (
            GOOD + "[approval]\ngrace_seconds = true\n",
            "approval.grace_seconds must be a number. Example: grace_seconds = 5",
        ),
        (
            GOOD + "[approval]\ngrace_seconds = -1\n",
            "approval.grace_seconds must be 0 or more. Example: grace_seconds = 5",
        ),
        (
            GOOD + "[approval]\ngrace_seconds = nan\n",
            "approval.grace_seconds must be a finite number. Example: grace_seconds = 5",
        ),
        (
            GOOD + "[approval]\nexpires_minutes = 1e12\n",
            "approval.expires_minutes must be 527040 or less. Example: expires_minutes = 30",
        ),
        (
            GOOD + "[approval]\nallow_self_approval = 'no'\n",
            "approval.allow_self_approval must be true or false, without quotes. Example: allow_self",
        ),
        (
            GOOD + "[approval]\napprovers = 'U012AB3CD'\n",
            'approval.approvers must be a list. Example: approvers = ["U012AB3CD"]',
        ),
        (
            GOOD + "[approval]\napprovers = [1, 2]\n",
            'approval.approvers must be a text in quotes. Example: approvers = ["U012AB3CD"]',
        ),
        (GOOD + "[approval]\napprovers = ['@bob', 'bob']\n", "approval.approvers needs ids of people."),
        (
            GOOD + "[approval]\napprover_groups = ['U012AB3CD']\n",
            "approval.approver_groups needs ids of user groups.",
        ),
        (GOOD + "[slack]\nchannels = ['#exchange']\n", "slack.channels needs ids of channels."),
        (GOOD + "[approval]\napprove = ['thumbs up']\n", "approval.approve needs names of emoji"),
        (
            GOOD + "[approval]\napprove = []\n",
            "approval needs at least one reaction in approve and in decline.",
        ),
        (
            GOOD + "[approval]\napprove = ['+1', 'x']\ndecline = ['x']\n",
            "approval has x in approve and in decline.",
        ),
        (
            GOOD + "[approval]\napprove = ['thumbsup']\ndecline = ['+1']\n",
            "approval has +1 in approve and in decline.",
        ),
        (GOOD + "[approval]\nfollow_up_minutes = [5, 1]\n", "approval needs rising follow_up_minutes."),
        (
            GOOD + "[storage]\npath = 3\n",
            'storage.path must be a text in quotes. Example: path = "rootver.db"',
        ),
        (HOST + "port = 99999\n" + CLUSTER, "hosts.mgmt1.port must be 65535 or less. Example: port = 5986"),
        (HOST + "port = 1.5\n" + CLUSTER, "hosts.mgmt1.port must be a whole number. Example: port = 5986"),
        (
            HOST + "deadline_seconds = inf\n" + CLUSTER,
            "hosts.mgmt1.deadline_seconds must be a finite number. Example: deadline_seconds = 120",
        ),
        (HOST + "read_timeout = nan\n" + CLUSTER, "hosts.mgmt1.read_timeout must be a finite number."),
        (
            HOST + "reconnection_backoff = -1\n" + CLUSTER,
            "hosts.mgmt1.reconnection_backoff must be 0 or more.",
        ),
        (
            GOOD + "[hosts.mgmt1.change]\ndeadline_seconds = 1e18\n",
            "hosts.mgmt1.change.deadline_seconds must be 31622400 or less.",
        ),
        (
            HOST + 'username = "CORP\\rootver"\n' + CLUSTER,
            "hosts.mgmt1.username is empty or holds a character that cannot be seen.",
        ),
        (
            HOST + "cert_validation = '/missing.pem'\n" + CLUSTER,
            "hosts.mgmt1: /missing.pem cannot be read (No such file or directory). Relative paths count",
        ),
        (HOST + 'cert_validation = "\\u0000"\n' + CLUSTER, "hosts.mgmt1: "),
        (HOST + "auth = 'digest'\n" + CLUSTER, 'hosts.mgmt1: auth = "digest" is unknown.'),
        (HOST + "ssl = false\nauth = 'basic'\n" + CLUSTER, 'hosts.mgmt1: auth = "basic" without encryption'),
        # names
        (
            HOST + "[clusters.CL1]\nhost = 'mgmt1'\nnodes = []\n",
            'clusters.CL1.nodes is empty. Example: nodes = ["exch-node1", "exch-node2"]',
        ),
        (
            CLUSTER,
            'clusters.EXCH-CL1.host = "mgmt1" is no host of these settings. Example: [hosts.mgmt1] server =',
        ),
        (
            CLUSTER + '[hosts.mgmt2]\nserver = "x"\n',
            'clusters.EXCH-CL1.host = "mgmt1" is no host of these settings. Did you mean mgmt2?',
        ),
        (
            GOOD + "[nodes.exch-node3]\ncomputer = 'X'\n",
            "nodes.exch-node3 is in no cluster. Did you mean exch-node2?",
        ),
        (
            GOOD + "[nodes.EXCH-NODE2]\ncomputer = 'X'\n",
            "nodes.EXCH-NODE2 is in no cluster. Did you mean exch-node2?",
        ),
        (GOOD + "[nodes.exch-node2]\ncomputer = '10.0.0.5'\n", "nodes.exch-node2.computer is an address."),
        (
            GOOD + "[clusters.CL2]\nhost = 'mgmt1'\nnodes = ['EXCH-NODE2.corp.example']\n",
            "node exch-node2 of clusters.EXCH-CL1 and node EXCH-NODE2.corp.example of clusters.CL2 are both",
        ),
        (
            HOST + "[clusters.CL1]\nhost = 'mgmt1'\nnodes = ['a1', 'A1']\n",
            "node a1 of clusters.CL1 and node A1 of clusters.CL1 are both",
        ),
        (
            GOOD + "[nodes.exch-node2]\ncomputer = 'EXCH-NODE1'\n",
            "node exch-node1 of clusters.EXCH-CL1 and node exch-node2 of clusters.EXCH-CL1 are both",
        ),
        (
            GOOD + "virtual_servers = ['EXCH-NODE2']\n",
            "node exch-node2 of clusters.EXCH-CL1 and virtual server EXCH-NODE2 of clusters.EXCH-CL1",
        ),
        (
            GOOD + "virtual_servers = ['exch-cl1']\n",
            "clusters.EXCH-CL1 and virtual server exch-cl1 of clusters.EXCH-CL1 are both",
        ),
        (
            GOOD + "[clusters.exch-node1]\nhost = 'mgmt1'\nnodes = ['x1']\n",
            "node exch-node1 of clusters.EXCH-CL1 and clusters.exch-node1 are both",
        ),
        (
            GOOD + "[clusters.exch-cl1]\nhost = 'mgmt1'\nnodes = ['x1']\n",
            "clusters.EXCH-CL1 and clusters.exch-cl1 differ only in case or in signs",
        ),
        (
            GOOD + '[hosts.MGMT1]\nserver = "x"\n',
            "hosts.mgmt1 and hosts.MGMT1 differ only in case or in signs",
        ),
        (
            HOST + "[clusters.all]\nhost = 'mgmt1'\nnodes = ['a1']\n",
            'clusters.all cannot be "all": that is a word of the commands.',
        ),
        (
            HOST + "[clusters.CL1]\nhost = 'mgmt1'\nnodes = ['since']\n",
            'clusters.CL1.nodes cannot be "since"',
        ),
        (
            HOST + "[clusters.CL1]\nhost = 'mgmt1'\nnodes = ['exch node']\n",
            "clusters.CL1.nodes needs names of letters, digits, dots, - and _, a letter or digit first. ",
        ),
    ],
)
def test_what_is_wrong_in_the_file_is_one_clear_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    """Each names the place, the reason, and an example or the nearest known name."""
    assert refusals(tmp_path, text)[0].startswith(sentence)


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        (
            "ROOTVER_APPROVAL__APROVERS",
            "U1",
            "ROOTVER_APPROVAL__APROVERS is unknown. Did you mean ROOTVER_APPROVAL__APPROVERS?",
        ),
        (
            "ROOTVER_HOSTS__MGTM1__PASSWORD",
            CANARY,
            "ROOTVER_HOSTS__MGTM1__PASSWORD is unknown. Did you mean ROOTVER_HOSTS__MGMT1__PASSWORD?",
        ),
        ("ROOTVER_SLACK__BOT_TOKEN", CANARY, "ROOTVER_SLACK__BOT_TOKEN is unknown."),
        (
            "ROOTVER_NODES__EXCH_NODE3__COMPUTER",
            "X",
            "ROOTVER_NODES__EXCH_NODE3__COMPUTER is unknown. Did you mean ROOTVER_NODES__EXCH_NODE2__",
        ),
        (
            "ROOTVER_APPROVAL__GRACE_SECONDS",
            "five",
            "ROOTVER_APPROVAL__GRACE_SECONDS must be a number. Example: ROOTVER_APPROVAL__GRACE_SECONDS=5",
        ),
        (
            "ROOTVER_APPROVAL__APPROVERS",
            "bob",
            "ROOTVER_APPROVAL__APPROVERS needs ids of people. They begin with U or W: profile,",
        ),
        (
            "ROOTVER_HOSTS__MGMT1__SSL",
            "maybe",
            "ROOTVER_HOSTS__MGMT1__SSL must be true or false, without quotes.",
        ),
        (
            "SLACK_API_URL",
            "slack.com",
            "SLACK_API_URL is no address that ends in /api/. Example: SLACK_API_URL=http://127.0.0.1:8040/api/",
        ),
        ("SLACK_API_URL", "http://[::1/api/", "SLACK_API_URL is no address that ends in /api/."),
        ("SLACK_API_URL", "http://slack.test:99999/api/", "SLACK_API_URL is no address that ends in /api/."),
        ("SLACK_API_URL", "http://:80/api/", "SLACK_API_URL is no address that ends in /api/."),
        ("SLACK_API_URL", "http://sl ack.test/api/", "SLACK_API_URL is no address that ends in /api/."),
        (
            "SLACK_API_URL",
            "http://slack.test/api/?x=/api/",
            "SLACK_API_URL is no address that ends in /api/.",
        ),
        (
            "SLACK_API_URL",
            f"http://user:{CANARY}@slack.test/api/",
            "SLACK_API_URL must hold neither user nor password: Slack knows the bot by its token.",
        ),
        (
            "SLACK_BOT_TOKEN_FILE",
            "/nowhere/token",
            "SLACK_BOT_TOKEN_FILE: /nowhere/token cannot be read (No such file or directory). Check the",
        ),
    ],
)
def test_what_is_wrong_in_the_environment_is_told_by_the_variables_name(
    tmp_path: Path, variable: str, value: str, sentence: str
) -> None:
    """Whoever sets it knows the variable, not the key."""
    (found,) = refusals(tmp_path, GOOD, **{variable: value})
    assert found.startswith(sentence)
    assert CANARY not in found


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    """One start, one list: in the file, in the environment, in the names."""
    found = refusals(
        tmp_path,
        """
        [slak]
        [approval]
        grace_seconds = "5"
        approvers = ["bob"]
        [hosts.mgmt1]
        password = "x"
        [hosts.mgmt2]
        server = "mgmt2"
        auth = "basic"
        [clusters.CL1]
        host = "mgmt3"
        nodes = []
        """,
        ROOTVER_NONSENSE="1",
        SLACK_CLIENT_ID="1",
        SLACK_CLIENT_SECRET="2",
    )
    begin = [
        "SLACK_CLIENT_ID and", "hosts.mgmt1.password must", "ROOTVER_NONSENSE", "approval.approvers",
        "approval.grace_seconds", "hosts.mgmt1.server is missing", "slak is unknown",
        "clusters.CL1.nodes is empty", 'clusters.CL1.host = "mgmt3"',
        'hosts.mgmt2: auth = "basic" needs username',
    ]  # fmt: skip
    assert sorted(found) == sorted(next(one for one in found if one.startswith(start)) for start in begin)


def test_one_broken_cluster_does_not_make_its_nodes_orphans(tmp_path: Path) -> None:
    """A follow-up error would only hide the first one."""
    text = HOST + "[clusters.CL1]\nhost = 3\nnodes = ['a1']\n[nodes.a1]\ncomputer = 'B1'\n"
    assert len(refusals(tmp_path, text)) == 1


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"[slack\n", "It is not TOML: "),
        (b'username = "CORP\\svc"\n', "username = 'CORP\\rootver'"),
        (b"\xff\xfe", "It is not UTF-8 text."),
        (b"a = " + b"9" * 5000, "It is not TOML: "),
        (b"a = " + b"[" * 5000, "It is not TOML: "),
        (None, "It cannot be read: No such file or directory."),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, raw: bytes | None, sentence: str) -> None:
    """Also one that was named and is not there: never silently without."""
    if raw is not None:
        (tmp_path / FILE).write_bytes(raw)
    with pytest.raises(SettingsError) as caught:
        load(tmp_path / FILE, {})
    assert sentence in str(caught.value)
    assert str(tmp_path / FILE) in str(caught.value)
    with pytest.raises(SettingsError):
        load(None, {"ROOTVER_CONFIG": str(tmp_path / FILE)})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HOST + 'password_file = "~nobody-here/pw"\n' + CLUSTER, "~nobody-here/pw cannot be read"),
        (HOST + 'cert_validation = "~nobody-here/ca.pem"\n' + CLUSTER, "~nobody-here/ca.pem"),
    ],
)
def test_a_home_that_nobody_knows_is_told_with_the_path(tmp_path: Path, text: str, told: str) -> None:
    """A container's account often has none."""
    (found,) = refusals(tmp_path, text)
    assert told in found
    with pytest.raises(SettingsError, match="~nobody-here"):
        load(None, {"ROOTVER_CONFIG": "~nobody-here/rootver.toml"})


def test_a_key_that_may_not_be_read_is_told_with_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account of the bot may not search the folder of the keys, say."""
    (tmp_path / "key.pem").touch()

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", denied)
    monkeypatch.setattr("pathlib.Path.is_file", denied)
    with pytest.raises(SettingsError, match=r"key\.pem cannot be read \(Permission denied\)"):
        load(None, {
            "ROOTVER_HOSTS__MGMT1__SERVER": "mgmt1",
            "ROOTVER_HOSTS__MGMT1__CERT_VALIDATION": str(tmp_path / "key.pem"),
        })  # fmt: skip


def test_a_link_to_nowhere_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bot would start without any of its settings, on a new database."""
    (tmp_path / FILE).symlink_to(tmp_path / "unmounted" / FILE)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="It cannot be read: No such file or directory"):
        load(None, {})


def test_only_both_oauth_variables_are_refused(tmp_path: Path) -> None:
    """Bolt changes its mode only with both."""
    assert loaded(tmp_path, GOOD, SLACK_CLIENT_ID="1")
    (found,) = refusals(tmp_path, GOOD, SLACK_CLIENT_ID="1", SLACK_CLIENT_SECRET=CANARY)
    assert "Remove both from the environment" in found
    assert CANARY not in found
