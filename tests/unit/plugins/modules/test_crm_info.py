# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""crm_info: one shape of answer for every situation."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import state
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.gateway import Gateway
from ansible_collections.pgha.cluster.tests.support.fake_pacemaker import VERSIONS, FakePacemaker, fixture
from ansible_collections.pgha.cluster.tests.support.module_process import run_module


@pytest.mark.parametrize("version", VERSIONS)
def test_a_healthy_cluster(version: str) -> None:
    cib, monitor = fixture(version, "cib-healthy.xml"), fixture(version, "crm_mon-healthy.xml")
    result = state.described(state.observe(Gateway(FakePacemaker(cib, monitor))))
    assert result["cluster_running"] and result["with_quorum"]
    first = result["nodes"][0]
    assert (first["attributes"]["pgha-data"], first["transient"]["connectivity"]) == ("ready", "100")
    assert result["properties"]["no-quorum-policy"] == "stop"
    promoted = [r for r in result["resources"] if r["role"] == "Promoted"]
    assert result["promoted"] == list(promoted[0]["nodes"])
    assert set(result) == set(state.STOPPED)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("situation", ["no-dc", "no-quorum", "blocked", "fencing-pending", "node-lost"])
def test_every_situation_is_an_answer(version: str, situation: str) -> None:
    cib, monitor = fixture(version, "cib-healthy.xml"), fixture(version, f"crm_mon-{situation}.xml")
    result = state.described(state.observe(Gateway(FakePacemaker(cib, monitor))))
    assert result["cluster_running"]
    assert len(result["nodes"]) == 2


def test_a_stopped_cluster_is_no_failure() -> None:
    cluster = FakePacemaker("", "")
    cluster.monitor = None
    assert state.described(state.observe(Gateway(cluster))) == state.stopped()


def test_a_server_without_pacemaker_runs_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    result = run_module("crm_info", {})
    assert (result["cluster_running"], result["changed"], result.get("failed")) == (False, False, None)


def test_the_numbers_of_the_servers_come_from_the_file(tmp_path: Path) -> None:
    place = tmp_path / "corosync.conf"
    assert state.configured_nodes(place) == {}
    place.write_text("nodelist {\n    node {\n        name: n1\n        nodeid: 1\n    }\n}\n")
    assert state.configured_nodes(place) == {"n1": 1}
