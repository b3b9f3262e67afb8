# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The failover agent killed, frozen and restarted, and a standby that loses sight of everybody."""

from __future__ import annotations

import time

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.strikes import Fault, each, full_only, must_survive
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = pytest.mark.usefixtures("healed")
AGENT = "pgha-agent"

# A killed agent is back before anybody misses it. A frozen one on the primary is missed: the standby takes over, or the
# watchdog was faster. What clients must not notice is that an agent is gone: their writes need none.
FAULTS = [
    Fault("agent of the primary killed", lambda trial: faults.service_struck(trial.primary, AGENT, "KILL"), None),
    Fault("agent of the standby killed", lambda trial: faults.service_struck(trial.standby, AGENT, "KILL"), None),
    Fault(
        "agent of the primary frozen",
        lambda trial: faults.service_struck(trial.primary, AGENT, "STOP"),
        None,
        60,
        short=True,
    ),
    Fault("agent of the standby frozen", lambda trial: faults.service_struck(trial.standby, AGENT, "STOP"), None, 60),
    # An upgrade of the program restarts it, and stops no PostgreSQL for that.
    Fault(
        "agent of the primary restarted",
        lambda trial: faults.service_restarted(trial.primary, AGENT),
        False,
        alone=False,
        steady=True,
    ),
    Fault(
        "agent of the standby restarted",
        lambda trial: faults.service_restarted(trial.standby, AGENT),
        False,
        alone=False,
        steady=True,
    ),
    # It cannot tell a dead primary from its own cable, so it must not promote.
    Fault("all the standby's cables cut", lambda trial: faults.cables_cut(trial.standby), False, 60, short=True),
    Fault("standby's public cable cut", lambda trial: faults.cables_cut(trial.standby, "public"), False, 60, False),
    Fault("standby frozen", lambda trial: faults.frozen(trial.standby), False, 60),
]


@each(FAULTS)
def test_fault(clients: Cluster, book: Book, fault: Fault) -> None:
    must_survive(clients, book, fault)


@full_only
def test_both_agents_restarted_at_once(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "both agents restarted") as trial:
        trial.strike()
        with (
            faults.service_restarted(trial.primary, AGENT),
            faults.service_restarted(trial.standby, AGENT),
        ):
            trial.must_stay()
            trial.traffic.wait_writes(time.monotonic(), 30, "clients commit")


@full_only
def test_a_primary_without_its_agent_is_not_taken_over_behind_its_back(clients: Cluster, book: Book) -> None:
    """Stopped and not started again. Its PostgreSQL goes on, so nobody else may; clients may lose the address."""
    with book.trial(clients, "agent of the primary stopped") as trial:
        trial.strike()
        with faults.service_stopped(trial.primary, AGENT):
            trial.must_stay(15)
        trial.traffic.wait_writes(time.monotonic(), 60, "clients commit again")


@full_only
def test_a_primary_that_was_alone_loses_power_and_goes_on_where_it_was(clients: Cluster, book: Book) -> None:
    """The other server lacks what was committed without it, and knows that also when it was the first one to boot."""
    with book.trial(clients, "the last server's power cut") as trial:
        primary, standby = trial.primary, trial.standby
        trial.strike()
        with faults.power_cut(standby):
            # Not since the strike: commits of the moment before the cut would do for that.
            trial.traffic.wait_writes(time.monotonic(), 60, "clients commit on the last server")
            assert f"{standby.name} streaming sync" not in clients.followers(primary)
            with faults.power_cut(primary):
                standby.power_on()
                standby.wait_booted()
                moment = time.monotonic()
                trial.watch(15)
                assert not trial.traffic.accepting_since(moment), "the server that lacks commits takes writes"
                refused = clients.playbooks.run("failover", pgha_target=standby.name)
                assert refused.rc != 0, refused.output[-3000:]
        trial.writes_return(90)
        trial.primary_is(primary)
