# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which VRRP instances the two servers of a cluster run: for the addresses that clients use, and to watch each other.

Pure. Only the master of a VRRP instance advertises, so that one instance tells only one of two servers whether the
other one lives. Each server therefore has a *beacon*, of which it is always master, and *watches* the other one's: it
becomes master of that only when no advertisement arrives. A VRRPv3 instance needs an address; these have one of the
loopback network, that every server holds already and no client can use.

This module util is private to the collection.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError

# What a server has to be better by than the other one. What a track file says is added to the read instance's.
BEACON, WATCH, WRITE, READ = 200, 100, 100, 1
ADDED = {"write": 0, "read": 1, "beacon": 2}
HIGHEST = 255


def _loopback(address: str, router_id: int) -> str:
    """Return an address that belongs to no network, of the family in which the servers talk to each other."""
    if ipaddress.ip_address(address).version == 4:
        return f"127.93.112.{router_id}/32"
    return f"fe80::5067:6861:{router_id:x}/128"


def _client(kind: str, router_id: int, virtual: Mapping[str, Any]) -> dict[str, Any]:
    """The write address is where the agent says, and nowhere else: no priority, no coming back.

    One advertisement that is missing is enough for it, because the file and not VRRP says who may hold it. The read
    address goes to the better one, also when that comes back.
    """
    write = kind == "write"
    return {
        "name": kind,
        "router_id": router_id,
        "priority": WRITE if write else READ,
        "preempt": not write,
        "down_adverts": 1 if write else 3,
        "address": f"{virtual['address']}/{virtual['prefix']}",
        "track_files": [kind],
        "tracked": True,
    }


def _neighbour(name: str, router_id: int, own: str) -> dict[str, Any]:
    """A beacon ends when its server's agent does: what nobody steers is not what the other one waits for."""
    beacon = name == "beacon"
    return {
        "name": name,
        "router_id": router_id,
        "priority": BEACON if beacon else WATCH,
        "preempt": True,
        "down_adverts": 3,
        "address": _loopback(own, router_id),
        "loopback": True,
        "track_files": [],
        "tracked": beacon,
    }


def instances(
    name: str, servers: Sequence[str], addresses: Mapping[str, str], virtual: Mapping[str, Any], first: int
) -> list[dict[str, Any]]:
    """Return the instances that a server runs.

    :param name: this server.
    :param servers: both, in the same order on each.
    :param addresses: server to its address in the clients' network.
    :param virtual: kind (write, read) to address and prefix.
    :param first: the first of four numbers that no other VRRP router of that network uses.
    """
    if len(servers) != 2 or name not in servers:
        raise PghaError(f"{name} is none of exactly two servers ({', '.join(servers)}).")
    if not 0 < first <= HIGHEST - 3:
        raise PghaError(f"{first} is no number from 1 to {HIGHEST - 3}, the first of four.")
    own, other = servers.index(name), 1 - servers.index(name)
    beacons = first + ADDED["beacon"]
    return [
        *(_client(kind, first + ADDED[kind], virtual[kind]) for kind in ("write", "read")),
        _neighbour("beacon", beacons + own, addresses[name]),
        _neighbour("watch", beacons + other, addresses[name]),
    ]


def interface_of(facts: Mapping[str, Any], address: str) -> str:
    """Return the interface that holds an address, from the facts of a server.

    :raises PghaError: nobody holds it: the address is configured by nobody, or wrong in the inventory.
    """
    for device in facts.get("interfaces") or ():
        # Ansible spells the name of a fact without hyphens.
        found = facts.get(str(device)) or facts.get(str(device).replace("-", "_")) or {}
        first = found.get("ipv4") or {}
        held = [first, *(found.get("ipv4_secondaries") or ()), *(found.get("ipv6") or ())]
        if any(str(one.get("address", "")) == address for one in held):
            return str(found.get("device") or device)
    raise PghaError(
        f"No interface of this server has the address {address}.",
        next_step="configure it on the server, or correct pgha_addresses in the inventory",
    )
