# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make bench` measures of a stack whose database is on one disk.

All of it on one cluster, as such servers are slow and a deploy takes minutes: for how long clients cannot write, what
it costs a disk to catch up, and at last, as that ends the cluster, how many commits a second a replicated disk takes.
Beside the outages stands no raw cost: what `raw` makes by hand is a pair that streams, which is something else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from ansible_collections.pgha.cluster.tests.bench import commits, raw
from ansible_collections.pgha.cluster.tests.bench.figures import HEADING, Row, rates, resyncs, shown
from ansible_collections.pgha.cluster.tests.bench.outage import outage
from ansible_collections.pgha.cluster.tests.bench.resync import resynced
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import PATIENCE
from ansible_collections.pgha.cluster.tests.support.stacks import Drbd
from ansible_collections.pgha.cluster.tests.support.trial import Book

SLOW = "3"
"""A login takes such a kernel two seconds."""
DISK_MEGABYTES = 1024
"""For the database, the WAL that it keeps (wal_keep_size), and the most that is written while a disk is away."""
WRITTEN_MEGABYTES = (1, 16, 128)


def outages(cluster: Cluster, book: Book, runs: int) -> str:
    """Deploy, once, and measure for how long clients cannot write."""
    rows = {
        "deploy": Row("first deploy [s]"),
        "power": Row("no writes after a power cut [s]"),
        "switchover": Row("no writes in a switchover [s]"),
    }
    rows["deploy"].ours.append(cluster.playbooks.must("deploy").seconds)
    cluster.wait_whole()
    cluster.prepare_clients()
    for run in range(1, runs + 1):
        for name in ("power", "switchover"):
            rows[name].ours.append(outage(cluster, book, name))
            print(f"{name}, run {run} of {runs}: {rows[name].ours[-1]:.1f} s", flush=True)
    return "\n".join([HEADING, *(row.line() for row in rows.values())])


def caught_up(cluster: Cluster, runs: int) -> str:
    """Measure what catching up costs, over what was written."""
    measured = []
    for run in range(1, runs + 1):
        for megabytes in WRITTEN_MEGABYTES:
            one = resynced(cluster, megabytes)
            cost = f"{one.lacking:.1f} MB in {one.seconds:.1f} s"
            print(f"resync after {megabytes} MB, run {run} of {runs}: {cost}", flush=True)
            measured.append(one)
    return resyncs(measured)


def committed(cluster: Cluster, runs: int) -> str:
    """Measure commits per second on the replicated disk, and on what it is compared with."""
    cluster.wait_whole()
    found = {}
    for what, measured in commits.measured(commits.Place(cluster), runs):
        print(f"commits per second, {what}: {shown(measured)}", flush=True)
        found[what] = measured
    return rates(found, commits.ALONE)


def tables(cluster: Cluster, book: Book, runs: int) -> Iterator[str]:
    """Measure, and return each table when it is known: what comes after it may fail."""
    os.environ.setdefault(PATIENCE, SLOW)
    print(f"{cluster.stack.name}: making the lab, deploying", flush=True)
    cluster.playbooks.variables = {**cluster.playbooks.variables, "lab_disk_megabytes": DISK_MEGABYTES}
    raw.fresh(cluster)
    yield outages(cluster, book, runs)
    # A disk that both servers reach is in no second place.
    if cluster.stack.name == Drbd.name:
        yield caught_up(cluster, runs)
        yield committed(cluster, runs)
