# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What real clusters with pacemaker 2.1 and 3.0 said, situation by situation."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import cib
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.model import Monitor, Node
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.parse import (
    parse_actions,
    parse_attributes,
    parse_constraints,
    parse_controller,
    parse_monitor,
    parse_properties,
    parse_votes,
)
from ansible_collections.pgha.cluster.tests.support.fake_pacemaker import FIXTURES, IDLE, VERSIONS, fixture
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.parametrize("version", VERSIONS)


def _monitor(version: str, situation: str) -> Monitor:
    return parse_monitor(fixture(version, f"crm_mon-{situation}.xml"))


def _nodes(monitor: Monitor) -> tuple[Node, Node]:
    first, second = monitor.nodes
    return first, second


def test_healthy(version: str) -> None:
    monitor = _monitor(version, "healthy")
    assert monitor.with_quorum
    assert monitor.dc in {node.name for node in monitor.nodes if node.dc}
    assert all(node.online and not node.unclean and not node.standby for node in monitor.nodes)
    assert sorted(r.role for r in monitor.resources if r.id == "postgresql") == ["Promoted", "Unpromoted"]
    promoted = next(r for r in monitor.resources if r.role == "Promoted")
    assert promoted.parents == ("postgresql-clone",)
    assert next(r for r in monitor.resources if r.id == "write-address").nodes == promoted.nodes
    assert next(r for r in monitor.resources if r.id == "ga").parents == ("pair",)
    assert monitor.failures == () and monitor.fencing == ()


def test_standby_and_maintenance(version: str) -> None:
    assert [node.standby for node in _monitor(version, "standby").nodes] == [True, False]
    assert [node.maintenance for node in _monitor(version, "maintenance").nodes] == [False, True]


def test_failed_operation(version: str) -> None:
    (failure,) = _monitor(version, "failed").failures
    assert (failure.resource, failure.task, failure.rc, failure.reason) == ("ga", "asyncmon", 1, "Simulated failure")


def test_blocked(version: str) -> None:
    stuck = next(r for r in _monitor(version, "blocked").resources if r.id == "stuck")
    assert stuck.blocked and stuck.failed and not stuck.managed


def test_fencing_that_fails_and_hangs(version: str) -> None:
    failed = _monitor(version, "fencing-failed")
    assert _nodes(failed)[1].unclean and not _nodes(failed)[1].online
    assert "failed" in {event.status for event in failed.fencing}
    pending = _monitor(version, "fencing-pending")
    assert _nodes(pending)[1].unclean
    assert {event.status for event in pending.fencing} == {"pending", "failed"}
    assert {event.target for event in pending.fencing} == {_nodes(pending)[1].name}


def test_letting_a_server_back_to_its_disk_is_no_fencing(version: str) -> None:
    text = fixture(version, "crm_mon-fencing-failed.xml").replace('action="reboot"', 'action="on"')
    monitor = parse_monitor(text)
    assert monitor.fencing == ()
    assert "failed" in {event.status for event in monitor.unfencing}


def test_a_node_that_was_fenced_is_clean(version: str) -> None:
    monitor = _monitor(version, "node-lost")
    second = _nodes(monitor)[1]
    assert not second.online and not second.unclean
    assert "success" in {event.status for event in monitor.fencing}


def test_without_quorum(version: str) -> None:
    assert not _monitor(version, "no-quorum").with_quorum
    assert all(not r.active for r in _monitor(version, "no-quorum").resources)


def test_before_the_election(version: str) -> None:
    monitor = _monitor(version, "no-dc")
    assert monitor.dc == "" and not monitor.with_quorum


def test_attributes_and_properties(version: str) -> None:
    root = cib.read(fixture(version, "cib-healthy.xml"))
    names = [node.get("uname", "") for node in root.iterfind("configuration/nodes/node")]
    lasting, transient = parse_attributes(root)[names[0]]
    assert lasting["pgha-data"] == "ready"
    assert transient["connectivity"] == "100"
    assert "pgha-data" not in parse_attributes(root)[names[1]][0]
    assert parse_properties(root)["no-quorum-policy"] == "stop"


def test_constraints_and_leftovers(version: str) -> None:
    found = {c.id: c for c in parse_constraints(cib.read(fixture(version, "cib-leftover.xml")))}
    (leftover,) = [c for c in found.values() if c.leftover]
    assert leftover.resources == ("write-address",)
    assert leftover.node and leftover.score == "-INFINITY"
    assert found["write-with-primary"].resources == ("write-address", "postgresql-clone")
    assert found["write-connected"].kind == "location" and found["write-connected"].score == "-INFINITY"
    assert found["primary-then-write"].score == "Mandatory"


def test_actions(version: str) -> None:
    fence = parse_actions(fixture(version, "crm_simulate-fence.xml"))
    assert fence[0].action == "fence" and fence[0].target.endswith("2")
    assert any(a.action == "move" and a.source and a.destination for a in fence)
    stop = next(a for a in fence if a.action == "stop")
    assert stop.source and not stop.destination
    assert str(stop) == f"stop {stop.target} on {stop.source} (node availability)"
    assert any(a.action == "promote" for a in parse_actions(fixture(version, "crm_simulate-standby.xml")))


def test_what_is_blocked_is_not_done(version: str) -> None:
    assert parse_actions(fixture(version, "crm_simulate-no-quorum.xml")) == ()


def test_controller(version: str) -> None:
    assert parse_controller(IDLE) == "S_IDLE"


def test_votes(version: str) -> None:
    corosync = {"2.1": "3.1.7", "3.0": "3.1.9"}[version]
    text = (FIXTURES.parent / "corosync" / corosync / "quorum.txt").read_text(encoding="utf-8")
    assert set(parse_votes(text)) == {"expected", "total"}
    assert parse_votes("") == {}


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('online="true"', 'online="maybe"', r"/pacemaker-result/nodes/node\[1\]"),
        ("<current_dc", "<nobody", "/pacemaker-result/summary"),
        (' role="Promoted"', "", r"resources/clone\[\d\]/resource\[\d\]"),
    ],
)
def test_errors_name_the_place(version: str, old: str, new: str, place: str) -> None:
    with pytest.raises(ParseError, match=place):
        parse_monitor(fixture(version, "crm_mon-healthy.xml").replace(old, new))


@given(cut=st.integers(min_value=0, max_value=3000))
def test_a_cut_answer_is_an_error_and_no_crash(version: str, cut: int) -> None:
    with pytest.raises(ParseError):
        parse_monitor(fixture(version, "crm_mon-healthy.xml")[:cut])
