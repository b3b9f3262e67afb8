# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`: deploy, second run and outages of writes, as medians, with the raw cost beside them.

PGHA_BENCH_RUNS says how often each is measured (3), PGHA_RELEASE on which release, PGHA_LAB and PGHA_PREFIX where.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.pgha.cluster.tests.bench import raw
from ansible_collections.pgha.cluster.tests.bench.figures import shown
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server


@dataclass
class Row:
    """One line of the table."""

    what: str
    beside: str
    ours: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)

    def line(self) -> str:
        """Return it as text: median (least to most), and the same for the raw cost."""
        return f"{self.what:38} {shown(self.ours):>24} {shown(self.raw):>24}  {self.beside}"


@contextlib.contextmanager
def killed(server: Server) -> Iterator[None]:
    """Kill PostgreSQL."""
    server.must("pkill -KILL -o -x postgres")
    yield


def outage(cluster: Cluster, name: str, fault: Callable[[Server], contextlib.AbstractContextManager[None]]) -> float:
    """Strike the primary under traffic and return the outage of writes; the cluster is whole again afterwards."""
    cluster.wait_whole()
    with cluster.traffic(name) as traffic:
        struck = time.monotonic()
        with fault(cluster.primary()):
            traffic.wait_writes(struck, 120, "clients commit again")
            longest = traffic.outages(struck)[0]
        cluster.make_whole()
    traffic.judge(cluster.rows(traffic))
    return longest


def switchover(cluster: Cluster, name: str) -> float:
    """Exchange the roles under traffic and return the outage of writes."""
    cluster.wait_whole()
    with cluster.traffic(name) as traffic:
        began = time.monotonic()
        cluster.playbooks.must("switchover")
        longest = traffic.outages(began)[0]
        cluster.wait_whole()
    traffic.judge(cluster.rows(traffic))
    return longest


def main() -> None:
    """Measure everything and print the table."""
    runs = int(os.environ.get("PGHA_BENCH_RUNS", "3"))
    rows = {
        "deploy": Row("deploy, two servers and a vote host [s]", "apt-get install and pg_basebackup of the same"),
        "second": Row("second run, nothing to change [s]", ""),
        "power": Row("no writes after a power cut [s]", "power off and pg_promote at once, by hand"),
        "switchover": Row("no writes in a switchover [s]", "pg_ctl stop here and pg_promote there, by hand"),
        "kill": Row("no writes after kill -9 [s]", "pg_ctlcluster start at once, by hand"),
    }
    with tempfile.TemporaryDirectory() as directory:
        cluster = Cluster.chosen(Path(directory), {"PGHA_LAB": "bench", "PGHA_PREFIX": "10.89", **os.environ})
        for run in range(1, runs + 1):
            print(f"run {run} of {runs}", flush=True)
            raw.fresh(cluster)
            before = {server.name: raw.packages_of(server) for server in cluster.lab}
            rows["deploy"].ours.append(cluster.playbooks.must("deploy").seconds)
            added = {server.name: raw.packages_of(server) - before[server.name] for server in cluster.lab}
            rows["second"].ours.append(cluster.playbooks.must("deploy").seconds)
            cluster.prepare_clients()
            rows["switchover"].ours.append(switchover(cluster, f"switchover-{run}"))
            rows["kill"].ours.append(outage(cluster, f"kill-{run}", killed))
            rows["power"].ours.append(outage(cluster, f"power-{run}", faults.power_cut))
            raw.fresh(cluster)
            rows["deploy"].raw.append(raw.deploy(cluster, added))
            rows["kill"].raw.append(raw.kill_outage(cluster))
            rows["switchover"].raw.append(raw.switchover_outage(cluster))
            raw.fresh(cluster)
            rows["deploy"].raw.append(raw.deploy(cluster, added))
            rows["power"].raw.append(raw.power_outage(cluster))
        cluster.playbooks.must("lab", lab_state="absent")
    print(f"\n{cluster.release}, median (least to most) of {runs}\n{'':38} {'pgha.cluster':>24} {'raw':>24}")
    for row in rows.values():
        print(row.line())


if __name__ == "__main__":
    main()
