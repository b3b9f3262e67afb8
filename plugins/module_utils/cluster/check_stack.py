# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with an inventory for the stack that it names: each decides by other means, and needs other things.

Pure; see :mod:`check`.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.cluster.topology import VOTE_ORDER
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.written import Problem, same


@dataclass(frozen=True)
class Rules:
    """What a stack needs.

    :ivar agent: the failover agent decides; it knows two servers and no more.
    :ivar virtual: kind of address that moves, to the network that it is in.
    :ivar modes: replication modes.
    :ivar refused: a mode that other stacks have, and why this one has not.
    :ivar disk: the data is on one disk that moves between two servers.
    """

    agent: bool
    virtual: Mapping[str, str]
    modes: tuple[str, ...]
    refused: Mapping[str, str]
    disk: bool = False


CLIENTS = {"write": "public", "read": "public"}
_ASYNC = "the failover agent lets a standby take over only when it has every acknowledged commit; take sync or strict"
_STRICT = "the resource agent lets the primary go on alone when the standby is lost; keepalived and vote can be strict"
_MANAGER = Rules(False, {**CLIENTS, "replication": "replication"}, ("sync", "async"), {"strict": _STRICT})
_ONE_DISK = "the data is on one disk, which has each commit as soon as it is acknowledged; leave it out, or take sync"
_DISK = Rules(False, {"write": "public"}, ("sync",), {"strict": _ONE_DISK, "async": _ONE_DISK}, disk=True)
_AGENT = Rules(True, CLIENTS, ("sync", "strict"), {"async": _ASYNC})
STACKS = {"pacemaker": _MANAGER, "keepalived": _AGENT, "vote": _AGENT, "drbd": _DISK}


def rules_of(stack: Any) -> Rules:
    """Return the rules of a stack; of one that nobody knows, and which is refused for that, those of the first."""
    return STACKS.get(stack, _MANAGER) if isinstance(stack, str) else _MANAGER


def _of(servers: Sequence[Mapping[str, Any]], role: str) -> list[Mapping[str, Any]]:
    return [server for server in servers if server.get("role") == role]


def modes(values: Mapping[str, Any]) -> Iterator[Problem]:
    """Check the replication mode."""
    where, rules, mode = "pgha_replication_mode", rules_of(values.get("stack")), values.get("replication_mode", "sync")
    if isinstance(mode, str) and mode in rules.refused:
        yield Problem(where, f"{mode} is refused on the stack {values['stack']}: {rules.refused[mode]}")
    elif mode not in rules.modes:
        yield Problem(where, f"{mode!r} is neither {' nor '.join(rules.modes)}")


def _fencing(database: Sequence[Mapping[str, Any]], mode: Any) -> Iterator[Problem]:
    """S5: a primary that goes on without its standby has to prove first that this one is off."""
    bare = [str(server.get("name")) for server in database if not server.get("fence_devices")]
    if bare and mode != "strict":
        yield Problem(
            "pgha_fence_devices",
            f"{', '.join(bare)} cannot be powered off by another server, and in sync mode the primary goes on "
            "alone only when its standby is proven off. Add a fence device to each, or take "
            "pgha_replication_mode: strict, where writes wait until the standby is back",
        )
    elif bare and len(bare) < len(database):
        yield Problem(
            "pgha_fence_devices", f"{', '.join(bare)} has none, and the other has one; give both one, or none"
        )


def _own_addresses(servers: Sequence[Mapping[str, Any]], virtual: Any) -> set[Any]:
    listed = [_addresses(server) for server in servers]
    listed += [virtual] if isinstance(virtual, Mapping) else []
    return {same(text) for one in listed for text in one.values()}


def _ping_targets(servers: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> Iterator[Problem]:
    targets = values.get("ping_targets", [])
    listed = targets if isinstance(targets, list) else []
    if not listed and values.get("stack") == "keepalived":
        yield Problem(
            "pgha_ping_targets",
            "is empty: a server that no longer sees the other one asks these whether it is itself the one that is cut "
            "off. Name the gateway of the clients' network, or two such addresses",
        )
    own = _own_addresses(servers, values.get("virtual_addresses"))
    for target in listed:
        if isinstance(target, str) and same(target) in own:
            yield Problem("pgha_ping_targets", f"{target} belongs to the cluster itself; name something outside of it")


QNETD_PORT = 5403
RELAY_PORTS = range(1024, 65536)


def _vote_host(
    database: Sequence[Mapping[str, Any]], vote: Sequence[Mapping[str, Any]], values: Mapping[str, Any]
) -> Iterator[Problem]:
    """The vote host is asked by both servers, on a port of this cluster's own."""
    if len(vote) != 1:
        yield Problem("pgha_vote", f"has {len(vote)} server(s); the stack vote asks exactly one who is cut off")
        return
    port = values.get("relay_port", 5433)
    if isinstance(port, bool) or not isinstance(port, int) or port not in RELAY_PORTS:
        yield Problem("pgha_relay_port", f"{port!r} is no port from {RELAY_PORTS[0]} to {RELAY_PORTS[-1]}")
    elif port == QNETD_PORT:
        yield Problem("pgha_relay_port", f"{port} is that of the vote host of the stack pacemaker; take another one")
    asked = next((name for name in VOTE_ORDER if name in _addresses(vote[0])), None)
    for server in database if asked else ():
        if asked not in _addresses(server):
            yield Problem(
                f"{server.get('name')}: pgha_addresses",
                f"has no address in the network {asked}, in which {vote[0].get('name')} is asked; add one, or take "
                f"{vote[0].get('name')} out of that network",
            )


def _addresses(server: Mapping[str, Any]) -> Mapping[str, Any]:
    listed = server.get("addresses")
    return listed if isinstance(listed, Mapping) else {}


def agent_stack(servers: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> Iterator[Problem]:
    """Check what the failover agent needs: two servers, a third party, and fence devices or the mode strict."""
    stack, database, vote = values.get("stack"), _of(servers, "database"), _of(servers, "vote")
    if len(database) != 2:
        yield Problem(
            "pgha_database",
            f"has {len(database)} server(s); the stack {stack} has exactly two, so that none can be added or removed. "
            "Take the stack pacemaker for more",
        )
    if stack == "vote":
        yield from _vote_host(database, vote, values)
    if stack == "keepalived" and vote:
        yield Problem("pgha_vote", "has no use on the stack keepalived; leave it empty, or take the stack vote")
    if values.get("accept_split_brain", False) is not False:
        yield Problem(
            "pgha_accept_split_brain",
            f"has no use on the stack {stack}; take pgha_replication_mode: strict instead",
        )
    yield from _fencing(database, values.get("replication_mode", "sync"))
    yield from _ping_targets(servers, values)


def agent_warnings(values: Mapping[str, Any]) -> Iterator[str]:
    """Return what may be deployed under the failover agent and still deserves a word."""
    if values.get("replication_mode") == "strict":
        yield "pgha_replication_mode is strict: while the standby is away, writes wait until it is back."
    if not values.get("ping_targets"):
        yield (
            "pgha_ping_targets is empty: a primary that clients cannot reach is not noticed as long as the servers "
            "hear each other on another network."
        )


STORAGES = ("replicated", "shared")
# The same on every boot. Of these the last is what multipath calls a disk with several ways to it.
STABLE = ("/dev/disk/by-id/", "/dev/disk/by-path/", "/dev/mapper/")


def is_shared(values: Mapping[str, Any]) -> bool:
    """Tell whether the servers share one disk."""
    return rules_of(values.get("stack")).disk and values.get("storage") == "shared"


def storage(values: Mapping[str, Any]) -> Iterator[Problem]:
    """Check where the data is."""
    where, said = "pgha_storage", values.get("storage", "replicated")
    if said not in STORAGES:
        yield Problem(where, f"{said!r} is neither {' nor '.join(STORAGES)}")
    elif said == "shared" and not rules_of(values.get("stack")).disk:
        yield Problem(
            where, f"shared is for the stack drbd; on {values.get('stack')} each server has a disk of its own"
        )


def _named(server: Mapping[str, Any]) -> Iterator[Problem]:
    where, device = f"{server.get('name')}: pgha_disk", server.get("disk")
    if not isinstance(device, str) or not device.startswith("/dev/"):
        yield Problem(where, f"{device!r} is no device; write it such as /dev/disk/by-id/…")


def _stable(server: Mapping[str, Any]) -> Iterator[Problem]:
    where, device = f"{server.get('name')}: pgha_disk", str(server.get("disk"))
    if device.startswith(("/dev/disk/by-uuid/", "/dev/disk/by-label/")):
        yield Problem(where, f"{device} names a file system, which an empty disk has not; take its name in {STABLE[0]}")
    elif not device.startswith(STABLE) or device in STABLE:
        yield Problem(
            where,
            f"{device} may be another disk after the next boot, and that one would be mounted, or overwritten; take "
            f"its name in {', '.join(STABLE)}",
        )


def _shared(database: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> Iterator[Problem]:
    """Check what makes a disk exclusive that two servers reach: fencing, and nothing that could be accepted instead."""
    for server in database:
        yield from _stable(server)
    names = {str(server.get("disk")) for server in database}
    if len(names) > 1:
        yield Problem("pgha_disk", f"the cluster mounts one disk under one name, and the servers have {len(names)}")
    bare = [str(server.get("name")) for server in database if not server.get("fence_devices")]
    if bare:
        yield Problem(
            "pgha_fence_devices",
            f"{', '.join(bare)} cannot be powered off by another server. Nothing else keeps two servers from mounting "
            "one disk and destroying what is on it: add a fence device to each",
        )
    if values.get("accept_split_brain", False) is not False:
        yield Problem(
            "pgha_accept_split_brain",
            "is refused without exception on a shared disk: two servers that mount it lose more than the commits of "
            "one of them, they destroy the file system with all that was ever committed",
        )
    if values.get("filesystem", "ext4") != "ext4":
        yield Problem(
            "stack_drbd_filesystem",
            f"{values['filesystem']!r} is refused on a shared disk: only ext4 has multi-mount protection, by which the "
            "disk itself refuses a second mount",
        )


def disk_stack(servers: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> Iterator[Problem]:
    """Check what a disk that moves needs: two servers, and a device on each."""
    database = _of(servers, "database")
    if len(database) > 2:
        yield Problem(
            "pgha_database",
            f"has {len(database)} servers; the stack drbd has two. Take the stack pacemaker for more",
        )
    unnamed = [problem for server in database for problem in _named(server)]
    yield from unnamed
    if is_shared(values) and not unnamed:
        yield from _shared(database, values)
