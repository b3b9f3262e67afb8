# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A strike under traffic, and for how long no client could write because of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping

from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.trial import Book, Trial

OUTAGE_SECONDS = 120


@contextlib.contextmanager
def switched_over(trial: Trial) -> Iterator[None]:
    """Exchange the roles."""
    trial.cluster.playbooks.must("switchover")
    yield


STRIKES: Mapping[str, Callable[[Trial], contextlib.AbstractContextManager[None]]] = {
    "kill": lambda trial: faults.killed(trial.primary, "postgres"),
    "power": lambda trial: faults.power_cut(trial.primary),
    "switchover": switched_over,
}


def outage(cluster: Cluster, book: Book, name: str) -> float:
    """Strike under traffic and return the longest time without a commit, until the cluster is whole again."""
    with book.trial(cluster, name) as trial:
        trial.strike()
        with STRIKES[name](trial):
            # Not since the strike: commits from before it took effect would count.
            trial.traffic.wait_writes(time.monotonic(), OUTAGE_SECONDS, "clients commit again")
    return trial.measured.write_outage
