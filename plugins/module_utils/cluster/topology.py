# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every base role needs to know about the other servers, derived once from the inventory.

Pure: the inventory as data in, plain data out. Validation is not done here but in the check that runs before;
a key that the check would have refused raises :class:`PghaError` with the name of the server.

This module util is private to the collection.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.cluster.model import (
    SERVICES,
    members,
    membership,
    own_words,
    witness,
)
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.storage import on_one_disk
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError

# Order of the corosync links, and why: the replication network is the one whose loss matters to the cluster's data,
# so it carries link 0; the public and the management network take over when it is cut.
LINK_ORDER = ("replication", "public", "management")

# The order in which a server looks for a road to the vote host. Management first: a cut cable on the public side is
# the very moment at which the tie-breaker is asked.
VOTE_ORDER = ("management", "public", "replication")

VIRTUAL_NETWORK = {"write": "public", "read": "public", "replication": "replication"}


def servers_of(
    hostvars: Mapping[str, Any], database: Sequence[str], vote: Sequence[str], leaving: str = ""
) -> list[dict[str, Any]]:
    """Collect what the inventory says about each server, untouched: the check has to see what the operator wrote.

    :param leaving: a database server that is being removed. It counts as one that the inventory no longer has.
    """
    servers = []
    for role, names in (("database", [name for name in database if name != leaving]), ("vote", vote)):
        for name in names:
            variables = hostvars[name]
            servers.append(
                {
                    "name": name,
                    "role": role,
                    "ansible_host": variables.get("ansible_host"),
                    "addresses": variables.get("pgha_addresses", {}),
                    "fence_devices": variables.get("pgha_fence_devices", []),
                    "disk": variables.get("pgha_disk"),
                }
            )
    return servers


def discovered_of(hostvars: Mapping[str, Any], database: Sequence[str], stack: str) -> list[dict[str, Any]]:
    """Collect what each database server said of itself; empty for one that could not be asked.

    Node attributes and membership come from a server with quorum, else from any whose cluster manager answered: they
    are the same on all of them, and a server that is being installed has none to tell.
    """
    found = {name: hostvars[name].get(f"stack_{stack}_discovered") or {} for name in database}
    told = [one.get("crm") or {} for one in found.values()]
    view = witness(told)
    attributes: Mapping[str, Any] = {**(view.get("node_attributes") or {}), **own_words(told)}
    known = members(view)
    listed = [
        {
            "name": name,
            "stack": stack,
            "postgres": one.get("postgres") or {},
            "settings": one.get("settings") or {},
            "disk": one.get("disk") or {},
            "updates": bool(one.get("updates")),
            "attributes": attributes.get(name, {}),
            "member": membership(known.get(name)),
            "quorum": bool(view.get("with_quorum")),
            "window": view.get("window") or "",
            "failures": [
                f"{one.get('task')}: {one.get('reason') or one.get('status')}"
                for one in view.get("failures") or ()
                if one.get("node") == name and str(one.get("resource", "")).startswith(SERVICES)
            ],
        }
        for name, one in found.items()
    ]
    return on_one_disk(listed)


def observed_of(hostvars: Mapping[str, Any], database: Sequence[str], stack: str) -> list[dict[str, Any]]:
    """Collect what each database server said for the status; one that did not answer has said nothing."""
    found = {name: hostvars[name].get(f"stack_{stack}_observed") or {} for name in database}
    listed = [
        {
            "name": name,
            "reached": bool(one),
            "postgres": one.get("postgres") or {},
            "crm": one.get("crm") or {},
            "disk": one.get("disk") or {},
            "fencing": one.get("fencing") or {},
            "addresses": one.get("addresses") or [],
            "unheard": one.get("unheard") or [],
        }
        for name, one in found.items()
    ]
    return on_one_disk(listed)


def known_ids(hostvars: Mapping[str, Any], database: Sequence[str], stack: str) -> dict[str, int]:
    """Collect the numbers by which corosync knows the database servers already.

    The file of a server on which the cluster runs counts more than that of one on which it does not: it may be from
    before that server was removed. A file that names one server is the package's own.
    """
    views = [(hostvars[name].get(f"stack_{stack}_discovered") or {}).get("crm") or {} for name in database]
    known: dict[str, int] = {}
    for running in (True, False):
        for view in views:
            told = view.get("configured_nodes") or {}
            if bool(view.get("cluster_running")) is not running or len(told) < 2:
                continue
            for name, number in told.items():
                if name in database and name not in known and int(number) not in known.values():
                    known[name] = int(number)
    return known


def numbered(names: Sequence[str], known: Mapping[str, int]) -> dict[str, int]:
    """Give every server a number; one that has a number keeps it, for corosync cannot change it while it runs."""
    numbers = {name: known[name] for name in names if name in known}
    for name in names:
        if name not in numbers:
            numbers[name] = max([*known.values(), *numbers.values()], default=0) + 1
    return numbers


def _networks(networks: Mapping[str, str]) -> dict[str, ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return {name: ipaddress.ip_network(text) for name, text in networks.items()}


def _first(addresses: Mapping[str, str], order: Sequence[str], server: str) -> str:
    for network in order:
        if network in addresses:
            return addresses[network]
    raise PghaError(
        f"The server {server} has no address on any of: {', '.join(order)}.",
        next_step=f"set pgha_addresses of {server} in the inventory",
    )


def _links(database: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the networks that every database server has: corosync wants each link on each node."""
    return [name for name in LINK_ORDER if all(name in server["addresses"] for server in database)]


def slot_name(server: str) -> str:
    """Return the replication slot of a standby, in the way in which the resource agent spells it."""
    return "pgha_" + server.lower().replace(".", "_").replace("-", "_")


def _certificate_names(
    database: Sequence[Mapping[str, Any]], virtual_addresses: Mapping[str, str]
) -> dict[str, list[str]]:
    """Return every name and address by which a client may reach each server."""
    return {
        server["name"]: sorted(
            {f"DNS:{server['name']}", "DNS:localhost"}
            | {f"IP:{address}" for address in (*server["addresses"].values(), *virtual_addresses.values())}
        )
        for server in database
    }


def _fence_devices(database: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return all fence devices, each with the server that it powers off."""
    return [
        {"level": 1, "options": {}, "secrets": {}, **device, "server": server["name"]}
        for server in database
        for device in server["fence_devices"]
    ]


def _virtual(
    subnets: Mapping[str, ipaddress.IPv4Network | ipaddress.IPv6Network], virtual_addresses: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    return {
        kind: {"address": address, "prefix": subnets[VIRTUAL_NETWORK[kind]].prefixlen}
        for kind, address in virtual_addresses.items()
    }


def _nodes(
    database: Sequence[Mapping[str, Any]], links: Sequence[str], known: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Return the members as corosync wants them."""
    numbers = numbered([server["name"] for server in database], known)
    return [
        {
            "name": server["name"],
            "id": numbers[server["name"]],
            "addresses": [server["addresses"][link] for link in links],
        }
        for server in database
    ]


def _disks(database: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the disk that each server has of its own, or reaches, and where the other one finds it."""
    return [
        {
            "name": server["name"],
            "address": _first(server["addresses"], LINK_ORDER, server["name"]),
            "disk": server.get("disk"),
            "id": number,
        }
        for number, server in enumerate(database)
    ]


def topology(
    servers: Sequence[Mapping[str, Any]],
    networks: Mapping[str, str],
    virtual_addresses: Mapping[str, str],
    known: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """Derive nodes, peers, addresses, fence devices and certificate names of a cluster.

    :param servers: as :func:`servers_of` returns them.
    :param networks: network name to CIDR.
    :param virtual_addresses: ``write``, ``read`` and ``replication`` to an address.
    :param known: the numbers by which corosync knows servers already.
    """
    database = [server for server in servers if server["role"] == "database"]
    vote = [server for server in servers if server["role"] == "vote"]
    links = _links(database)
    return {
        "database": [server["name"] for server in database],
        "vote": vote[0]["name"] if vote else None,
        "vote_address": _first(vote[0]["addresses"], VOTE_ORDER, vote[0]["name"]) if vote else None,
        "links": links,
        "nodes": _nodes(database, links, known or {}),
        "hosts": [
            {"name": server["name"], "address": _first(server["addresses"], ("public", "management"), server["name"])}
            for server in servers
        ],
        # Where one server talks to another one, and what keeps its log for it.
        "peers": {server["name"]: _first(server["addresses"], LINK_ORDER, server["name"]) for server in database},
        "disks": _disks(database),
        "slots": {server["name"]: slot_name(server["name"]) for server in database},
        "database_addresses": [address for server in database for address in server["addresses"].values()],
        "all_addresses": [address for server in servers for address in server["addresses"].values()],
        "virtual": _virtual(_networks(networks), virtual_addresses),
        "certificate_names": _certificate_names(database, virtual_addresses),
        "fence_devices": _fence_devices(database),
    }
