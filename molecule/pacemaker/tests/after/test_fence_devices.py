# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A management controller that is away for a while, as for an update of its firmware."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import wait_until
from ansible_collections.pgha.cluster.tests.support.strikes import full_only

pytestmark = pytest.mark.usefixtures("healed")


@full_only
def test_a_fence_device_is_watched_again_when_its_controller_is_back(clients: Cluster) -> None:
    """Pacemaker's monitor of it fails, and so does the start that follows."""
    clients.wait_whole()
    primary, standby = clients.primary(), clients.other(clients.primary())
    device = f"fence-{standby.name}"

    def started() -> bool:
        return "Started" in primary.must(f"crm_mon -1 --resource={device} --include=none,resources")

    assert started()
    with faults.bmc_dead(standby):
        # As if the next monitor had come, which has a minute's time.
        primary.must(f"crm_resource --fail --resource {device} --node {primary.name}")
        # Not that it is stopped, as it is between a failure and the start that follows.
        failed = f"{device} start on {primary.name}"
        wait_until(lambda: failed in primary.must("crm_mon -1 --include=none,failures"), 120, "its start has failed")
        assert not started()
    wait_until(started, 180, f"{device} is watched again")
    clients.wait_whole()
