# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stacks with the agent have: commits that wait for the one standby, its few rights, no mode that loses."""

from __future__ import annotations

from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from testinfra.host import Host


def test_every_commit_waits_for_the_standby_by_its_name(clients: Cluster) -> None:
    primary = clients.primary()
    standby = clients.other(primary)
    assert clients.followers(primary) == [f"{standby.name} streaming sync"]
    assert standby.name in clients.sql(primary, "SHOW synchronous_standby_names")
    assert clients.sql(standby, "SHOW synchronous_standby_names") == "", (
        "a promoted standby would wait for a dead server"
    )
    assert clients.sql(primary, "SHOW synchronous_commit") in {"on", "remote_apply"}


def test_postgresql_does_not_start_itself_anew_after_a_crash(clients: Cluster) -> None:
    """Its agent has to see a crash; it decides which server goes on."""
    for server in clients.servers():
        assert clients.sql(server, "SHOW restart_after_crash") == "off"


def test_the_read_address_is_on_the_standby_and_the_write_address_on_the_primary(clients: Cluster) -> None:
    clients.wait_whole()
    primary = clients.primary()
    standby = clients.other(primary)
    assert [clients.has_address(server, clients.write) for server in (primary, standby)] == [True, False]
    assert [clients.has_address(server, clients.read) for server in (primary, standby)] == [False, True]


def test_the_agent_is_nobody_who_could_do_more_than_it_must(hosts: dict[str, Host]) -> None:
    for host in hosts.values():
        assert host.check_output("pgrep -u pgha-agent"), "no process runs as pgha-agent"
        assert not host.run("runuser -u pgha-agent -- sudo -n id").succeeded, "the agent may become root"
        assert not host.run("runuser -u pgha-agent -- sudo -n systemctl stop ssh").succeeded


def test_a_mode_that_can_lose_commits_is_refused(clients: Cluster) -> None:
    played = clients.playbooks.run("deploy", pgha_replication_mode="async")
    assert played.rc != 0
    assert "async" in played.output
    assert not played.changed
