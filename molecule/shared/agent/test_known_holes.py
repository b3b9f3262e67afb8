# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the designs that these stacks come from got wrong, each hole as a test.

Others are elsewhere: a fence device that is never called in test_fencing.py; VRRP that is cut, and keepalived that is
killed, in molecule/keepalived; passwords in scripts and access without one in molecule/shared/after/test_behaviour.py.
"""

from __future__ import annotations

import re
import time

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import wait_until
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = pytest.mark.usefixtures("healed")


def test_a_check_says_by_its_exit_status_what_it_says_in_words(clients: Cluster) -> None:
    """The old check ended with an echo, and its exit status was that of echo: always well."""
    clients.wait_whole()
    primary, standby = clients.primary(), clients.other(clients.primary())
    for server in (primary, standby):
        checked = server.ssh("pgha-agent check")
        assert checked.rc == 0, checked
        assert len(checked.stdout.strip().splitlines()) == 1, checked.stdout
    assert re.search(r"\|.*\blag=\d+B", standby.ssh("pgha-agent check").stdout)
    assert primary.ssh("pgha-agent check write").rc == 0
    assert standby.ssh("pgha-agent check write").rc != 0, "the standby says that it takes writes"
    with faults.service_stopped(standby, "pgha-agent"):
        gone = standby.ssh("pgha-agent check")
        assert gone.rc in {2, 3}, gone
    clients.wait_whole()


def test_a_standby_that_lacks_commits_is_not_promoted_however_young_its_heartbeat(clients: Cluster, book: Book) -> None:
    """The old design promoted when the last heartbeat was younger than an allowed lag: what came after it was lost."""
    with book.trial(clients, "standby behind, power cut") as trial:
        primary, standby = trial.primary, trial.standby
        trial.strike()
        with faults.cables_cut(standby, "replication"):

            def released() -> bool:
                return f"{standby.name} streaming sync" not in clients.followers(primary)

            wait_until(released, 60, f"{primary.name} goes on without {standby.name}")
            trial.traffic.wait_writes(time.monotonic(), 60, "clients commit without the standby")
            with faults.power_cut(primary):
                # The power is off, and the device says so: that proves the old primary's end, and not that we have all.
                moment = time.monotonic()
                trial.watch(20)
                assert not trial.traffic.accepting_since(moment), "the server that lacks commits takes writes"
                refused = clients.playbooks.run("failover", pgha_target=standby.name)
                assert refused.rc != 0, refused.output[-3000:]
        trial.writes_return(90)
        trial.primary_is(primary)


def test_a_returning_primary_takes_no_write(clients: Cluster, book: Book) -> None:
    """The old primary came back with its data as they were, and took writes beside the new one (S2)."""
    with book.trial(clients, "primary returns") as trial:
        trial.strike()
        with faults.power_cut(trial.primary):
            trial.writes_return(30)
            trial.primary_is(trial.standby)
            moment = time.monotonic()
        # It has booted. Longer than anything needs that starts PostgreSQL at boot.
        state = trial.primary.ssh("systemctl is-system-running --wait").stdout.strip()
        assert state in {"running", "degraded"}
        trial.watch(10)
        assert trial.traffic.accepting_since(moment) == {trial.standby.name}
