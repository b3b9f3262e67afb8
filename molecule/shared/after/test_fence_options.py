# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fence devices tried for real: one that is tested, and a second level behind a first one that is dead."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import BORN
from ansible_collections.pgha.cluster.tests.support.strikes import full_only
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = [pytest.mark.usefixtures("healed"), full_only]


def test_a_standby_is_powered_off_for_real_and_comes_back(clients: Cluster) -> None:
    clients.wait_whole()
    primary = clients.primary()
    standby = clients.other(primary)
    before = {one.name: one.must(BORN) for one in clients.servers()}
    clients.playbooks.must("fence_check", pgha_fence_test=standby.name)
    assert standby.must(BORN) != before[standby.name], "its power was never off"
    assert primary.must(BORN) == before[primary.name]
    clients.make_whole()
    assert clients.primary().name == primary.name
    # A test of the primary's device would be a failover.
    refused = clients.playbooks.run("fence_check", pgha_fence_test=primary.name)
    assert refused.rc != 0, refused.output[-3000:]
    assert primary.must(BORN) == before[primary.name]


def device(level: int, network: str) -> dict[str, Any]:
    """Return a fence device of each server in turn, as the inventory would have it."""
    place = f"lab_prefix ~ '{network}' ~ pgha_addresses.management.split('.')[3]"
    return {
        "name": f"fence-{{{{ inventory_hostname }}}}-{level}",
        "agent": "fence_ipmilan",
        "level": level,
        "options": f"{{{{ lab_fence_options | combine({{'ip': {place}, 'ipmitool_timeout': 3}}) }}}}",
        "secrets": {"password": "{{ lab_fence_password }}"},
    }


# Nobody answers at the first address; the second is the server's own management controller.
LEVELS = [device(1, ".2.2"), device(2, ".2.1")]


def test_a_second_level_fences_when_the_first_one_is_dead(clients: Cluster, book: Book) -> None:
    with clients.deployed(pgha_fence_devices=LEVELS), book.trial(clients, "power cut, first level dead") as trial:
        trial.strike()
        with faults.power_cut(trial.primary):
            trial.writes_return(120)
            trial.primary_is(trial.standby)
