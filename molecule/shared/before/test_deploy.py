# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploys that die in the middle."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.stacks import chosen_stack
from ansible_collections.pgha.cluster.tests.support.strikes import SHORT

POINTS = chosen_stack().deploy_points


# Each is minutes: the short list takes the first one, and the full list the others.
@pytest.mark.parametrize("point", POINTS[:1] if SHORT else POINTS[1:])
def test_a_deploy_killed_in_the_middle_can_be_killed_again_further_on(cluster: Cluster, point: str) -> None:
    # That it then completes is for the deploy that follows, which is the scenario's own.
    assert cluster.playbooks.interrupted("deploy", point), f"deploy ended without coming to: {point}"
    for server in cluster.servers():
        assert not server.must("find /var/lib -name '*.pgha-initdb'"), "half of the first data is left"
