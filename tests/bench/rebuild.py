# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-rebuild`: a rewind costs as much as what diverged, and not as much as the database is large.

An old primary that went on to write after its standby was promoted is killed and brought back by a rewind; in each run
also by a full clone. The roles are exchanged each time, and the next one starts from there.

pg_rewind copies what the diverged WAL touched, and besides all WAL files that the primary has, whatever diverged: the
table's last column. Here that is the wal_keep_size that the role postgresql sets; a busy primary also has files that
wait to be written, up to max_wal_size. PGHA_BENCH_WAL_KEEP sets another wal_keep_size, to see what it costs.

PGHA_BENCH_RUNS says how often each is measured (3), PGHA_BENCH_SIZES the sizes in gigabytes (0.1,1,4),
PGHA_BENCH_DIVERGED the megabytes of WAL to undo (16,64,256), PGHA_RELEASE on which release, PGHA_LAB and PGHA_PREFIX
where. While it is cloned the database is there three times: 4 GB take 15 GB of this machine's disk.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.pgha.cluster.tests.bench import raw
from ansible_collections.pgha.cluster.tests.bench.figures import (
    CLONE,
    GIGABYTE,
    MEGABYTE,
    Rebuild,
    listed,
    named,
    table,
)
from ansible_collections.pgha.cluster.tests.bench.pair import Pair
from ansible_collections.pgha.cluster.tests.bench.plot import drawn
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.playbooks import PROJECT

PLOT = PROJECT / "build" / "bench" / "rebuild.svg"


def brought_back(pair: Pair, size: float, diverged: float, way: float) -> Rebuild:
    """Let the servers diverge, bring the old primary back, and return what that took.

    :param way: what it is counted as: the divergence, or `CLONE`, and then it is cloned although it could be rewound.
    """
    old = pair.diverge(diverged)
    new = pair.cluster.other(old)
    wal, before = pair.wal_bytes(new), pair.received(old)
    if way == CLONE:
        expected, result = "clone", pair.module(old, "pg_basebackup", force=True)
    else:
        config = f"{pair.config}/postgresql.conf"
        expected, result = "rewind", pair.module(old, "pg_standby", config_file=config)
    received = pair.received(old) - before
    # A rewind that fails is followed by a clone, which would be measured in its place.
    assert result["decision"] == expected, f"{result['decision']}: {result['reason']} {result.get('rewind_failed', '')}"
    pair.start(old)
    pair.wait_replayed(new)
    pair.tidy(old)
    return Rebuild(size, way, float(result["seconds"]), received / MEGABYTE, wal / MEGABYTE)


def measurements(pair: Pair, sizes: list[float], divergences: list[float], runs: int) -> Iterator[Rebuild]:
    """Measure everything, smallest database first, and say what is under way."""
    began = time.monotonic()
    for size in sizes:
        print(f"database of {size:g} GB", flush=True)
        pair.fill(round(size * GIGABYTE))
        for run in range(1, runs + 1):
            # The clone undoes the greatest divergence: what it copies is the same for each.
            for diverged, way in [*((one, one) for one in divergences), (divergences[-1], CLONE)]:
                one = brought_back(pair, size, diverged, way)
                print(
                    f"  run {run} of {runs}: {named(way)}: {one.seconds:.1f} s, {one.received:.1f} MB received"
                    f" ({(time.monotonic() - began) / 60:.0f} minutes so far)",
                    flush=True,
                )
                yield one


def main() -> None:
    """Measure everything, print the table and draw the plot."""
    runs = int(os.environ.get("PGHA_BENCH_RUNS", "3"))
    sizes = listed(os.environ.get("PGHA_BENCH_SIZES", "0.1,1,4"))
    divergences = listed(os.environ.get("PGHA_BENCH_DIVERGED", "16,64,256"))
    with tempfile.TemporaryDirectory() as directory:
        cluster = Cluster.chosen(Path(directory), {**raw.PLACE, **os.environ})
        print("making the lab and a pair of servers", flush=True)
        with raw.lab_removed(cluster):
            raw.fresh(cluster)
            pair = Pair(cluster)
            pair.deploy()
            measured = list(measurements(pair, sizes, divergences, runs))
    title = f"{cluster.release}, PostgreSQL {pair.version}, median (least to most) of {runs}"
    print(f"\n{title}\n{table(measured)}")
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    PLOT.write_text(drawn(measured, f"Bringing an old primary back: {title}"), encoding="utf-8")
    print(f"\n{PLOT.relative_to(PROJECT)} shows the medians")


if __name__ == "__main__":
    main()
