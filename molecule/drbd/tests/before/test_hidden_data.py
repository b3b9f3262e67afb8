# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database that lies where the disk is going to be mounted: nobody would see it any more."""

from __future__ import annotations

from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.strikes import data_of

INSTALL = """
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update && apt-get -qq install --yes --no-install-recommends postgresql >/dev/null 2>&1
[ -n "$(pg_lsclusters --no-header)" ] || pg_createcluster 15 main
systemctl restart postgresql && pg_lsclusters --no-header | grep online
"""


def test_data_that_the_disk_would_hide_are_refused(cluster: Cluster) -> None:
    first = cluster.servers()[0]
    first.must(INSTALL, timeout=900)
    refused = cluster.playbooks.run("deploy")
    assert refused.rc != 0
    assert f"{first.name} holds PostgreSQL data on a disk of its own" in refused.output, refused.output[-3000:]
    # As the refusal says; the deploys that follow find none there.
    first.must(f"systemctl stop postgresql && mv {data_of(first)} /root/moved-aside", timeout=120)
