# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A switchover that the state of the cluster manager forbids, and one that is struck while its cluster rests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import wait_until
from ansible_collections.pgha.cluster.tests.support.pacemaker import in_maintenance, standby_told
from ansible_collections.pgha.cluster.tests.support.strikes import State, full_only, must_refuse_switchover
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = pytest.mark.usefixtures("healed")


def standby_resting(cluster: Cluster) -> contextlib.AbstractContextManager[None]:
    """The standby taken out of service by a person."""
    return standby_told(cluster, "crm node standby {} && crm_resource --wait", "crm node online {}")


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


REFUSALS: dict[str, tuple[State, str, list[str]]] = {
    "the standby is out of service": (standby_resting, "", ["is no running standby"]),
    "the standby is in maintenance": (in_maintenance, "", ["for maintenance"]),
    "the standby is asynchronous": (asynchronous_standby, "", ["is no synchronous standby (async)"]),
}


@full_only
@pytest.mark.parametrize("reason", [pytest.param(reason, id=reason.replace(" ", "-")) for reason in REFUSALS])
def test_a_switchover_is_refused_for_the_managers_state(clients: Cluster, reason: str) -> None:
    must_refuse_switchover(clients, *REFUSALS[reason])


@full_only
def test_the_target_loses_power_in_the_middle(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "target's power cut in a switchover") as trial:
        primary, standby = trial.primary, trial.standby
        with clients.playbooks.running("switchover", pgha_target=standby.name):
            wait_until(lambda: clients.stack.resting(primary), 60, "the cluster rests")
            trial.strike()
            with faults.power_cut(standby):
                wait_until(lambda: not clients.stack.resting(primary), 180, "the cluster goes on")
        # Where the target had not been promoted yet, the old primary takes writes again; otherwise nobody but the
        # target knows what it acknowledged, and the trial's end does what status says: let it go on.


@full_only
def test_the_controller_is_lost_in_the_middle(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "controller lost in a switchover") as trial:
        trial.strike()
        with clients.playbooks.running("switchover"):
            wait_until(lambda: clients.stack.resting(trial.primary), 60, "the cluster rests")
        wait_until(lambda: not clients.stack.resting(trial.standby), 120, "the cluster goes on")
        trial.primary_is(trial.standby)
