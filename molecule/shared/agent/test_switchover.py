# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A switchover between two agents, struck in its middle."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.history import State
from ansible_collections.pgha.cluster.tests.support.lab import wait_until
from ansible_collections.pgha.cluster.tests.support.strikes import full_only
from ansible_collections.pgha.cluster.tests.support.trial import Book, Trial

pytestmark = pytest.mark.usefixtures("healed")


def wait_for_the_stop(trial: Trial) -> None:
    """Wait until the old primary takes no more writes."""

    def stopped() -> bool:
        seen = trial.traffic.last(trial.primary.name)
        return seen is not None and seen.state is not State.ACCEPTS

    wait_until(stopped, 120, f"{trial.primary.name} stops for the switchover")


@full_only
def test_the_target_loses_power_in_the_middle(clients: Cluster, book: Book) -> None:
    with (
        book.trial(clients, "target's power cut in a switchover") as trial,
        clients.playbooks.running("switchover", pgha_target=trial.standby.name),
    ):
        wait_for_the_stop(trial)
        trial.strike()
        with faults.power_cut(trial.standby):
            # Where the target had not asked for the reign yet, the old primary goes on; otherwise nobody but the target
            # knows what it acknowledged, and it goes on itself when it is back.
            trial.watch(15)


@full_only
def test_the_old_primary_loses_power_in_the_middle(clients: Cluster, book: Book) -> None:
    with (
        book.trial(clients, "old primary's power cut in a switchover") as trial,
        clients.playbooks.running("switchover", pgha_target=trial.standby.name),
    ):
        wait_for_the_stop(trial)
        trial.strike()
        with faults.power_cut(trial.primary):
            trial.writes_return(60)
            trial.primary_is(trial.standby)


@full_only
def test_the_controller_is_lost_in_the_middle(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "controller lost in a switchover") as trial:
        trial.strike()
        with clients.playbooks.running("switchover"):
            wait_for_the_stop(trial)
        trial.primary_is(trial.standby)
        trial.writes_return(30)
