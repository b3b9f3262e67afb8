# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A running cluster gives its vote host up and gets it back: two servers that decide by fencing alone in between."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.playbooks import Playbooks
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = [
    pytest.mark.usefixtures("healed"),
    pytest.mark.skipif(os.environ.get("PGHA_FAULTS") == "short", reason="PGHA_FAULTS=short leaves it out"),
]


def quorum(cluster: Cluster) -> dict[str, str]:
    """Return what corosync says of the votes."""
    told = cluster.primary().ssh("corosync-quorumtool -s").stdout
    pairs = (line.split(":", 1) for line in told.splitlines() if line.count(":") == 1)
    return {key.strip(): value.strip() for key, value in pairs}


@pytest.fixture
def alone(clients: Cluster, tmp_path: Path) -> Iterator[Cluster]:
    """The cluster without its vote host, which it gets back afterwards."""
    inventory = tmp_path / "inventory"
    shutil.copytree(clients.playbooks.inventory, inventory)
    hosts = inventory / "hosts.yml"
    text, end = hosts.read_text(encoding="utf-8"), "    pgha_vote:\n"
    assert end in text
    hosts.write_text(text[: text.index(end)], encoding="utf-8")
    whole = clients.playbooks
    clients.playbooks = Playbooks(inventory, whole.variables)
    try:
        clients.playbooks.must("deploy")
        yield clients
    finally:
        clients.playbooks = whole
        clients.lab.heal()
        clients.wait_whole()
        whole.must("deploy")


def test_two_servers_without_a_vote_host_decide_by_fencing(alone: Cluster, book: Book) -> None:
    told = quorum(alone)
    assert (told["Total votes"], told["Quorate"]) == ("2", "Yes")
    assert "2Node" in told["Flags"]
    with book.trial(alone, "all cables cut, no vote host") as trial:
        trial.strike()
        # The primary cannot reach the other one's management controller: only one of them wins the race.
        with faults.cables_cut(trial.primary):
            trial.writes_return(60)
            trial.primary_is(trial.standby)
    # Both have quorum: the primary goes on alone only because the other one is proven off.
    with book.trial(alone, "standby's power cut, no vote host") as trial:
        trial.strike()
        with faults.power_cut(trial.standby):
            trial.traffic.wait_writes(time.monotonic(), 60, "clients commit on the last server")


def test_the_vote_host_is_back(clients: Cluster) -> None:
    told = quorum(clients)
    assert (told["Total votes"], told["Quorate"]) == ("3", "Yes")
    assert "Qdevice" in told["Flags"]
    assert clients.status()["state"] == "ok"
