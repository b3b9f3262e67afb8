# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`: deploys, outages of writes and the agent's own cost, as medians, with the raw cost beside them.

A stack with one disk has a list of its own: see `disk`.

PGHA_BENCH_RUNS says how often each is measured (3), PGHA_STACK on which stack and PGHA_RELEASE on which release,
PGHA_LAB and PGHA_PREFIX where. The targets are shown for whoever reads the table; nothing fails by them.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from ansible_collections.pgha.cluster.tests.bench import disk, raw
from ansible_collections.pgha.cluster.tests.bench.cost import costs
from ansible_collections.pgha.cluster.tests.bench.figures import HEADING, Row
from ansible_collections.pgha.cluster.tests.bench.outage import STRIKES, outage
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.stacks import Agents, Drbd, Stack
from ansible_collections.pgha.cluster.tests.support.trial import Book

ROLES = ("primary", "standby")


def rows_of(stack: Stack) -> dict[str, Row]:
    """Return the lines of a stack's table, nothing measured yet."""
    rows = {
        "first": Row("first deploy [s]", "2 x raw", "apt-get install and pg_basebackup of the same"),
        "second": Row("second deploy, nothing to change [s]", "25.0"),
        "kill": Row("no writes after kill -9 [s]", "3.0", "pg_ctlcluster start at once, by hand"),
        "power": Row("no writes after a power cut [s]", "5.0", "power off and pg_promote at once, by hand"),
        "switchover": Row("no writes in a switchover [s]", "1.0", "pg_ctl stop here and pg_promote there, by hand"),
    }
    if isinstance(stack, Agents):
        for role in ROLES:
            rows[f"processor {role}"] = Row(f"agent of an idle {role} [% of a core]", "0.50", digits=2)
            rows[f"memory {role}"] = Row(f"agent of an idle {role} [MB]", "40.0")
    return rows


def measure(cluster: Cluster, book: Book, rows: Mapping[str, Row]) -> dict[str, set[str]]:
    """Measure a cluster on a lab that was just made; return which packages the deploy installed on which server."""
    before = {server.name: raw.packages_of(server) for server in cluster.lab}
    rows["first"].ours.append(cluster.playbooks.must("deploy").seconds)
    added = {server.name: raw.packages_of(server) - before[server.name] for server in cluster.lab}
    rows["second"].ours.append(cluster.playbooks.must("deploy").seconds)
    cluster.wait_whole()
    if isinstance(cluster.stack, Agents):
        roles = cluster.roles()
        for name, cost in costs(cluster.servers()).items():
            rows[f"processor {roles[name]}"].ours.append(cost.percent)
            rows[f"memory {roles[name]}"].ours.append(cost.megabytes)
    cluster.prepare_clients()
    for name in STRIKES:
        rows[name].ours.append(outage(cluster, book, name))
    return added


def measure_raw(cluster: Cluster, added: dict[str, set[str]], rows: Mapping[str, Row]) -> None:
    """Measure the same by hand; a power cut leaves no pair behind, so it gets one of its own."""
    raw.fresh(cluster)
    rows["first"].raw.append(raw.deploy(cluster, added))
    rows["kill"].raw.append(raw.kill_outage(cluster))
    rows["switchover"].raw.append(raw.switchover_outage(cluster))
    raw.fresh(cluster)
    rows["first"].raw.append(raw.deploy(cluster, added))
    rows["power"].raw.append(raw.power_outage(cluster))


def tables(cluster: Cluster, book: Book, runs: int) -> Iterator[str]:
    """Measure a stack with a database on each server, each run on a lab of its own, and return the table."""
    rows = rows_of(cluster.stack)
    for run in range(1, runs + 1):
        print(f"{cluster.stack.name}, run {run} of {runs}", flush=True)
        raw.fresh(cluster)
        measure_raw(cluster, measure(cluster, book, rows), rows)
    yield "\n".join([HEADING, *(row.line() for row in rows.values())])


def main() -> None:
    """Measure everything and print the tables."""
    runs = int(os.environ.get("PGHA_BENCH_RUNS", "3"))
    with tempfile.TemporaryDirectory() as directory:
        cluster = Cluster.chosen(Path(directory), {**raw.PLACE, **os.environ})
        book = Book(Path(directory) / "faults.json")
        measured = disk.tables if isinstance(cluster.stack, Drbd) else tables
        with raw.lab_removed(cluster):
            for table in measured(cluster, book, runs):
                title = f"{cluster.stack.name}, {cluster.release}, median (least to most) of {runs}"
                print(f"\n{title}\n{table}\n", flush=True)


if __name__ == "__main__":
    main()
