# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switching over on purpose, under load: back and forth, and refused."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import pytest
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import wait_until
from ansible_collections.pgha.cluster.tests.support.stacks import FAR
from ansible_collections.pgha.cluster.tests.support.strikes import (
    SHORT,
    State,
    as_it_is,
    full_only,
    must_refuse_switchover,
    must_switch_in_a_row,
)
from ansible_collections.pgha.cluster.tests.support.trial import Book

# A run of all scenarios takes fewer: each is half a minute, and ten tell more of the pause than of what breaks.
TIMES = 2 if SHORT else int(os.environ.get("PGHA_SWITCHOVERS", "10"))
pytestmark = pytest.mark.usefixtures("healed")


def test_switchovers_in_a_row(clients: Cluster, book: Book) -> None:
    must_switch_in_a_row(clients, book, TIMES, whole=clients.wait_whole)


@contextlib.contextmanager
def foreign_slot(cluster: Cluster) -> Iterator[None]:
    """A slot that only the primary has."""
    primary = cluster.primary()
    cluster.must_sql(primary, "SELECT pg_create_physical_replication_slot('warehouse')")
    try:
        yield
    finally:
        cluster.must_sql(primary, "SELECT pg_drop_replication_slot('warehouse')")


@contextlib.contextmanager
def deaf_standby(cluster: Cluster) -> Iterator[None]:
    """A standby that receives nothing and has not been missed yet."""
    primary, standby = cluster.primary(), cluster.other(cluster.primary())
    standby.must("pkill -STOP -f 'postgres.*walreceiver'")
    try:
        # The primary ends the connection that gives no sign of life.
        wait_until(lambda: f"{standby.name} streaming sync" not in cluster.followers(primary), 60, "it is missed")
        yield
    finally:
        standby.must("pkill -CONT -f 'postgres.*walreceiver'")
        cluster.wait_whole()


SLEEPERS_END = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%sleep%' AND pid <> pg_backend_pid()"
)


@contextlib.contextmanager
def much_under_way(cluster: Cluster) -> Iterator[None]:
    """What a person may accept to be cut: a transaction that takes long, a base backup, and a slot of somebody else."""
    primary = cluster.primary()
    began = "SELECT count(*) FROM pg_stat_activity WHERE xact_start < now() - interval '31 s' AND query LIKE '%sleep%'"
    copies = "SELECT count(*) FROM pg_stat_progress_basebackup"
    with foreign_slot(cluster), contextlib.ExitStack() as undo:
        undo.callback(primary.must, "systemctl stop transaction copy; rm -rf /tmp/copy /tmp/copy-far")
        # Its client is gone by then, and a backend that sleeps does not notice that.
        undo.callback(cluster.must_sql, primary, SLEEPERS_END)
        run = "systemd-run -q -p User=postgres --collect"
        primary.must(f"{run} --unit transaction psql -c 'SELECT pg_sleep(300)'")
        copy = f"pg_basebackup -h {primary.addresses['replication']} -U pgha_replication -D /tmp/copy --max-rate=32k"
        primary.must(f"{run} --unit copy {copy} -T {FAR}=/tmp/copy-far")
        wait_until(lambda: cluster.sql(primary, began) == "1" and cluster.sql(primary, copies) == "1", 60, "both run")
        yield


REFUSALS: dict[str, tuple[State, str, list[str]]] = {
    "nobody by that name": (as_it_is, "n9", ["pgha_target names n9"]),
    "work would be cut": (
        much_under_way,
        "",
        ["the replication slots warehouse", "a transaction on ", "a base backup of ", "-e pgha_accept="],
    ),
    "the standby does not stream": (deaf_standby, "", ["does not stream"]),
}


@full_only
@pytest.mark.parametrize("reason", [pytest.param(reason, id=reason.replace(" ", "-")) for reason in REFUSALS])
def test_a_switchover_is_refused(clients: Cluster, reason: str) -> None:
    must_refuse_switchover(clients, *REFUSALS[reason])
