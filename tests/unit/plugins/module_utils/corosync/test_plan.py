# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a changed setting needs: the table of the decision."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.corosync.parse import parse_config
from ansible_collections.pgha.cluster.plugins.module_utils.corosync.plan import Effort, plan_config


@pytest.mark.parametrize(
    ("key", "running", "desired", "effort"),
    [
        ("totem.token", "1000", "1500", Effort.RELOAD),
        ("totem.crypto_hash", "sha256", "sha512", Effort.RELOAD),
        ("logging.debug", None, "on", Effort.RELOAD),
        ("quorum.two_node", "1", None, Effort.RELOAD),
        ("quorum.device.timeout", "5000", "6000", Effort.RELOAD),
        ("nodelist.node.n1.ring1_addr", None, "10.0.1.11", Effort.RELOAD),
        ("nodelist.node.n1.ring1_addr", "10.0.1.11", None, Effort.RELOAD),
        ("nodelist.node.n3.nodeid", None, "3", Effort.RELOAD),
        ("quorum.wait_for_all", None, "1", Effort.RESTART),
        ("totem.ip_version", None, "ipv4", Effort.RESTART),
        ("totem.transport", "knet", "udpu", Effort.STOP),
        ("totem.cluster_name", "demo", "other", Effort.STOP),
        ("nodelist.node.n1.ring0_addr", "10.0.0.11", "10.0.0.12", Effort.STOP),
        ("nodelist.node.n1.nodeid", "1", "2", Effort.STOP),
    ],
)
def test_each_setting(key: str, running: str | None, desired: str | None, effort: Effort) -> None:
    before = {} if running is None else {key: running}
    after = {} if desired is None else {key: desired}
    plan = plan_config(before, after)
    assert plan.effort is effort
    assert [change.key for change in plan.needing(effort)] == [key]


def test_the_dearest_change_decides() -> None:
    plan = plan_config({"totem.token": "1000"}, {"totem.token": "900", "quorum.wait_for_all": "1"})
    assert plan.effort is Effort.RESTART


def _config(servers: int, quorum: str) -> dict[str, str]:
    nodes = "".join(
        f"node {{\n name: n{one}\n nodeid: {one}\n ring0_addr: 10.0.1.1{one}\n}}\n" for one in range(1, servers + 1)
    )
    consensus = "consensus: 300\n" if servers == 2 else ""
    return parse_config(
        f"totem {{\n cluster_name: demo\n{consensus}}}\nquorum {{\n{quorum}}}\nnodelist {{\n{nodes}}}\n"
    )


@pytest.mark.parametrize("vote", [True, False], ids=["with a vote host", "without one"])
def test_two_servers_that_become_three_and_three_that_become_two_only_reload(vote: bool) -> None:
    device = "device {\n model: net\n}\n"
    two, three = _config(2, device if vote else "two_node: 1\n"), _config(3, device if vote else "")
    plan = plan_config(two, three)
    assert plan.effort is Effort.RELOAD
    assert {change.key for change in plan.changes} >= {"nodelist.node.n3.nodeid", "totem.consensus"}
    assert ("quorum.two_node" in {change.key for change in plan.changes}) is not vote
    assert plan_config(three, two).effort is Effort.RELOAD


def test_nothing_to_do() -> None:
    assert plan_config({"totem.token": "1000"}, {"totem.token": "1000"}).effort is Effort.NONE
