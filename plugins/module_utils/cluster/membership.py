# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server may be added to a running cluster, or removed from it.

Pure. Both change how many votes make a majority, so that every server has to be there to learn of it: one that comes
back later with the old number counts differently from the others. What cannot be seen is a reason against it.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.cluster.rebuild import follows_by
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import (
    Reason,
    Verdict,
    judge,
    safe,
    unknown,
    unsafe,
)


@dataclass(frozen=True)
class Server:
    """One database server as it was found.

    :ivar role: what PostgreSQL says it is; empty when the server gave no answer.
    :ivar member: what the cluster holds it for; ``unknown`` when it does not know it.
    :ivar identifier: of the cluster that its data belongs to; empty without data, or when it cannot be read.
    :ivar streams: it receives from another server, by its own word or by the cluster's.
    """

    name: str
    role: str
    member: str
    identifier: str
    streams: bool

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Server:
        """Read one server from what the discovery collected."""
        postgres = found.get("postgres") or {}
        return cls(
            name=str(found["name"]),
            role=str(postgres.get("role") or ""),
            member=str(found.get("member") or "unknown"),
            identifier=str(postgres.get("system_identifier") or ""),
            streams=follows_by(found),
        )


@dataclass(frozen=True)
class Situation:
    """A cluster, and what the inventory says of it.

    :ivar vote: whether there is a vote host.
    :ivar fenced: the servers that have a fence device.
    :ivar accept_split_brain: whether a person accepts a cluster without fencing.
    """

    servers: tuple[Server, ...]
    quorum: bool
    window: str
    vote: bool
    fenced: frozenset[str]
    accept_split_brain: bool

    @classmethod
    def of(cls, found: Sequence[Mapping[str, Any]], inventory: Mapping[str, Any]) -> Situation:
        """Read what the discovery collected.

        :param inventory: with the keys ``vote``, ``fenced`` and ``accept_split_brain``.
        """
        return cls(
            servers=tuple(Server.of(one) for one in found),
            quorum=any(one.get("quorum") for one in found),
            window=next((str(one["window"]) for one in found if one.get("window")), ""),
            vote=bool(inventory["vote"]),
            fenced=frozenset(inventory["fenced"]),
            accept_split_brain=bool(inventory["accept_split_brain"]),
        )

    def server(self, name: str) -> Server | None:
        """The server of that name."""
        return next((server for server in self.servers if server.name == name), None)

    def others(self, name: str) -> tuple[Server, ...]:
        """All servers but the one of that name."""
        return tuple(server for server in self.servers if server.name != name)


def _no_such_server(now: Situation, target: str) -> Verdict:
    names = ", ".join(server.name for server in now.servers)
    named = target or "nothing"
    return judge([unsafe("no_such_server", f"pgha_target names {named}; the inventory's servers are {names}.")])


def _primary(servers: Sequence[Server]) -> Iterator[Reason]:
    primaries = [server.name for server in servers if server.role == "primary"]
    if len(primaries) > 1:
        yield unsafe("two_primaries", f"{' and '.join(primaries)} both take writes.")
    elif primaries:
        yield safe("primary_known", f"{primaries[0]} is the primary.")
    else:
        yield unknown("no_primary", "None of the servers that answer takes writes.")


def _at_rest(now: Situation) -> Iterator[Reason]:
    if not now.quorum:
        yield unknown("no_quorum", "The servers that answer have no quorum.")
    if now.window:
        yield unsafe("under_way", f"The cluster rests until {now.window} for another change.")


def _present(servers: Sequence[Server]) -> Iterator[Reason]:
    for server in servers:
        if not server.role:
            yield unknown("server_down", f"{server.name} gives no answer, and would not learn of the change.")
        elif server.member != "online":
            yield unknown("not_a_member", f"{server.name} is no member in service ({server.member}).")
        elif server.role not in ("primary", "standby"):
            yield unknown("not_running", f"PostgreSQL on {server.name} is neither primary nor standby ({server.role}).")


def _votes(now: Situation, names: Sequence[str]) -> Iterator[Reason]:
    """S5, for the servers that there will be."""
    bare = [name for name in names if name not in now.fenced]
    if len(names) % 2 or now.vote:
        return
    if len(names) > 2:
        yield unsafe(
            "halves", f"{len(names)} servers without a vote host can split into halves; add a vote host or a server."
        )
    elif bare and not now.accept_split_brain:
        yield unsafe(
            "halves", f"two servers would be left without a vote host, and {', '.join(bare)} cannot be fenced."
        )


def joined(now: Situation, target: str) -> bool:
    """Tell whether the target is a member that follows this cluster's primary."""
    one = now.server(target)
    primary = next((server for server in now.others(target) if server.role == "primary"), None)
    if one is None or primary is None:
        return False
    follows = one.role == "standby" and one.streams
    return one.member == "online" and follows and bool(one.identifier) and one.identifier == primary.identifier


def _data(target: Server, others: Sequence[Server]) -> Iterator[Reason]:
    own = {server.identifier for server in others if server.role == "primary"}
    if target.role == "primary":
        yield unsafe("takes_writes", f"{target.name} takes writes itself.")
    elif target.role == "none":
        yield safe("no_data", f"{target.name} holds no data.")
    elif not target.identifier:
        yield unknown("data_unreadable", f"{target.name} holds PostgreSQL data, and nobody can tell whose.")
    elif target.identifier in own:
        yield safe("own_data", f"{target.name} holds data of this cluster.")
    elif own:
        yield unsafe(
            "foreign_data",
            f"{target.name} holds PostgreSQL data of another cluster ({target.identifier}); move it aside by hand if "
            "it is not wanted.",
        )


def add_verdict(now: Situation, target: str) -> Verdict:
    """Judge whether the target may be added, with every reason."""
    one, others = now.server(target), now.others(target)
    if one is None:
        return _no_such_server(now, target)
    if joined(now, target):
        return judge([safe("joined", f"{target} is a member and follows already: there is nothing to do.")])
    reasons = [*_primary(others), *_at_rest(now), *_present(others)]
    if not one.role:
        reasons.append(unknown("not_reached", f"{target} gives no answer."))
    else:
        reasons += _data(one, others)
    if one.member not in ("unknown", "offline", "online", "pending"):
        reasons.append(unsafe("held_back", f"the cluster holds {target} for {one.member}."))
    reasons += _votes(now, [server.name for server in now.servers])
    if now.fenced and target not in now.fenced:
        reasons.append(unsafe("not_fenced", f"{target} has no fence device, and the others have one."))
    return judge(reasons)


def _target(one: Server) -> Iterator[Reason]:
    if one.member == "unclean":
        yield unknown("not_proven_off", f"{one.name} is lost to the cluster, which has not fenced it yet.")
    elif one.role == "primary":
        yield unsafe("is_primary", f"{one.name} is the primary: run switchover.yml first.")
    elif one.role:
        yield safe("answers", f"{one.name} answers: PostgreSQL and the cluster manager are stopped there.")
    elif one.member == "offline":
        yield safe("proven_off", f"{one.name} gives no answer; the cluster holds it for off.")
    else:
        yield unknown(
            "not_proven_off",
            f"{one.name} gives no answer and nobody has proven that it is off ({one.member}); it may still run.",
        )


def remove_verdict(now: Situation, target: str) -> Verdict:
    """Judge whether the target may be removed, with every reason."""
    one, staying = now.server(target), now.others(target)
    if one is None:
        return _no_such_server(now, target)
    if now.quorum and one.member == "unknown":
        return judge(
            [unsafe("no_member", f"{target} is no member of the cluster: take it out of the inventory, that is all.")]
        )
    reasons = [*_primary(now.servers), *_at_rest(now), *_target(one)]
    names = [server.name for server in staying]
    if len(names) < 2:
        reasons.append(unsafe("too_few", f"only {', '.join(names) or 'no server'} would be left; a cluster needs two."))
    reasons += _present(staying)
    if one.role != "primary" and not any(server.streams for server in staying):
        reasons.append(unsafe("last_standby", "no standby that follows would be left."))
    reasons += _votes(now, names)
    return judge(reasons)
