# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commits that do not wait for the standby: a failover may lose the newest of them, and a switchover none."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.client import DATABASE
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import wait_until
from ansible_collections.pgha.cluster.tests.support.strikes import boot_and_vouch, full_only, written
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = [pytest.mark.usefixtures("healed"), full_only]


@pytest.fixture(name="loose", scope="module")
def _loose(clients: Cluster) -> Iterator[Cluster]:
    """The cluster, as long as these tests last, in the mode ``async``."""
    with clients.deployed(pgha_replication_mode="async"):
        yield clients
    # Back again: no commit is alone, and PostgreSQL could load each of its files anew.
    assert clients.status()["redundant"] is True
    wrong = "SELECT count(*) FROM pg_file_settings WHERE error IS NOT NULL"
    assert [clients.must_sql(server, wrong) for server in clients.servers()] == ["0", "0"]


def test_the_status_knows_that_a_standby_is_enough_and_that_nobody_waits_for_it(loose: Cluster) -> None:
    told = loose.status()
    assert (told["mode"], told["redundant"], told["state"]) == ("async", True, "ok"), told
    assert "the last commits" in loose.playbooks.must("deploy", "--check").output


def test_a_standby_that_freezes_holds_no_commit(loose: Cluster, book: Book) -> None:
    with book.trial(loose, "async, standby frozen") as trial:
        trial.strike()
        with faults.frozen(trial.standby):
            trial.traffic.wait_writes(time.monotonic(), 10, "clients commit")
            # Not because it was given up: PostgreSQL has not missed it yet.
            assert loose.followers(trial.primary)
            trial.must_stay()


def test_a_switchover_loses_nothing(loose: Cluster, book: Book) -> None:
    with book.trial(loose, "async, switchover") as trial:
        trial.strike()
        loose.playbooks.must("switchover")
        trial.primary_is(trial.standby)


def test_a_failover_loses_the_newest_commits_at_most(loose: Cluster, book: Book) -> None:
    with book.trial(loose, "async, primary's power cut") as trial:
        trial.newest_may_go = True
        trial.strike()
        with faults.power_cut(trial.primary):
            trial.writes_return(60)
            trial.primary_is(trial.standby)


def test_an_old_primary_that_comes_back_alone_is_not_taken_for_the_last_one(loose: Cluster) -> None:
    """Nobody waited for the standby, which went on after it and is lost now: what the old one remembers is old."""
    loose.wait_whole()
    old = loose.primary()
    new = loose.other(old)
    with faults.power_cut(old):
        wait_until(lambda: loose.roles()[new.name] == "primary", 60, f"{new.name} is primary")
        row = written(loose, new)
        with faults.bmc_dead(new), faults.power_cut(new):
            boot_and_vouch(loose, old, new, 120)
            refused = loose.playbooks.run("failover", pgha_target=old.name)
            assert refused.rc != 0
            assert "which may be from before" in refused.output, refused.output[-3000:]
    old.must(f"stonith_admin --history {new.name} --cleanup")
    loose.make_whole()
    assert [loose.must_sql(server, row, DATABASE) for server in loose.servers()] == ["t", "t"]
