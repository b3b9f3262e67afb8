# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only this stack has: a replication address, a vote host, fence devices that run as resources."""

from __future__ import annotations

import hashlib
import re
import socket

import pytest
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from testinfra.host import Host

# Its function pgsql_notify in resource-agents 4.12 (Debian 12) and 4.16 (Debian 13).
KNOWN_RULES = "a995eb1099d3a4b4f17780d2749dc47acc580a81eba6ff892845fc6d52b62b4d"


def test_the_standby_follows_over_the_replication_address_and_the_commit_waits_for_it(clients: Cluster) -> None:
    primary = clients.primary()
    standby = clients.other(primary)
    assert clients.followers(primary) == [f"{standby.name} streaming sync"]
    assert clients.sql(standby, "SELECT sender_host FROM pg_stat_wal_receiver") == clients.replication
    assert clients.sql(primary, "SHOW synchronous_commit") in {"on", "remote_apply"}


def test_the_vote_host_gives_the_third_vote(hosts: dict[str, Host]) -> None:
    for host in hosts.values():
        quorum = host.check_output("corosync-quorumtool -s || test $? -eq 1")
        values = dict(line.split(":", 1) for line in quorum.splitlines() if line.count(":") == 1)
        assert values["Total votes"].strip() == "3"
        assert values["Quorate"].strip() == "Yes"


def test_no_fence_device_runs_on_the_server_that_it_kills(clients: Cluster) -> None:
    primary = clients.primary()
    for server in clients.servers():
        place = primary.must(f"crm_resource --resource fence-{server.name} --locate")
        assert f"is running on: {clients.other(server).name}" in place


def test_a_stranger_does_not_reach_the_tie_breaker(clients: Cluster) -> None:
    """The machine of the tests is a client, and no server of the cluster."""
    address = clients.lab["v1"].addresses["management"]
    with pytest.raises(TimeoutError):
        socket.create_connection((address, 5403), timeout=3)
    for server in clients.servers():
        server.must(f"timeout 5 bash -c '</dev/tcp/{address}/5403'")


def test_the_agent_still_does_nothing_where_it_is_not_asked(clients: Cluster) -> None:
    """What ocf:pgha:pgsql answers by itself rests on how the agent, as it is installed, deals with a notification."""
    for server in clients.servers():
        text = server.must("cat /usr/lib/ocf/resource.d/heartbeat/pgsql")
        found = re.search(r"^pgsql_notify\(\) \{.*?^\}\n", text, re.DOTALL | re.MULTILINE)
        assert found, "nobody knows where it does that"
        assert hashlib.sha256(found.group().encode()).hexdigest() == KNOWN_RULES, found.group()
