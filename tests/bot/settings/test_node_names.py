"""Names and addresses of nodes that cannot be told apart are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bot.settings_files import GOOD, HOST, loaded, refusals


@pytest.mark.parametrize(
    ("nodes", "section", "clash"),
    [
        ('["exch-cluster-node01", "exch-cluster-node02"]', "", "exch-cluster-no"),
        ('["left", "right"]', '[nodes.left]\ncomputer = "EXCH-CLUSTER-NODE01"\n'
         '[nodes.right]\ncomputer = "EXCH-CLUSTER-NODE02"\n', "exch-cluster-no"),
        ('["exch-cluster-node01.a", "exch-cluster-node02.b"]', "", "exch-cluster-no"),
    ],
)  # fmt: skip
def test_two_nodes_that_windows_cuts_to_one_name_are_refused(
    tmp_path: Path, nodes: str, section: str, clash: str
) -> None:
    """Nobody could tell which of them answered; the sentence says what to do."""
    text = HOST + f'[clusters.EXCH-CL1]\nhost = "mgmt1"\nnodes = {nodes}\n' + section
    (told,) = refusals(tmp_path, text)
    assert "share the first 15 characters of their names" in told
    assert f'"{clash}"' in told


def test_a_long_name_alone_or_beside_a_short_one_is_no_clash(tmp_path: Path) -> None:
    """Different in the first 15."""
    text = (
        HOST
        + '[clusters.EXCH-CL1]\nhost = "mgmt1"\nnodes = ["exch-cluster-node01", "exch-node-cluster-02"]\n'
    )
    (cluster,) = loaded(tmp_path, text).inventory().clusters
    assert list(cluster.nodes.values()) == ["EXCH-CLUSTER-NODE01", "EXCH-NODE-CLUSTER-02"]


def test_two_nodes_with_one_address_are_refused(tmp_path: Path) -> None:
    """One of them would never be asked."""
    same = '[nodes.exch-node1]\naddress = "a.corp.example"\n[nodes.exch-node2]\naddress = "A.corp.example"\n'
    (told,) = refusals(tmp_path, GOOD + same)
    assert told == (
        'node exch-node1 and node exch-node2 have the same address, "a.corp.example". Correct one of them.'
    )
