# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changed parameters of the resource that runs PostgreSQL: pacemaker itself restarts that on all servers at once."""

from __future__ import annotations

import time

import pytest
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.strikes import full_only
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = [pytest.mark.usefixtures("healed"), full_only]

NEXT = "/usr/local/sbin/pgha-pg-ctl-next"


def test_a_newer_release_may_call_another_program_without_a_restart(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "another pg_ctl") as trial:
        trial.strike()
        with clients.deployed(__stack_pacemaker_pg_ctl=NEXT):
            trial.must_stay()
            assert NEXT in trial.primary.must("crm configure show postgresql")
            clients.playbooks.must("switchover")
            trial.primary_is(trial.standby)
        for server in clients.servers():
            server.must(f"rm {NEXT}")


def test_a_restart_of_all_servers_is_refused_and_an_accepted_one_loses_nothing(clients: Cluster, book: Book) -> None:
    """A replication address that moves: every standby has to connect elsewhere."""
    usual = clients.playbooks.variables
    addresses = {"write": clients.write, "read": clients.read, "replication": f"{clients.prefix}.1.99"}
    with book.trial(clients, "restart refused") as trial:
        trial.strike()
        refused = clients.playbooks.run("deploy", pgha_virtual_addresses=addresses)
        assert refused.rc != 0
        for said in ("would restart postgresql on n1 and postgresql on n2", "-e pgha_accept=restart"):
            assert said in refused.output, refused.output[-3000:]
        trial.must_stay()
    with book.trial(clients, "restart accepted, back and forth") as trial:
        try:
            for given in ({"pgha_virtual_addresses": addresses}, {}):
                clients.playbooks.variables = {**usual, **given}
                trial.strike()
                clients.playbooks.must("deploy", pgha_accept="restart")
                trial.writes_return(120)
                clients.make_whole()
        finally:
            clients.playbooks.variables = usual
        trial.traffic.wait_writes(time.monotonic(), 10, "clients commit")
