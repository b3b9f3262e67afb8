# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults under load on servers with one disk; they have slow kernels, so that the deadlines are long."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.drbd import disk_state
from ansible_collections.pgha.cluster.tests.support.lab import wait_until
from ansible_collections.pgha.cluster.tests.support.strikes import (
    Fault,
    boot_and_vouch,
    each,
    full_only,
    must_survive,
    must_survive_both_power_cuts,
)
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = pytest.mark.usefixtures("healed")

FAULTS = [
    # In place: a recovery there is shorter than one after the disk and the address have moved.
    Fault("postgres killed", lambda trial: faults.killed(trial.primary, "postgres"), False, 90, alone=False),
    Fault("primary's power cut", lambda trial: faults.power_cut(trial.primary), True, 180, short=True),
    Fault("all the primary's cables cut", lambda trial: faults.cables_cut(trial.primary), True, 180),
    Fault(
        "primary's replication cable cut",
        lambda trial: faults.cables_cut(trial.primary, "replication"),
        False,
        120,
        short=True,
    ),
    Fault("standby's power cut", lambda trial: faults.power_cut(trial.standby), False, 120),
]


@each(FAULTS)
def test_fault(clients: Cluster, book: Book, fault: Fault) -> None:
    must_survive(clients, book, fault)


def test_a_disk_that_comes_back_alone_is_not_promoted(clients: Cluster, book: Book) -> None:
    """Both servers lose power, the standby first: what the primary acknowledged in between only that one has.

    A person vouches that the primary is off, which it is. Pacemaker would promote the standby then, and its disk was up
    to date when it lost its power: it must know by itself that it cannot know what has happened since.
    """
    with book.trial(clients, "both lost, the standby back alone") as trial:
        primary, standby = trial.primary, trial.standby
        trial.strike()
        with faults.power_cut(standby):
            trial.writes_return(120)
            with faults.bmc_dead(primary), faults.power_cut(primary):
                trial.strike()
                boot_and_vouch(clients, standby, primary, 180)
                wait_until(lambda: disk_state(standby).startswith("Consistent/"), 240, "the standby's disk is there")
                clients.stack.settle([standby])
                assert disk_state(standby).startswith("Consistent/")
                trial.nobody_takes_writes()
                assert clients.status()["primary"] is None
        trial.writes_return(240)


@full_only
def test_both_servers_lose_power_and_come_back(clients: Cluster, book: Book) -> None:
    must_survive_both_power_cuts(clients, book, 240)
