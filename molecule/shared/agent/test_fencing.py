# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Management controllers that do not do their work, just when the primary is gone: without proof nobody is promoted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import BORN, Server, wait_until
from ansible_collections.pgha.cluster.tests.support.strikes import full_only
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = pytest.mark.usefixtures("healed")
Strike = Callable[[Server], AbstractContextManager[None]]


@dataclass(frozen=True)
class Unproven:
    """A management controller that does not work, and how the primary goes.

    A controller that refuses tells the truth about the power, and one that lies is found out by a server that still
    answers: a power cut would be proven by the one, and cut cables would hide the other's lie.
    """

    name: str
    controller: Strike
    fault: Strike


CASES = [
    Unproven("power cut, BMC silent", faults.bmc_silent, faults.power_cut),
    Unproven("primary frozen, BMC silent", faults.bmc_silent, faults.frozen),
    Unproven("primary frozen, BMC refuses", faults.bmc_refusing, faults.frozen),
    Unproven("all cables cut, BMC refuses", faults.bmc_refusing, faults.cables_cut),
    Unproven("primary frozen, BMC lies", faults.bmc_lying, faults.frozen),
]


@full_only
@pytest.mark.parametrize("case", [pytest.param(case, id=case.name.replace(" ", "-")) for case in CASES])
def test_nobody_is_promoted_before_the_device_has_proven_it(clients: Cluster, book: Book, case: Unproven) -> None:
    with book.trial(clients, case.name) as trial:
        primary, standby = trial.primary, trial.standby
        with case.controller(primary):
            trial.strike()
            with case.fault(primary):
                wait_until(lambda: clients.stack.fencing_failed(standby, primary), 120, "fencing has failed")
                # A second try must not end otherwise.
                trial.watch(10)
                assert standby.name not in trial.traffic.accepting_since(trial.struck)
                assert clients.roles()[standby.name] == "standby"
                primary.bmc_start()
                trial.writes_return(120)
                trial.primary_is(standby)


@full_only
def test_a_device_that_lies_about_a_server_that_nobody_can_see(clients: Cluster, book: Book) -> None:
    """The one case in which the proof is wrong and nothing shows it; the commits' own proof has to hold (S1).

    The old primary cannot acknowledge a commit without the other server, and without its clients' network it stops by
    itself. What the trial judges at its end is the whole promise: nothing lost, never two that take writes.
    """
    with book.trial(clients, "all cables cut, BMC lies") as trial:
        primary = trial.primary
        with faults.bmc_lying(primary):
            trial.strike()
            with faults.cables_cut(primary):
                stopped = "! pgrep -x postgres"
                wait_until(lambda: primary.console(stopped).rc == 0, 60, f"{primary.name} has stopped by itself")
                trial.watch(10)


def test_the_fence_device_is_called_before_anybody_is_promoted(clients: Cluster, book: Book) -> None:
    """A hole of the old design: its fence settings were there, and nothing ever used them."""
    with book.trial(clients, "frozen, and fenced") as trial:
        primary = trial.primary
        before = primary.must(BORN)
        trial.strike()
        with faults.frozen(primary):
            trial.writes_return(30)
            trial.primary_is(trial.standby)
            primary.wait_booted()
            assert primary.must(BORN) != before, "somebody was promoted while the old primary had power"
