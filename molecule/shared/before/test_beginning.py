# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""On servers that hold nothing yet: check mode, and the first data of a cluster."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server
from ansible_collections.pgha.cluster.tests.support.stacks import Drbd, chosen_stack


def cut_in_a_deploy(cluster: Cluster, server: Server, sign: str, halt: str) -> None:
    """Halt what a deploy does as soon as there is a sign of it, and cut the server's power in its middle.

    :param sign: files, as the shell names them.
    """
    with cluster.playbooks.running("deploy"):
        server.must(f"until ls {sign}; do sleep 0.02; done >/dev/null 2>&1; {halt}", timeout=600)
        with faults.power_cut(server):
            pass


def test_check_mode_on_bare_servers_ends_well_and_touches_nothing(cluster: Cluster) -> None:
    before = {server.name: server.must("dpkg-query -W | sha256sum; ls -la /etc | sha256sum") for server in cluster.lab}
    cluster.playbooks.must("deploy", "--check", "--diff")
    after = {server.name: server.must("dpkg-query -W | sha256sum; ls -la /etc | sha256sum") for server in cluster.lab}
    assert after == before


@pytest.mark.skipif(isinstance(chosen_stack(), Drbd), reason="its servers have their packages in their image")
def test_packages_that_a_power_cut_ends_are_completed(cluster: Cluster) -> None:
    first = cluster.servers()[0]
    cut_in_a_deploy(cluster, first, "/var/lib/dpkg/updates/0*", "pkill -STOP -x dpkg")
    assert "dpkg was interrupted" in first.ssh("apt-get check").stderr
    point = cluster.stack.deploy_points[0]
    assert cluster.playbooks.interrupted("deploy", point), f"deploy ended without coming to: {point}"
    assert first.must("dpkg --audit; ls /usr/sbin/policy-rc.d 2>/dev/null || true").strip() == ""


def test_the_first_data_that_a_power_cut_ends_is_no_data(cluster: Cluster) -> None:
    first = cluster.servers()[0]
    # As soon as it looks like data, wherever it is made.
    sign = "/var/lib/postgresql/*/main*/global/pg_control"
    cut_in_a_deploy(cluster, first, sign, "pkill -STOP -x initdb && pkill -STOP -x postgres")
    assert not first.must("find /var/lib/postgresql -path '*/main/global'"), "half of it is taken for a cluster"
