# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commits per second of one PostgreSQL on a replicated disk, on the disk alone, and with a synchronous standby.

What differs is what is below it, or beside: settings, file system, servers and `pgbench` are the same. The cluster ends
with it, as its disks are overwritten. The servers share the processors and the disk of one machine: a second copy costs
more here than between two that share nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ansible_collections.pgha.cluster.tests.bench import raw
from ansible_collections.pgha.cluster.tests.support.client import USER
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server, wait_until

REPLICATED, ALONE, STREAMED = "DRBD, two disks", "the disk alone", "the disk, and a synchronous standby"
DATABASE = "bench"
SECONDS = 20
LONG_SECONDS = 300
POSTGRES = "cd / && runuser -u postgres --"
# In this order the manager leaves while corosync still carries it, and nobody is fenced.
STOP = "systemctl stop pgha-watch pacemaker corosync-qdevice corosync"
# As the role stack_drbd makes and mounts it. What the kernel leaves for later of a new file system is long written on
# DRBD's, and would be measured here.
MAKE = """set -e
disk=$(drbdadm sh-ll-dev pgha)
mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 $disk
mount -o noatime $disk {mount}
chown postgres:postgres {mount}
"""
# As the role postgresql does.
INITIALISE = (
    "{programs}/initdb --pgdata={mount}/main --data-checksums --encoding=UTF8 --locale=C.UTF-8"
    " --auth-local=peer --auth-host=scram-sha-256"
)
_RATE = re.compile(r"^tps = (?P<rate>[0-9.]+) \(without initial connection time\)$", re.MULTILINE)


def rate_of(output: str) -> float:
    """Return the commits per second that `pgbench` counted.

    :raises ValueError: it counted none.
    """
    found = _RATE.search(output)
    if found is None:
        raise ValueError(f"pgbench counted no transactions: {output[-1000:]}")
    return float(found["rate"])


class Place:
    """Two servers with PostgreSQL's programs and settings, and with a disk each that is DRBD's first.

    :ivar primary: where `pgbench` runs, from the first to the last.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.primary = cluster.primary()
        self.standby = cluster.other(self.primary)
        self.version = self.primary.must("ls /usr/lib/postgresql")
        self.programs = f"/usr/lib/postgresql/{self.version}/bin"
        self.mount = f"/var/lib/postgresql/{self.version}"

    def rates(self, runs: int) -> list[float]:
        """Return how many commits a second there are, so many times."""
        server, pgbench = self.primary, f"{POSTGRES} {self.programs}/pgbench"
        statements = f"DROP DATABASE IF EXISTS {DATABASE};\nCREATE DATABASE {DATABASE};"
        self.cluster.must_sql(server, statements, timeout=LONG_SECONDS)
        server.must(f"{pgbench} --initialize --quiet --scale=5 {DATABASE}", timeout=LONG_SECONDS)
        found = []
        for _run in range(runs):
            self.cluster.must_sql(server, "CHECKPOINT", timeout=LONG_SECONDS)
            measured = f"{pgbench} --client=4 --time={SECONDS} --protocol=prepared {DATABASE}"
            found.append(rate_of(server.must(measured, timeout=SECONDS + LONG_SECONDS)))
        return found

    def end_cluster(self) -> None:
        """Stop the cluster on both servers, on the primary last, so that nothing moves before."""
        for server in (self.standby, self.primary):
            server.must(f"{STOP} && {{ drbdadm down pgha; ! grep ' ro:' /proc/drbd; }}", timeout=LONG_SECONDS)

    def take_disk(self, server: Server) -> None:
        """Make a file system on a server's own disk, without DRBD, where PostgreSQL looks for its data."""
        server.must(MAKE.format(mount=self.mount), timeout=LONG_SECONDS)

    def start_alone(self) -> None:
        """Make an empty database on the disk alone and start it."""
        self.take_disk(self.primary)
        initialise = INITIALISE.format(programs=self.programs, mount=self.mount)
        self.primary.must(f"{POSTGRES} {initialise}", timeout=LONG_SECONDS)
        self.primary.must(f"pg_ctlcluster {self.version} main start", timeout=LONG_SECONDS)
        wait_until(lambda: self.cluster.sql(self.primary, "SELECT 1") == "1", 60, "PostgreSQL answers")

    def follow(self) -> None:
        """Let the other server follow over the replication network, on its own disk."""
        self.take_disk(self.standby)
        rules = raw.HBA.format(prefix=self.cluster.prefix)
        self.primary.must(f"cat >> /etc/postgresql/{self.version}/main/pg_hba.conf <<'END'\n{rules}\nEND")
        role = f"CREATE ROLE {USER} LOGIN REPLICATION PASSWORD '{self.cluster.password}'"
        self.cluster.must_sql(self.primary, f"{role};\nSELECT pg_reload_conf();")
        raw.follow(self.cluster, self.version, self.primary, self.standby)
        wait_until(self.waits, 60, "commits wait for the standby")

    def waits(self) -> bool:
        """Tell whether commits wait until the standby has them, too."""
        return any(one.endswith(" streaming sync") for one in self.cluster.followers(self.primary))


def measured(place: Place, runs: int) -> Iterator[tuple[str, list[float]]]:
    """Measure all three; the cluster is over after the first."""
    yield REPLICATED, place.rates(runs)
    place.end_cluster()
    place.start_alone()
    yield ALONE, place.rates(runs)
    place.follow()
    yield STREAMED, place.rates(runs)
