# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A vote host that is down, slow or cut off moves nothing by itself, and without its word nobody takes over (S3)."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server, wait_until
from ansible_collections.pgha.cluster.tests.support.strikes import Fault, each, full_only, must_survive
from ansible_collections.pgha.cluster.tests.support.trial import Book, Trial

pytestmark = pytest.mark.usefixtures("healed")
Strike = Callable[[Trial], contextlib.AbstractContextManager[None]]


def vote(trial: Trial) -> Server:
    """Return the vote host."""
    return trial.cluster.lab["v1"]


def unseen(trial: Trial, server: Server) -> contextlib.AbstractContextManager[None]:
    """Cut the vote host off from one of the servers, and from the primary's address with it."""
    also = [trial.cluster.write] if server is trial.primary else []
    return faults.parted(vote(trial), server, also=also)


# The primary goes on all the time as if nothing had happened.
AWAY = [
    Fault(name, strike, False, alone=False, steady=True, short=short)
    for name, short, strike in (
        ("vote host's power cut", True, lambda trial: faults.power_cut(vote(trial))),
        ("vote host slow", True, lambda trial: faults.frozen(vote(trial))),
        ("vote host's public cable cut", False, lambda trial: faults.cables_cut(vote(trial), "public")),
        ("all the vote host's cables cut", False, lambda trial: faults.cables_cut(vote(trial))),
        ("vote host cut off from the primary", False, lambda trial: unseen(trial, trial.primary)),
        ("vote host cut off from the standby", False, lambda trial: unseen(trial, trial.standby)),
    )
]

# With an arbiter that sees both, the primary goes on: it is the first one to have the other one powered off.
FOUND = [
    Fault("servers parted", lambda trial: faults.parted(trial.standby, trial.primary), False, 60, False),
    Fault("primary's public network dead", lambda trial: faults.network_dead(trial.primary, "public"), True, 60, False),
]

SILENT = [
    pytest.param(lambda trial: faults.power_cut(vote(trial)), id="down"),
    # It takes connections and says nothing: that is no word on the primary.
    pytest.param(lambda trial: faults.frozen(vote(trial)), id="slow", marks=full_only),
    pytest.param(lambda trial: unseen(trial, trial.standby), id="cut-off", marks=full_only),
]


@each(AWAY)
def test_a_vote_host_that_is_away_moves_nothing(clients: Cluster, book: Book, fault: Fault) -> None:
    must_survive(clients, book, fault)


@each(FOUND)
def test_with_the_vote_host_there_writes_go_on_where_they_can(clients: Cluster, book: Book, fault: Fault) -> None:
    must_survive(clients, book, fault)


@full_only
def test_the_status_says_that_the_vote_host_is_away_before_it_is_needed(clients: Cluster) -> None:
    clients.wait_whole()
    with faults.power_cut(clients.lab["v1"]):
        wait_until(
            lambda: "v1 does not vote" in str(clients.status()["problems"]), 90, "the status misses the vote host"
        )
    wait_until(lambda: "vote" not in str(clients.status()["problems"]), 60, "the status has its voice again")


@pytest.mark.parametrize("silence", SILENT)
def test_without_the_vote_host_s_word_nobody_takes_over_from_a_silent_primary(
    clients: Cluster, book: Book, silence: Strike
) -> None:
    with book.trial(clients, "vote host silent, then power cut") as trial:
        with silence(trial), faults.power_cut(trial.primary):
            trial.strike()
            moment = time.monotonic()
            # Longer than any failover takes.
            trial.watch(15)
            assert not trial.traffic.accepting_since(moment), "a server took writes without the arbiter's word"
            assert clients.roles()[trial.standby.name] == "standby"
        trial.writes_return(90)
    # The vote host is back, and so is what it is there for.
    with book.trial(clients, "power cut, vote host back") as trial:
        trial.strike()
        with faults.power_cut(trial.primary):
            trial.writes_return(30)
            trial.primary_is(trial.standby)


@full_only
def test_a_person_may_decide_where_the_vote_host_cannot(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "power cut, vote host down") as trial, contextlib.ExitStack() as down:
        down.enter_context(faults.power_cut(vote(trial)))
        trial.strike()
        down.enter_context(faults.power_cut(trial.primary))
        clients.playbooks.must("failover", pgha_target=trial.standby.name)
        trial.traffic.wait_writes(time.monotonic(), 60, "clients commit on the server that the person chose")
        trial.primary_is(trial.standby)


@full_only
def test_servers_that_lose_sight_of_each_other_and_of_the_vote_host_wait(clients: Cluster, book: Book) -> None:
    """Each may be the one that is cut off: nobody is promoted, and the primary stops what it could not acknowledge."""
    with book.trial(clients, "servers parted, vote host slow") as trial:
        trial.strike()
        with faults.frozen(vote(trial)), faults.parted(trial.standby, trial.primary):
            moment = time.monotonic()
            trial.watch(15)
            assert trial.standby.name not in trial.traffic.accepting_since(moment)
            assert clients.roles()[trial.standby.name] == "standby"
        trial.traffic.wait_writes(time.monotonic(), 90, "clients commit again")
