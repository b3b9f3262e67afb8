# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a changed setting needs: the table of the decision."""

from __future__ import annotations

import pytest
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


def test_nothing_to_do() -> None:
    assert plan_config({"totem.token": "1000"}, {"totem.token": "1000"}).effort is Effort.NONE
