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

from ansible_collections.pgha.cluster.plugins.module_utils.cluster.check_stack import rules_of
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.storage import part
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import auto_conf
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import Lsn, State

READY = "ready"
STANDBYS = (State.STANDBY.value, State.STANDBY_STOPPED.value)
"""What the control data of a standby say, whether it runs or is stopped."""
RUNNING = {State.PRIMARY.value: "primary", State.STANDBY.value: "standby"}
"""What they say of one that runs. Before the first deploy there is nothing on the server to ask it with."""


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
    :ivar role: what PostgreSQL is there, as the module postgres_info says.
    :ivar was_primary: of one that is stopped: its control data say that it was no standby last.
    :ivar position: timeline and LSN; None when they are not known.
    :ivar unread: why it is not known whose the data is that lies there; empty when that is known, and without data.
    :ivar elsewhere: the data directory of another PostgreSQL that has the port.
    :ivar on_disk: it has the disk that holds the cluster's data; None where each server has its own data.
    :ivar altered: what C(ALTER SYSTEM) has set there, and the cluster sets, too.
    """

    name: str
    system_identifier: str | None
    ready: bool
    role: str = "none"
    was_primary: bool = False
    position: tuple[int, Lsn] | None = None
    unread: str = ""
    elsewhere: str = ""
    on_disk: bool | None = None
    altered: tuple[str, ...] = ()

    @property
    def runs(self) -> bool:
        """Whether clients may be on it."""
        return self.role not in ("none", "stopped", "")


@dataclass(frozen=True)
class Step:
    """An action on one server with its reason."""

    server: str
    action: Action
    reason: str

    def as_result(self) -> dict[str, str]:
        """Return plain data."""
        return {"server": self.server, "action": self.action.value, "reason": self.reason}


def observed(found: Mapping[str, Any]) -> Observed:
    """Read one server from what the discovery collected."""
    postgres, stack = found.get("postgres") or {}, str(found.get("stack") or "pacemaker")
    identifier, role = postgres.get("system_identifier"), str(postgres.get("role") or "none")
    state = (postgres.get("control") or {}).get("state")
    timeline, lsn = postgres.get("timeline"), postgres.get("lsn")
    wanted = {str(name).lower() for name in found.get("settings") or {}}
    # An agent writes those of the connection there itself.
    ours = wanted if rules_of(stack).agent else {*wanted, *auto_conf.CONNECTION}
    disk = found.get("disk") or {}
    taken = part(disk).get("role") == "Primary" or bool(disk.get("mounted"))
    return Observed(
        name=str(found["name"]),
        system_identifier=str(identifier) if identifier else None,
        ready=(found.get("attributes") or {}).get("pgha-data") == READY,
        role=RUNNING.get(str(state), role) if role == "not answering" else role,
        was_primary=state not in STANDBYS,
        position=(int(timeline), Lsn.parse(lsn)) if timeline and lsn else None,
        unread=str(postgres.get("problem") or "nobody knows why") if not identifier and role == "stopped" else "",
        elsewhere=str(postgres.get("elsewhere") or ""),
        on_disk=taken if rules_of(stack).disk else None,
        altered=tuple(name for name in postgres.get("altered") or [] if name in ours),
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


def _refuse_what_is_in_the_way(servers: Sequence[Observed]) -> None:
    for server in servers:
        if server.unread and not server.ready:
            raise PghaError(
                f"{server.name} holds PostgreSQL data that cannot be read: {server.unread}.",
                expected="the programs of the version that the data belongs to, where postgresql_version says",
                next_step="install that version there, or correct postgresql_version, or move the data directory aside "
                "by hand; then run this again. Nothing was changed.",
            )
        if server.elsewhere:
            raise PghaError(
                f"On {server.name} another PostgreSQL has the port, with its data in {server.elsewhere}.",
                expected="nobody, or the PostgreSQL that the cluster is to take over",
                next_step=f"to take it over: postgresql_data_directory: {server.elsewhere} (and postgresql_version, if "
                "that is another one); to leave it alone: another postgresql_port. Nothing was changed.",
            )


def _refuse_to_hide(servers: Sequence[Observed]) -> None:
    """Refuse data that lies where the cluster's own disk is going to be mounted."""
    if any(server.on_disk is not False for server in servers):
        return
    for server in servers:
        if server.system_identifier and not server.ready:
            raise PghaError(
                f"{server.name} holds PostgreSQL data on a disk of its own, over which that of the cluster is mounted.",
                expected="no data there: a new cluster makes its own, on the disk that it is given",
                next_step="stop PostgreSQL there, move its data directory aside by hand, deploy, and load a dump of it "
                "into the new cluster. Nothing was changed.",
            )


def _refuse_another_primary(servers: Sequence[Observed]) -> None:
    """Refuse to make a copy of a server that takes writes and is none of the cluster's, whatever it is a copy of."""
    known = " and ".join(server.name for server in servers if server.ready)
    for server in servers:
        if server.role == "primary" and not server.ready and server.on_disk is None:
            raise PghaError(
                f"{server.name} takes writes, and the cluster knows the data of {known} only.",
                expected="no PostgreSQL there, or one that is stopped or follows another server",
                next_step="find out whose data is right. If the cluster's: stop PostgreSQL there and run this again; "
                "what only that server has is kept. Nothing was changed.",
            )


def _further(one: Observed, other: Observed) -> str:
    """Return why the other server's data may hold commits that the first one's lacks; nothing when it cannot."""
    if other.role == "not answering":
        return f"PostgreSQL on {other.name} runs and does not say what it is"
    if other.role == "primary":
        return f"{other.name} takes writes" + (f", and {one.name} as well" if one.role == "primary" else "")
    if one.position is None or other.position is None:
        return f"nobody knows how far the data of {other.name if one.position else one.name} goes"
    mine, theirs = one.position[0], other.position[0]
    if theirs > mine:
        return f"{other.name} is on timeline {theirs} and {one.name} on {mine}"
    if theirs < mine or one.role == "primary":
        return ""
    lasted, other_lasted = one.was_primary and one.role == "stopped", other.was_primary and other.role == "stopped"
    if other_lasted:
        return f"{other.name} was primary last" + (f", and {one.name} as well" if lasted else "")
    if not lasted and other.position[1] > one.position[1]:
        return f"{other.name} is at {other.position[1]} and {one.name} at {one.position[1]}"
    return ""


def _refuse_to_lose_commits(first: Observed, others: Sequence[Observed]) -> None:
    for other in others:
        why = _further(first, other) if other.system_identifier else ""
        if why:
            raise PghaError(
                f"pgha_primary is {first.name}, and {other.name} may have commits that it lacks: {why}.",
                expected="the cluster to start from the server that has every commit",
                next_step=f"set pgha_primary: {other.name}, or find out whose data is right and move the other data "
                "directory aside by hand. Nothing was changed.",
            )


def _refuse_altered(first: Observed) -> None:
    if first.altered:
        reset = " ".join(f"ALTER SYSTEM RESET {name};" for name in first.altered)
        raise PghaError(
            f"On {first.name} ALTER SYSTEM has set {', '.join(first.altered)}, which the cluster sets, too: it would "
            "win, and on that server alone.",
            next_step=f"run there, as postgres in psql: {reset} Put a value that you need into "
            "pgha_postgresql_settings. Nothing was changed.",
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
    first = by_name[primary]
    if first.on_disk is None:
        _refuse_to_lose_commits(first, [server for server in servers if server is not first])
        _refuse_altered(first)
    restarts = "; PostgreSQL restarts there, and takes its pg_hba.conf from the inventory" if first.runs else ""
    return Step(primary, Action.ADOPT, f"holds data, and pgha_primary says to start from it{restarts}")


def data_plan(servers: Sequence[Observed], primary: str) -> list[Step]:
    """Decide what each server's data directory needs.

    :param servers: every database server of the cluster.
    :param primary: the server that the inventory names; it counts only as long as the cluster knows no proven data.
    :raises PghaError: different clusters' data, data that cannot be read or where the inventory does not expect it,
        commits that would be lost, or another PostgreSQL in the way.
    """
    _refuse_what_is_in_the_way(servers)
    _refuse_to_hide(servers)
    _refuse_foreign_data(servers)
    if any(server.ready for server in servers):
        _refuse_another_primary(servers)
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
