# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service moves on purpose, under load, both ways."""

from __future__ import annotations

import time

import pytest
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.strikes import SHORT
from ansible_collections.pgha.cluster.tests.support.trial import Book, Measured

TIMES = 1 if SHORT else 10
pytestmark = pytest.mark.usefixtures("healed")


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
            book.measured.append(
                Measured(f"switchover {number}", before.name, after.name, writes, reads, time.monotonic() - moment)
            )
            assert "cli-" not in after.must("cibadmin --query --scope constraints")
            before, after = after, before
