# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one server remembers, and others have gone on since."""

from __future__ import annotations

import secrets

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.client import DATABASE
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import must_stay, wait_until
from ansible_collections.pgha.cluster.tests.support.pacemaker import back_alone
from ansible_collections.pgha.cluster.tests.support.strikes import full_only
from ansible_collections.pgha.cluster.tests.support.trial import Book

TIMED_OUT = 124
pytestmark = [pytest.mark.usefixtures("healed"), full_only]


def test_a_standby_that_comes_back_alone_is_not_promoted(clients: Cluster) -> None:
    """It was lost first, and the primary went on alone. Then that one is lost, and proven to be off."""
    with back_alone(clients) as (old, new, there):
        # Longer than the agent takes to find that there is no other primary.
        must_stay(lambda: clients.roles()[new.name] != "primary", 30, f"{new.name} is no primary")
        assert f"failover.yml -e pgha_target={new.name}" in str(clients.status()["next"])
        refused = clients.playbooks.run("failover", pgha_target=new.name)
        assert refused.rc != 0
        assert "which may be from before" in refused.output, refused.output[-3000:]
    # Both are there, and the advice is another one now. A score from before must not outlive that.
    wait_until(lambda: f"failover.yml -e pgha_target={old.name}" in str(clients.status()["next"]), 120, "advice")
    assert clients.roles()[new.name] == "standby"
    clients.playbooks.must("failover", pgha_target=old.name)
    new.must(f"stonith_admin --history {old.name} --cleanup")
    clients.wait_whole()
    assert clients.must_sql(clients.primary(), there, DATABASE) == "t"


def test_a_primary_that_is_cut_off_acknowledges_nothing(clients: Cluster, book: Book) -> None:
    """Clients reach it, the other side may decide and cannot fence it yet: it must not go on alone."""
    with book.trial(clients, "primary cut off, fence device dead") as trial:
        primary, standby = trial.primary, trial.standby
        with faults.bmc_dead(primary), faults.parted(primary, standby, clients.lab["v1"]):
            trial.strike()
            wait_until(lambda: not clients.followers(primary), 60, "it has missed its standby")
            alone = f"CREATE TABLE alone_{secrets.token_hex(4)} AS SELECT 1"
            answer = clients.ask(primary, alone, DATABASE, timeout=20)
            assert answer.rc == TIMED_OUT, f"it was not left waiting: {answer}"
            assert clients.roles() == {primary.name: "primary", standby.name: "standby"}
            primary.bmc_start()
            trial.writes_return(120)
            trial.primary_is(standby)
