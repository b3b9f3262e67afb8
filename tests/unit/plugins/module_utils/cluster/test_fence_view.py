# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fencing check knows of the cluster, from pacemaker and from the failover agent."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.info import view_of
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.fence_view import of_agent, of_pacemaker
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.model import FenceEvent, Monitor, Node, Resource


def event(target: str, status: str) -> FenceEvent:
    return FenceEvent("reboot", target, status, "", "", "", "")


def node(name: str, *, online: bool = True, pending: bool = False, unclean: bool = False) -> Node:
    return Node(name, name, online, False, False, pending, unclean, False, False)


@pytest.mark.parametrize(
    ("history", "failed"),
    [
        ([], False),
        (["failed"], True),
        (["success", "failed"], False),
        (["failed", "success"], True),
        (["pending", "failed"], True),
        (["pending", "success"], False),
    ],
)
def test_the_newest_fencing_that_has_ended_counts(history: list[str], failed: bool) -> None:
    monitor = Monitor("n1", True, (node("n1"), node("n2")), (), (), tuple(event("n2", one) for one in history))
    assert of_pacemaker(monitor, {}, {}).target("n2", "n1").failed is failed


def test_a_member_is_online_a_joining_one_is_not_present() -> None:
    nodes = (node("n1"), node("n2", unclean=True), node("n3", pending=True), node("n4", online=False))
    cluster = of_pacemaker(Monitor("n1", True, nodes, (), (), ()), {}, {})
    assert cluster.online == {"n1", "n3"}
    assert cluster.present == {"n1", "n2"}
    assert cluster.absent == {"n4"}


def test_pacemaker_knows_its_devices_and_its_primary() -> None:
    device = Resource("fence-n2", "stonith:x", (), "Started", ("n1",), True, False, False, True, False, "")
    promoted = Resource("postgresql", "ocf:x", (), "Promoted", ("n1",), True, False, False, True, False, "")
    attributes = {"n2": ({"pgha-hardware": "id", "pgha-fence-tested": "mark"}, {"other": "1"})}
    cluster = of_pacemaker(Monitor("n1", True, (), (device, promoted), (), ()), attributes, {"stonith-enabled": "true"})
    assert (cluster.has("fence-n2"), cluster.has("fence-n3")) == (True, False)
    assert cluster.promoted == {"n1"}
    target = cluster.target("n2", "n1")
    assert (target.hardware, target.tested) == ("id", "mark")
    assert target.others == {"n1"}
    assert "stonith_admin --history n2" in target.forget


def agent(**changed: Any) -> dict[str, Any]:
    said = {
        "name": "n1",
        "peer": "n2",
        "role": "primary",
        "reign": 2,
        "postgres": "primary",
        "fencing": True,
        "peer_state": {"fresh": True, "heard": {"role": "standby", "postgres": "standby", "reign": 2}},
    }
    return view_of({**said, **changed}, {"n2": {"pgha-hardware": "id"}})


def test_the_agent_tells_the_same() -> None:
    cluster = of_agent(agent())
    assert cluster.servers == cluster.online == cluster.present == {"n1", "n2"}
    assert not cluster.absent
    assert cluster.promoted == {"n1"}
    assert cluster.has("fence-n2")
    target = cluster.target("n2", "n1")
    assert (target.hardware, target.failed) == ("id", False)
    assert target.others == {"n1"}
    assert "stonith" not in target.forget


def test_the_agent_s_failed_fencing_counts() -> None:
    cluster = of_agent(agent(fenced="failed", peer_state={"fresh": False}))
    assert cluster.failed == cluster.absent == {"n2"}
