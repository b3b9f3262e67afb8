# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the cluster manager itself, and what a cluster does that its manager has guarded."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server, wait_until
from ansible_collections.pgha.cluster.tests.support.strikes import Fault, each, full_only, must_survive
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = pytest.mark.usefixtures("healed")
WATCHED = "pgrep -x pacemakerd"
JOINED = "pgrep -x pacemaker-based"
"""What starts anew when a server has lost its cluster, whether it is fenced or back in time to be only demoted."""
FAULTS = [
    Fault("pacemaker killed", lambda trial: faults.killed(trial.primary, "pacemakerd", WATCHED), None),
    Fault("corosync killed", lambda trial: faults.killed(trial.primary, "corosync", JOINED), None, 60),
]


@each(FAULTS)
def test_fault_of_the_manager(clients: Cluster, book: Book, fault: Fault) -> None:
    must_survive(clients, book, fault)


@contextlib.contextmanager
def unstartable(server: Server) -> Iterator[None]:
    """Give a server's PostgreSQL a setting that it does not know; it runs on, and would not start again."""
    settings = "$(echo /etc/postgresql/*/main/conf.d)/99-test.conf"
    with contextlib.ExitStack() as undo:
        undo.callback(server.ssh, f"rm -f {settings}")
        server.must(f"echo no_such_setting = 1 >{settings}")
        yield


def failures(server: Server) -> str:
    """Return what pacemaker shows of what has failed."""
    return server.must("crm_mon -1 --output-as=xml --failcounts --include=none,failures,failcounts")


@full_only
def test_a_killed_standby_and_its_start_that_fails_are_missed_at_once(clients: Cluster, book: Book) -> None:
    """The watch tells pacemaker before a monitor could, pg_ctl does of a start; and the primary goes on alone."""
    with book.trial(clients, "standby's postgres killed") as trial:
        standby = trial.standby
        begun = standby.must("date +%s").strip()
        with unstartable(standby):
            trial.strike()
            with faults.killed(standby, "postgres"):
                said = f"journalctl --no-pager -o cat -u pgha-watch --since @{begun}"
                wait_until(lambda: "pacemaker has been told" in standby.must(said), 10, "the watch has told pacemaker")
                trial.writes_return(30)
                trial.primary_is(trial.primary)
                assert "asyncmon" in failures(standby), failures(standby)
            standby.must(f"crm_resource --cleanup --resource postgresql --node {standby.name}")
            # Nothing else can be done by the cluster while a start is under way, and it may take two minutes.
            wait_until(lambda: "t start PostgreSQL" in failures(standby), 30, "it says so")


@full_only
def test_a_primary_that_was_alone_loses_power_and_goes_on_where_it_was(clients: Cluster, book: Book) -> None:
    """Nobody starts by itself: the old primary is guarded, and the other one lacks what was committed without it."""
    with book.trial(clients, "the last server's power cut") as trial:
        primary, standby = trial.primary, trial.standby
        trial.strike()
        with faults.power_cut(standby):
            # Not since the strike: commits of the moment before the cut would do for that.
            trial.traffic.wait_writes(time.monotonic(), 60, "clients commit on the last server")
            assert f"{standby.name} streaming sync" not in clients.followers(primary)
            # The other one as well: it was fenced, and is about to be back.
            with faults.power_cut(primary, standby):
                assert not any(server.is_on() for server in clients.servers())
        wait_until(lambda: f"failover.yml -e pgha_target={primary.name}" in str(clients.status()["next"]), 90, "advice")
        refused = clients.playbooks.run("failover", pgha_target=standby.name)
        assert refused.rc != 0
        assert "may lack acknowledged commits" in refused.output
        clients.playbooks.must("failover", pgha_target=primary.name)
        trial.writes_return(60)
        trial.primary_is(primary)
