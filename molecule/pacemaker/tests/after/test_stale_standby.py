# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hole that is known and still open: see docs/adr/S1-promotion-needs-proof.md."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.client import DATABASE
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import wait_until
from ansible_collections.pgha.cluster.tests.support.strikes import boot_and_vouch, full_only, written

pytestmark = [pytest.mark.usefixtures("healed"), full_only]


@pytest.mark.xfail(strict=True, reason="its copy of the cluster's configuration still calls it synchronous")
def test_a_standby_that_comes_back_alone_is_not_promoted(clients: Cluster) -> None:
    """It was lost first, and the primary went on alone. Then that one is lost, and proven to be off."""
    clients.wait_whole()
    old = clients.primary()
    new = clients.other(old)
    try:
        with faults.power_cut(new):
            wait_until(lambda: not clients.followers(old), 60, "the primary is alone")
            there = written(clients, old)
            with faults.bmc_dead(old), faults.power_cut(old):
                boot_and_vouch(clients, new, old, 120)
                wait_until(lambda: clients.roles()[new.name] in ("standby", "primary"), 120, "its PostgreSQL runs")
                # As long as the agent takes to find that there is no other primary, and some more.
                with pytest.raises(AssertionError, match="is primary"):
                    wait_until(lambda: clients.roles()[new.name] == "primary", 60, f"{new.name} is primary")
        clients.playbooks.must("failover", pgha_target=old.name)
        clients.wait_whole()
        assert clients.must_sql(clients.primary(), there, DATABASE) == "t"
    finally:
        # Where it was promoted, the old primary is kept out, and the tests after this one need both.
        clients.lab.heal()
        wait_until(lambda: clients.playbooks.run("rebuild_standby").rc == 0, 120, "the cluster is whole again")
