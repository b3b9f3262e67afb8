# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault with a writer, a reader and observers running; the cluster whole again by documented commands only."""

from __future__ import annotations

import contextlib
import time

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import wait_until
from ansible_collections.pgha.cluster.tests.support.strikes import (
    Fault,
    each,
    full_only,
    must_survive,
    must_survive_both_power_cuts,
)
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = pytest.mark.usefixtures("healed")

FAULTS = [
    Fault("postgres killed", lambda trial: faults.killed(trial.primary, "postgres"), None, short=True),
    Fault("primary's power cut", lambda trial: faults.power_cut(trial.primary), True, short=True),
    Fault("primary frozen", lambda trial: faults.frozen(trial.primary), True),
    Fault("primary's public cable cut", lambda trial: faults.cables_cut(trial.primary, "public"), True, 60, False),
    Fault("primary's replication cable cut", lambda trial: faults.cables_cut(trial.primary, "replication"), False, 60),
    Fault("all the primary's cables cut", lambda trial: faults.cables_cut(trial.primary), True, 60, short=True),
    Fault("standby's power cut", lambda trial: faults.power_cut(trial.standby), False, 60),
]


@each(FAULTS)
def test_fault(clients: Cluster, book: Book, fault: Fault) -> None:
    must_survive(clients, book, fault)


@full_only
def test_both_servers_lose_power_and_come_back(clients: Cluster, book: Book) -> None:
    must_survive_both_power_cuts(clients, book, 180)


@full_only
def test_the_old_primary_reboots_and_takes_no_write_before_it_is_a_standby(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "primary rebooted") as trial:
        trial.strike()
        with faults.shut_down(trial.primary):
            # Not since the strike: until its manager stops it, the old primary goes on taking writes.
            trial.traffic.wait_writes(time.monotonic(), 60, "clients commit on the other server")
            trial.primary_is(trial.standby)


@full_only
def test_the_distribution_starts_no_postgresql_at_boot(clients: Cluster, book: Book) -> None:
    """A server that comes back without what starts PostgreSQL there has to come back without PostgreSQL (S2)."""
    with book.trial(clients, "standby boots without manager") as trial, contextlib.ExitStack() as undo:
        standby = trial.standby
        service = clients.stack.service
        undo.callback(standby.must, f"systemctl start {service}")
        undo.callback(standby.must, f"systemctl enable {service}")
        standby.must(f"systemctl disable {service}")
        trial.strike()
        with faults.power_cut(standby):
            trial.writes_return(60)
        # "degraded" is as good an end of booting as "running" is.
        state = standby.ssh("systemctl is-system-running --wait").stdout.strip()
        assert state in {"running", "degraded"}
        assert standby.ssh("pgrep -x postgres").rc == 1, "PostgreSQL was started by the distribution"


@full_only
def test_without_a_working_fence_device_nothing_is_promoted(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "power cut, fence device dead") as trial:
        primary, standby = trial.primary, trial.standby
        with faults.bmc_dead(primary):
            trial.strike()
            with faults.power_cut(primary):
                wait_until(lambda: clients.stack.fencing_failed(standby, primary), 120, "fencing has failed")
                trial.nobody_takes_writes()
                told = clients.status()
                assert told["primary"] is None, told
                assert "fenc" in str(told["problems"]).lower(), told
                trial.nobody_takes_writes()
                primary.bmc_start()
                trial.writes_return(120)
                trial.primary_is(standby)
