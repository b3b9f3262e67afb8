# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab has to be like, so that a fault is the fault and nothing else.

Before anything is deployed: a half-made cluster that loses its only server with data has to be told to go on.
"""

from __future__ import annotations

from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster


def test_the_death_of_servers_leaves_the_others_their_network(cluster: Cluster) -> None:
    """A bridge that changes its hardware address with its ports cuts the survivors off for half a minute."""

    def gateway(name: str) -> str:
        """Return the hardware address to which a server sends its answers to us, asked anew."""
        address = f"{cluster.prefix}.2.1"
        cluster.lab[name].must(f"ip neighbour flush to {address}")
        return cluster.lab[name].must(f"ip neighbour show to {address}").split("lladdr")[1].split()[0]

    before = gateway("v1")
    with faults.power_cut(*cluster.servers()):
        assert gateway("v1") == before
    with faults.power_cut(cluster.lab["v1"]):
        assert gateway("n1") == before
