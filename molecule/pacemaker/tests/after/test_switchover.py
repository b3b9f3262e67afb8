# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Switching over on purpose, under load: back and forth, refused, and struck by faults in the middle."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import FAR, Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server, wait_until
from ansible_collections.pgha.cluster.tests.support.trial import Book, Measured

SHORT = os.environ.get("PGHA_FAULTS", "full") == "short"
TIMES = 2 if SHORT else 10
pytestmark = pytest.mark.usefixtures("healed")
full_only = pytest.mark.skipif(SHORT, reason="only PGHA_FAULTS=full runs it")


def resting(server: Server) -> bool:
    """Return whether the cluster rests for a switchover."""
    return "pgha-switchover" in server.ssh("cibadmin --query --scope crm_config").stdout


def test_switchovers_in_a_row(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "switchovers in a row") as trial:
        trial.strike()
        before, after = trial.primary, trial.standby
        for number in range(1, TIMES + 1):
            moment = time.monotonic()
            played = clients.playbooks.must("switchover")
            assert ": OK: everything is as it should be" in played.output, played.output[-3000:]
            trial.primary_is(after)
            writes, reads = trial.traffic.outages(moment)
            clients.wait_whole()
            book.measured.append(
                Measured(f"switchover {number}", before.name, after.name, writes, reads, time.monotonic() - moment)
            )
            before, after = after, before


@contextlib.contextmanager
def standby_resting(cluster: Cluster) -> Iterator[None]:
    """The standby taken out of service by a person."""
    standby = cluster.other(cluster.primary())
    standby.must(f"crm node standby {standby.name} && crm_resource --wait")
    try:
        yield
    finally:
        standby.must(f"crm node online {standby.name}")
        cluster.wait_whole()


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


@contextlib.contextmanager
def in_maintenance(cluster: Cluster) -> Iterator[None]:
    """Somebody works on the standby."""
    standby = cluster.other(cluster.primary())
    standby.must(f"crm --force node maintenance {standby.name}")
    try:
        yield
    finally:
        standby.must(f"crm node ready {standby.name}")
        cluster.wait_whole()


@contextlib.contextmanager
def asynchronous_standby(cluster: Cluster) -> Iterator[None]:
    """A primary that no longer waits for its standby, because somebody told it so."""
    primary, standby = cluster.primary(), cluster.other(cluster.primary())
    try:
        cluster.must_sql(primary, "ALTER SYSTEM SET synchronous_standby_names = ''")
        cluster.must_sql(primary, "SELECT pg_reload_conf()")
        wait_until(lambda: f"{standby.name} streaming async" in cluster.followers(primary), 30, "it is asynchronous")
        yield
    finally:
        cluster.must_sql(primary, "ALTER SYSTEM RESET synchronous_standby_names")
        cluster.must_sql(primary, "SELECT pg_reload_conf()")
        cluster.wait_whole()


REFUSALS: dict[str, tuple[Callable[[Cluster], contextlib.AbstractContextManager[None]], str, list[str]]] = {
    "nobody by that name": (contextlib.nullcontext, "n9", ["pgha_target names n9"]),
    "the standby is out of service": (standby_resting, "", ["is no running standby"]),
    "work would be cut": (
        much_under_way,
        "",
        ["the replication slots warehouse", "a transaction on ", "a base backup of ", "-e pgha_accept="],
    ),
    "the standby does not stream": (deaf_standby, "", ["does not stream"]),
    "the standby is in maintenance": (in_maintenance, "", ["for maintenance"]),
    "the standby is asynchronous": (asynchronous_standby, "", ["is no synchronous standby (async)"]),
}


@full_only
@pytest.mark.parametrize("reason", [pytest.param(reason, id=reason.replace(" ", "-")) for reason in REFUSALS])
def test_a_switchover_is_refused(clients: Cluster, reason: str) -> None:
    clients.wait_whole()
    primary = clients.primary()
    state, target, said = REFUSALS[reason]
    with state(clients):
        refused = clients.playbooks.run("switchover", **({"pgha_target": target} if target else {}))
        assert refused.rc != 0
        assert "The switchover is refused" in refused.output
        for words in said:
            assert words in refused.output, refused.output[-3000:]
        assert clients.roles()[primary.name] == "primary"
        assert not resting(primary)


@full_only
def test_the_target_loses_power_in_the_middle(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "target's power cut in a switchover") as trial:
        primary, standby = trial.primary, trial.standby
        with clients.playbooks.running("switchover", pgha_target=standby.name):
            wait_until(lambda: resting(primary), 60, "the cluster rests")
            trial.strike()
            with faults.power_cut(standby):
                wait_until(lambda: not resting(primary), 180, "the cluster goes on")
        # Where the target had not been promoted yet, the old primary takes writes again; otherwise nobody but the
        # target knows what it acknowledged, and the trial's end does what status says: let it go on.


@full_only
def test_the_controller_is_lost_in_the_middle(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "controller lost in a switchover") as trial:
        trial.strike()
        with clients.playbooks.running("switchover"):
            wait_until(lambda: resting(trial.primary), 60, "the cluster rests")
        wait_until(lambda: not resting(trial.standby), 120, "the cluster goes on")
        trial.primary_is(trial.standby)
