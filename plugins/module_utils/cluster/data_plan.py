# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose data the cluster goes on with, and which servers get a copy of it.

Pure: observations in, one action a server out, or a refusal. The rule behind all of it: data that a cluster has
proven is never replaced by data that the inventory merely names.

This module util is private to the collection.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError

READY = "ready"


class Action(enum.Enum):
    """What a server's data directory needs."""

    INITIALISE = "initialise"
    """The server has the first data of the cluster, still to be made."""
    ADOPT = "adopt"
    """The server has the first data of the cluster; only the cluster does not know it yet."""
    CLONE = "clone"
    """The server gets a copy of the primary's data."""
    KEEP = "keep"
    """The cluster knows this server's data; nothing to do."""


@dataclass(frozen=True)
class Observed:
    """One server as it was found.

    :ivar name: the server.
    :ivar system_identifier: of the PostgreSQL data found there, None without data.
    :ivar ready: the cluster has recorded that this server's data is proven.
    """

    name: str
    system_identifier: str | None
    ready: bool


@dataclass(frozen=True)
class Step:
    """An action on one server with its reason."""

    server: str
    action: Action
    reason: str

    def as_result(self) -> dict[str, str]:
        """Return plain data."""
        return {"server": self.server, "action": self.action.value, "reason": self.reason}


def observed(name: str, postgres: Mapping[str, Any] | None, attributes: Mapping[str, Any] | None) -> Observed:
    """Read one server's observation from the results of the modules that looked at it."""
    identifier = (postgres or {}).get("system_identifier")
    return Observed(
        name=name,
        system_identifier=str(identifier) if identifier else None,
        ready=(attributes or {}).get("pgha-data") == READY,
    )


def joining(servers: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the servers that a running cluster does not know yet; none where no cluster runs.

    The cluster looks for its resources on such a server as soon as it is a member, and fences it where it finds nothing
    that could answer: what it looks for has to be there before.
    """
    known = {str(one["name"]): one.get("member") or "unknown" for one in servers}
    if all(member == "unknown" for member in known.values()):
        return []
    return [name for name, member in known.items() if member == "unknown"]


def _refuse_foreign_data(servers: Sequence[Observed]) -> None:
    found = {server.system_identifier for server in servers if server.system_identifier}
    if len(found) > 1:
        listing = ", ".join(f"{s.name}: {s.system_identifier}" for s in servers if s.system_identifier)
        raise PghaError(
            f"These servers hold PostgreSQL data of different clusters ({listing}).",
            expected="the same system identifier on every server that has data, or no data at all",
            next_step="find out whose data each server holds; move the data directory of the wrong one aside by hand "
            "and run this again. Nothing was changed.",
        )


def _first_copy(servers: Sequence[Observed], primary: str) -> Step:
    """Choose the server that the cluster starts from; only asked when the cluster knows no proven data."""
    by_name = {server.name: server for server in servers}
    if primary not in by_name:
        raise PghaError(
            f"pgha_primary is {primary}, which is no database server of this cluster.",
            expected="one of " + ", ".join(sorted(by_name)),
        )
    holders = [server.name for server in servers if server.system_identifier]
    if not holders:
        return Step(primary, Action.INITIALISE, "no server holds data; pgha_primary says to start here")
    if primary not in holders:
        raise PghaError(
            f"pgha_primary is {primary}, which holds no data, but {', '.join(holders)} does.",
            expected="the cluster to start from a server that holds the data",
            next_step=f"set pgha_primary: {holders[0]}, or move that data directory aside by hand if it is not wanted",
        )
    return Step(primary, Action.ADOPT, "holds data, and pgha_primary says to start from it")


def data_plan(servers: Sequence[Observed], primary: str) -> list[Step]:
    """Decide what each server's data directory needs.

    :param servers: every database server of the cluster.
    :param primary: the server that the inventory names; it counts only as long as the cluster knows no proven data.
    :raises PghaError: different clusters' data, or data where the inventory does not expect it.
    """
    _refuse_foreign_data(servers)
    if any(server.ready for server in servers):
        return [
            Step(server.name, Action.KEEP, "the cluster knows its data")
            if server.ready
            else Step(server.name, Action.CLONE, "the cluster does not know its data")
            for server in servers
        ]
    first = _first_copy(servers, primary)
    return [
        first if server.name == first.server else Step(server.name, Action.CLONE, f"gets its data from {first.server}")
        for server in servers
    ]
