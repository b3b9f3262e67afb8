# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults under load on servers that share one disk. After a power cut the disk itself makes the next mount wait."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.strikes import Fault, each, full_only, must_survive
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = pytest.mark.usefixtures("healed")

FAULTS = [
    # In place: a recovery there is shorter than one after the disk and the address have moved.
    Fault("postgres killed", lambda trial: faults.killed(trial.primary, "postgres"), False, 90, alone=False),
    # Fencing starts a server again, and nothing has to be copied to it: it is a standby as soon as it has booted.
    Fault("primary's power cut", lambda trial: faults.power_cut(trial.primary), True, 240, alone=False, short=True),
    Fault("all the primary's cables cut", lambda trial: faults.cables_cut(trial.primary), True, 240),
    # Nothing of the data goes over it, and the cluster talks over the other ones.
    Fault(
        "primary's replication cable cut",
        lambda trial: faults.cables_cut(trial.primary, "replication"),
        False,
        alone=False,
    ),
    Fault("standby's power cut", lambda trial: faults.power_cut(trial.standby), False, 120, alone=False),
]


@each(FAULTS)
def test_fault(clients: Cluster, book: Book, fault: Fault) -> None:
    must_survive(clients, book, fault)


@full_only
def test_both_servers_lose_power_and_one_comes_back(clients: Cluster, book: Book) -> None:
    """It has every commit, as there is one disk. It proves first that the other one is off."""
    with book.trial(clients, "both lost, the standby back alone") as trial:
        trial.strike()
        with faults.power_cut(trial.primary, trial.standby):
            trial.standby.power_on()
            trial.standby.wait_booted()
            trial.primary_is(trial.standby, 300)
            trial.writes_return(300)
