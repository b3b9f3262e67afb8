# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with an inventory, found before any server is touched.

Pure. Takes the values exactly as the operator wrote them, of whatever type, and returns every problem at once, each
with its place and what to write instead.

This module util is private to the collection.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.cluster.check_fencing import (
    devices,
    fence_devices,
    reservations,
    shared_devices,
)
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.check_service import service
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.check_stack import (
    STACKS,
    agent_stack,
    agent_warnings,
    disk_stack,
    is_shared,
    modes,
    rules_of,
    storage,
)
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.check_timing import timing
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.written import (
    HAS_NETADDR,
    NO_RATE,
    Problem,
    address,
    clone_rate,
    network,
    same,
)

if HAS_NETADDR:
    import netaddr

__all__ = ["HAS_NETADDR", "Problem", "announcement", "problems", "warnings"]

NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
NEEDED_NETWORKS = ("public", "replication")


def _networks(raw: Any) -> tuple[dict[str, netaddr.IPNetwork], list[Problem]]:
    where = "pgha_networks"
    if not isinstance(raw, Mapping):
        return {}, [Problem(where, "must map public, replication and optionally management to networks")]
    good, problems = {}, []
    for name in NEEDED_NETWORKS:
        if name not in raw:
            problems.append(Problem(where, f"has no network {name}"))
    for name, text in raw.items():
        found = network(text)
        if found is None:
            problems.append(Problem(f"{where}.{name}", f"{text!r} is no network; write it such as 10.0.1.0/24"))
        elif found.ip != found.network:
            problems.append(Problem(f"{where}.{name}", f"{text} is an address in {found.cidr}; write {found.cidr}"))
        else:
            good[str(name)] = found
    overlaps = [
        Problem(f"{where}.{one}", f"overlaps with {other}")
        for one in good
        for other in good
        if (one < other and good[one] in good[other]) or (one < other and good[other] in good[one])
    ]
    return good, problems + overlaps


def _placed(where: str, text: Any, name: str, networks: Mapping[str, netaddr.IPNetwork]) -> Iterator[Problem]:
    found = address(text)
    if found is None:
        yield Problem(where, f"{text!r} is no address")
    elif name not in networks:
        yield Problem(where, f"there is no network {name} in pgha_networks")
    elif found not in networks[name]:
        yield Problem(where, f"{text} is outside of the network {name} ({networks[name]})")
    elif networks[name].size > 2 and found in (networks[name].network, networks[name].broadcast):
        yield Problem(where, f"{text} is the network or broadcast address of {networks[name]}")


def _server(server: Mapping[str, Any], networks: Mapping[str, netaddr.IPNetwork]) -> Iterator[Problem]:
    name = server.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        yield Problem(str(name), "is no usable server name; use small letters, digits and hyphens, a letter first")
    addresses = server.get("addresses")
    if not isinstance(addresses, Mapping):
        yield Problem(f"{name}: pgha_addresses", "must map the networks to this server's addresses")
        return
    for needed in NEEDED_NETWORKS if server.get("role") == "database" else ("public",):
        if needed not in addresses:
            yield Problem(f"{name}: pgha_addresses", f"has no address in the network {needed}")
    for network_name, text in addresses.items():
        yield from _placed(f"{name}: pgha_addresses.{network_name}", text, str(network_name), networks)


def _duplicates(servers: Sequence[Mapping[str, Any]], virtual: Any) -> Iterator[Problem]:
    used: dict[str, str] = {}
    named = [
        (f"{server.get('name')}: pgha_addresses.{name}", text)
        for server in servers
        if isinstance(server.get("addresses"), Mapping)
        for name, text in server["addresses"].items()
    ]
    if isinstance(virtual, Mapping):
        named += [(f"pgha_virtual_addresses.{kind}", text) for kind, text in virtual.items()]
    for where, text in named:
        if same(text) in used:
            yield Problem(where, f"{text} is taken already by {used[same(text)]}")
        used.setdefault(same(text), where)
    for server, _device, options in fence_devices(servers):
        # A device need not have an address, and a server's may be written as nothing: that makes the two no duplicates.
        address = options.get("ip")
        if address is not None and same(address) in used:
            yield Problem(f"{server}: pgha_fence_devices", f"{address} is taken already by {used[same(address)]}")


def _names(servers: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    names = [str(server.get("name")) for server in servers]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Problem(name, "is in pgha_database and in pgha_vote; a database server cannot be its own tie-breaker")


def _virtual(raw: Any, networks: Mapping[str, netaddr.IPNetwork], kinds: Mapping[str, str]) -> Iterator[Problem]:
    where = "pgha_virtual_addresses"
    if not isinstance(raw, Mapping):
        yield Problem(where, f"must have the addresses {', '.join(kinds)}")
        return
    for kind, name in kinds.items():
        if kind not in raw:
            yield Problem(where, f"has no {kind} address")
        else:
            yield from _placed(f"{where}.{kind}", raw[kind], name, networks)
    for kind in raw:
        if kind not in kinds:
            yield Problem(f"{where}.{kind}", f"is unknown; known are {', '.join(kinds)}")


def _arbitration(servers: Sequence[Mapping[str, Any]], accept: Any) -> Iterator[Problem]:
    """S5: servers that cannot prove each other off need somebody who decides, and then still a way to prove it."""
    database = [server for server in servers if server.get("role") == "database"]
    vote = [server for server in servers if server.get("role") == "vote"]
    if len(database) < 2:
        yield Problem("pgha_database", f"has {len(database)} server(s); a cluster needs two or more")
    if len(vote) > 1:
        yield Problem("pgha_vote", "has more than one server; one tie-breaker is enough")
    if not isinstance(accept, bool):
        yield Problem("pgha_accept_split_brain", f"{accept!r} is neither true nor false")
        return
    bare = [str(server.get("name")) for server in database if not server.get("fence_devices")]
    if bare and not accept:
        yield Problem(
            "pgha_fence_devices",
            f"{', '.join(bare)} cannot be powered off by another server, so after a lost connection two servers could "
            "take writes. Add a fence device to each, or accept that with pgha_accept_split_brain: true",
        )
    if len(database) > 2 and len(database) % 2 == 0 and not vote:
        yield Problem("pgha_vote", f"{len(database)} servers can split into halves; add a vote host or a server")


def _scalars(values: Mapping[str, Any], servers: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    cluster = values.get("cluster_name")
    if not isinstance(cluster, str) or not re.fullmatch(r"[a-z][a-z0-9-]{0,31}", cluster):
        yield Problem("pgha_cluster_name", f"{cluster!r} is no name; use small letters, digits and hyphens")
    if not isinstance(values.get("stack"), str) or values["stack"] not in STACKS:
        yield Problem("pgha_stack", f"{values.get('stack')!r} is unknown; known are {', '.join(STACKS)}")
    if not isinstance(values.get("firewall", False), bool):
        yield Problem("pgha_firewall", f"{values['firewall']!r} is neither true nor false")
    names = [server.get("name") for server in servers if server.get("role") == "database"]
    primary = values.get("primary")
    if primary not in names:
        yield Problem("pgha_primary", f"{primary!r} is no server of pgha_database ({', '.join(map(str, names))})")
    yield from modes(values)
    yield from storage(values)
    yield from service(values)
    targets = values.get("ping_targets", [])
    if not isinstance(targets, list) or any(address(target) is None for target in targets):
        yield Problem("pgha_ping_targets", "must be a list of addresses, which may be empty")
    if clone_rate(values.get("clone_max_rate", 0)) is None:
        yield Problem("pgha_clone_max_rate", f"{values['clone_max_rate']!r} {NO_RATE}")
    clients = values.get("client_networks", [])
    if not isinstance(clients, list) or any(network(one) is None for one in clients):
        yield Problem("pgha_client_networks", "must be a list of networks such as 10.0.0.0/24")


def problems(servers: Any, values: Mapping[str, Any]) -> list[Problem]:
    """Return everything that is wrong; an empty list means that a deploy may begin.

    :param servers: one mapping a server with name, role, addresses and fence_devices, as written.
    :param values: the cluster-wide values without their prefix C(pgha_), as written.
    """
    if not isinstance(servers, list) or not all(isinstance(server, Mapping) for server in servers):
        return [Problem("inventory", "names no servers in the groups pgha_database and pgha_vote")]
    rules = rules_of(values.get("stack"))
    networks, found = _networks(values.get("networks"))
    found += _scalars(values, servers)
    for server in servers:
        found += _server(server, networks)
        if server.get("role") == "database":
            found += devices(server)
    found += _virtual(values.get("virtual_addresses"), networks, rules.virtual)
    found += _names(servers)
    found += _duplicates(servers, values.get("virtual_addresses"))
    found += shared_devices(servers)
    found += reservations(servers, is_shared(values))
    if rules.agent:
        found += agent_stack(servers, values)
    else:
        # On a shared disk nothing can be accepted in fencing's place, and its own check says why.
        found += _arbitration(servers, is_shared(values) or values.get("accept_split_brain", False))
    if rules.disk:
        found += disk_stack(servers, values)
    elif not rules.agent:
        found += timing(servers, values)
    return found


def warnings(values: Mapping[str, Any], servers: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what may be deployed and still deserves a word."""
    if rules_of(values.get("stack")).agent:
        return list(agent_warnings(values))
    said = []
    if values.get("accept_split_brain"):
        said.append(
            "pgha_accept_split_brain is true: after a lost connection two servers may take writes, and one of the two "
            "histories is lost. Add fence devices."
        )
    if not any(server.get("role") == "vote" for server in servers):
        said.append("There is no vote host: two servers that lose sight of each other race to power each other off.")
    if values.get("replication_mode") == "async":
        said.append("pgha_replication_mode is async: a failover may lose the last commits.")
        if sum(server.get("role") == "database" for server in servers) > 2:
            # The resource agent cannot tell whose data are the newest, and says so.
            said.append("With more than two database servers and async the cluster promotes nobody by itself.")
    return said


def announcement(values: Mapping[str, Any], servers: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what a deploy will do, for a person."""
    database = [str(server["name"]) for server in servers if server["role"] == "database"]
    vote = [str(server["name"]) for server in servers if server["role"] == "vote"]
    virtual = values["virtual_addresses"]
    mode = values.get("replication_mode", "sync")
    fenced = [str(server["name"]) for server in servers if server.get("fence_devices")]
    tie_breaker = vote[0] if vote else "none"
    if values.get("stack") == "keepalived":
        tie_breaker = f"VRRP and {', '.join(values['ping_targets'])}"
    how = "one disk, replicated by DRBD" if rules_of(values.get("stack")).disk else f"{mode} replication"
    how = "one disk that both reach, mounted on one at a time" if is_shared(values) else how
    wanted = values.get("service")
    how += f" on {wanted['directory']}, for {wanted['unit']}" if wanted else ""
    return [
        f"cluster {values['cluster_name']}: {', '.join(database)}; {how}; a new cluster starts from "
        f"{values['primary']}",
        "addresses: " + ", ".join(f"{kind} {virtual[kind]}" for kind in rules_of(values.get("stack")).virtual),
        f"fencing: {', '.join(fenced) or 'none'}; tie-breaker: {tie_breaker}",
    ]
