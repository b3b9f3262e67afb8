# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only this stack has: a relay that passes questions on and says a clear no, and an agent that takes addresses."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server, wait_until

PORT = 5433
# A request for TLS, to which PostgreSQL says one letter. Printed: that letter, `closed`, or `silent`.
ASK = """python3 - <<'END'
import socket
with socket.create_connection(("{host}", {port}), timeout=3) as asked:
    asked.settimeout(1.5)
    try:
        asked.sendall(bytes.fromhex("0000000804d2162f"))
        print(asked.recv(1).decode() or "closed")
    except ConnectionError:
        print("closed")
    except TimeoutError:
        print("silent")
END"""
# CAP_NET_ADMIN and CAP_NET_RAW: its addresses, and to tell the neighbours.
CAPABILITIES = 1 << 12 | 1 << 13


def through_the_relay(clients: Cluster, server: Server) -> str:
    """Return what a server gets for an answer when it asks for the primary through the vote host."""
    return server.must(ASK.format(host=clients.lab["v1"].addresses["management"], port=PORT))


def test_both_servers_reach_the_primary_through_the_vote_host(clients: Cluster) -> None:
    clients.wait_whole()
    for server in clients.servers():
        assert through_the_relay(clients, server) in {"S", "N"}


@pytest.mark.usefixtures("healed")
def test_the_relay_says_no_in_words_and_its_silence_is_something_else(clients: Cluster) -> None:
    """A vote host that hangs takes connections, too: the kernel does that for it (S3)."""
    clients.wait_whole()
    primary, vote = clients.primary(), clients.lab["v1"]
    standby = clients.other(primary)
    # As if nobody held the address.
    vote.must(f"ip route add blackhole {clients.write}/32")
    try:
        assert through_the_relay(clients, standby) == "closed"
    finally:
        vote.must(f"ip route del blackhole {clients.write}/32")
    vote.must("systemctl kill --signal STOP 'pgha-relay-*.service'")
    try:
        assert through_the_relay(clients, standby) == "silent"
    finally:
        vote.must("systemctl kill --signal CONT 'pgha-relay-*.service'")
    assert through_the_relay(clients, standby) in {"S", "N"}


def test_strangers_get_nothing_from_the_relay(clients: Cluster) -> None:
    """Otherwise it were a way to PostgreSQL on which its own rules see the vote host as the client."""
    with (
        pytest.raises(OSError),
        socket.create_connection((clients.lab["v1"].addresses["management"], PORT), timeout=3) as asked,
    ):
        asked.settimeout(2)
        asked.sendall(bytes.fromhex("0000000804d2162f"))
        asked.recv(1)


def test_neither_the_relay_nor_the_agent_has_more_rights_than_it_needs(clients: Cluster) -> None:
    vote = clients.lab["v1"]
    assert set(vote.must("ps -o user= -C haproxy").split()) == {"haproxy"}
    assert vote.must("ss -Hltn 'sport = :5433'").count("LISTEN") == 1
    for server in clients.servers():
        status = server.must("cat /proc/$(systemctl show --property MainPID --value pgha-agent)/status")
        effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
        assert int(effective, 16) == CAPABILITIES


def test_an_address_that_somebody_takes_away_comes_back(clients: Cluster) -> None:
    clients.wait_whole()
    primary = clients.primary()
    interface, address = primary.must(f"ip -o -4 address show to {clients.write}").split()[1:4:2]
    primary.must(f"ip address del {address} dev {interface}")
    wait_until(lambda: clients.has_address(primary, clients.write), 15, "the write address is back")
    clients.wait_whole()
