# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""VRRP and keepalived fail, and PostgreSQL does not: the old design had two primaries then.

There, the address that VRRP moved made a primary of whoever had it. Here VRRP moves addresses, and the agents decide.
"""

from __future__ import annotations

import time

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import wait_until
from ansible_collections.pgha.cluster.tests.support.stacks import Keepalived
from ansible_collections.pgha.cluster.tests.support.strikes import Fault, each, full_only, must_survive
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = pytest.mark.usefixtures("healed")
KEEPALIVED = "keepalived"
BOTH = ("input", "output")

KILLED = [
    Fault(
        "keepalived of the primary killed",
        lambda trial: faults.service_struck(trial.primary, KEEPALIVED, "KILL"),
        False,
        alone=False,
        steady=True,
        short=True,
    ),
    Fault(
        "keepalived of the standby killed",
        lambda trial: faults.service_struck(trial.standby, KEEPALIVED, "KILL"),
        False,
        alone=False,
        steady=True,
    ),
    Fault(
        "keepalived of the standby stopped",
        lambda trial: faults.service_stopped(trial.standby, KEEPALIVED),
        False,
        alone=False,
        steady=True,
    ),
]


@each(KILLED)
def test_killing_keepalived_alone_promotes_nobody(clients: Cluster, book: Book, fault: Fault) -> None:
    """In the old design it moved the address and promoted, while the old primary went on to write."""
    must_survive(clients, book, fault)


def test_keepalived_stopped_on_the_primary_promotes_nobody(clients: Cluster, book: Book) -> None:
    """Who stops it takes the address from the clients; that is no reason for a second primary."""
    with book.trial(clients, "keepalived of the primary stopped") as trial:
        trial.strike()
        with faults.service_stopped(trial.primary, KEEPALIVED):
            trial.must_stay(15)
            assert trial.traffic.holder(clients.write) in {(), (trial.primary.name,)}
        back = time.monotonic()
        trial.traffic.wait_writes(back, 15, "clients commit within seconds after it was started")
        trial.primary_is(trial.primary)


@pytest.mark.parametrize(
    ("deaf", "ways"),
    [
        pytest.param("standby", BOTH, id="both-ways"),
        pytest.param("standby", ("input",), id="the-standby-hears-nothing", marks=full_only),
        pytest.param("primary", ("input",), id="the-primary-hears-nothing", marks=full_only),
    ],
)
def test_a_vrrp_partition_makes_no_second_primary(
    clients: Cluster, book: Book, deaf: str, ways: tuple[str, ...]
) -> None:
    """In the old design each side took the address, and the standby promoted itself."""
    with book.trial(clients, f"VRRP blocked, {deaf} {' '.join(ways)}") as trial:
        trial.strike()
        with faults.vrrp_blocked(getattr(trial, deaf), *ways):
            trial.must_stay(15)
            trial.traffic.wait_writes(time.monotonic(), 30, "clients commit")
            trial.primary_is(trial.primary)
            told = clients.status()
            assert told["primary"] == trial.primary.name, told


@full_only
def test_a_primary_that_dies_while_vrrp_is_blocked_is_followed_by_one(clients: Cluster, book: Book) -> None:
    """What the arbiter cannot tell any more must not keep the standby from taking over, nor make two of them."""
    with book.trial(clients, "VRRP blocked, then power cut") as trial, faults.vrrp_blocked(trial.standby, *BOTH):
        trial.watch(10)
        trial.strike()
        with faults.power_cut(trial.primary):
            trial.writes_return(60)
            trial.primary_is(trial.standby)


def test_the_agent_knows_the_last_word_of_vrrp(clients: Cluster) -> None:
    """It is said once: an agent that took an older one for it would miss its tie-breaker, or believe a wrong one."""
    stack, primary, standby = clients.stack, clients.primary(), clients.other(clients.primary())
    assert isinstance(stack, Keepalived)

    def losses() -> int:
        return int(standby.must("journalctl -u pgha-agent -o cat | grep -c 'instance=watch state=MASTER' || true"))

    before = losses()
    for _time in range(5):
        # Longer than three advertisements, and shorter than anything that the agents would act upon.
        primary.must("pkill -STOP keepalived; sleep 0.6; pkill -CONT keepalived; sleep 0.4")
    wait_until(lambda: losses() > before, 15, "the standby has missed the primary's advertisements")

    def said() -> tuple[str, str]:
        words = stack.says(standby)
        return words["vrrp"], words["arbiter"]

    wait_until(lambda: said() == ("BACKUP", "alive"), 15, "the agent knows that the primary is seen again")
