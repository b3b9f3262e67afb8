# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a person may make a server primary that the cluster does not promote by itself.

Pure. Two proofs are asked for. No other server can take a write: it answers and does not, or the cluster holds it for
off (S1). And the server has every acknowledged commit: the resource agent's record says so, which it keeps in the
cluster's configuration on all servers (C(LATEST): it was the last primary; C(STREAMING|SYNC): every commit waited for
it), and the server's copy of it is no old one. Without the second proof a person has to accept by name that commits are
lost.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.cluster.advice import advice_of
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import (
    Reason,
    Verdict,
    judge,
    safe,
    unknown,
    unsafe,
)
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import Lsn

RECORD = "postgresql-data-status"
COMPLETE = frozenset({"LATEST", "STREAMING|SYNC"})
CURRENT = "pgha-current"
"""Set by C(pgha-guard) on a server whose copy of that record is not from before; gone with the next boot."""
UNSEEN = "disk not seen"
"""The role of a server that does not see the disk which it shares with another one."""
DOWN = "disk down"
"""The role of a server whose replicated disk has not been started: nobody can say yet what is on it."""


@dataclass(frozen=True)
class Server:
    """One database server as it was found.

    :ivar role: what PostgreSQL there is; empty when the server gave no answer.
    :ivar member: what the cluster holds it for.
    :ivar record: what the resource agent has recorded of its data.
    :ivar current: that record is not from before the server was away.
    :ivar position: timeline and LSN; None when they cannot be read.
    :ivar age: how old the last commit or checkpoint is that it is known to have, in seconds; None when nobody knows.
    :ivar stack: who decides, and so by which command a person vouches for what he has seen.
    :ivar fenced_by_target: the one that takes over has it powered off first, by itself.
    """

    name: str
    role: str
    member: str
    record: str
    position: tuple[int, Lsn] | None
    age: float | None = None
    stack: str = "pacemaker"
    fenced_by_target: bool = False
    current: bool = True

    @property
    def complete(self) -> bool:
        """Whether it has every acknowledged commit."""
        return self.record in COMPLETE and self.current


def is_current(attributes: Mapping[str, Any], stack: str) -> bool:
    """Tell whether what is recorded of a server is not from before: no other stack keeps such copies."""
    return stack != "pacemaker" or attributes.get(CURRENT) == "yes"


def server_of(found: Mapping[str, Any]) -> Server:
    """Read one server from what the discovery collected."""
    postgres = found.get("postgres") or {}
    timeline, lsn = postgres.get("timeline"), postgres.get("lsn")
    attributes, stack = found.get("attributes") or {}, str(found.get("stack") or "pacemaker")
    return Server(
        name=str(found["name"]),
        role=str(postgres.get("role") or ""),
        member=str(found.get("member") or "unknown"),
        record=str(attributes.get(RECORD, "")),
        position=(int(timeline), Lsn.parse(lsn)) if timeline and lsn else None,
        age=postgres.get("age_seconds"),
        stack=stack,
        fenced_by_target=attributes.get("pgha-fenced-by-peer") == "yes",
        current=is_current(attributes, stack),
    )


def _others(others: Sequence[Server]) -> Iterator[Reason]:
    for other in others:
        if other.role == "primary":
            yield unsafe("primary_exists", f"{other.name} takes writes: there is nothing to fail over from.")
        elif other.role == "not answering":
            yield unknown("still_runs", f"PostgreSQL on {other.name} runs and does not say what it is; stop it first.")
        elif other.role:
            yield safe("takes_no_writes", f"{other.name} answers and takes no writes ({other.role}).")
        elif other.member == "offline":
            yield safe("proven_off", f"the cluster holds {other.name} for off: it was fenced or left in order.")
        elif other.fenced_by_target:
            yield safe(
                "to_be_proven",
                f"{other.name} gives no answer; nothing is promoted before its fence device has said that it is off.",
            )
        else:
            advice = advice_of(other.stack)
            where = "" if advice.confirm else "where it has none, "
            yield unknown(
                "not_proven_off",
                f"{other.name} gives no answer and nobody has proven that it is off; make its fence device answer, or "
                f"{where}see with your own eyes that it is off and run {advice.confirm_bare.format(name=other.name)}",
            )


def _lost_seconds(target: Server, ahead: Server | None) -> str:
    """Say of which time commits may be missing: no more than since the last that the target has."""
    if target.age is None:
        return ""
    said = f"; the last commit or checkpoint that {target.name} is known to have is {target.age:.0f} seconds old"
    # Ages, because each is measured on its server's own clock.
    if ahead is not None and ahead.age is not None and ahead.age < target.age:
        said += f", and {ahead.name} went on for at least {target.age - ahead.age:.0f} of them"
    return said


def _data(target: Server, others: Sequence[Server], accepted: str) -> Reason:
    if target.complete:
        return safe("has_every_commit", f"{target.name} has every acknowledged commit ({target.record}).")
    ahead = max((one for one in others if one.position), key=lambda one: one.position or (0, Lsn(0)), default=None)
    seen = "how many nobody can say, as no other server's data can be read"
    if ahead is not None and ahead.position and target.position:
        lost = max(ahead.position[1].value - target.position[1].value, 0)
        # The control data of a server that crashed tell of its last checkpoint only.
        seen = (
            f"{ahead.name} is at {ahead.position[1]} or later and {target.name} at {target.position[1]}, "
            f"at least {lost} bytes less"
        )
        if ahead.position[0] != target.position[0]:
            seen += f" and on timeline {target.position[0]} instead of {ahead.position[0]}"
    since = "" if target.current else ", which may be from before: it has not met the other servers since it came back"
    message = (
        f"{target.name} may lack acknowledged commits (its data is recorded as {target.record or 'nothing'}{since}): "
        f"{seen}{_lost_seconds(target, ahead)}."
    )
    if accepted == target.name:
        return safe("loss_accepted", f"{message} That was accepted.")
    return unsafe("may_lose_commits", f"{message} Rather bring back the server that has them.")


def failover_verdict(servers: Sequence[Server], target: str, accepted: str, *, quorum: bool) -> Verdict:
    """Judge whether the target may be made primary, with every reason.

    :param accepted: the name of the server whose missing commits a person has accepted to lose.
    :param quorum: whether the servers that answer may decide anything.
    """
    one = next((server for server in servers if server.name == target), None)
    if one is None:
        names = ", ".join(server.name for server in servers)
        return judge([unsafe("no_such_server", f"pgha_target names {target or 'nothing'}; the servers are {names}.")])
    others = [server for server in servers if server is not one]
    reasons = list(_others(others))
    if one.role == "primary":
        reasons.append(unsafe("is_primary", f"{target} is the primary already."))
    elif not one.role or one.member != "online":
        reasons.append(unknown("not_ready", f"{target} gives no answer or is no member of the cluster ({one.member})."))
    elif one.role == "not answering":
        reasons.append(unknown("not_ready", f"PostgreSQL on {target} runs and does not say what it is; stop it first."))
    elif one.role == "none":
        reasons.append(unsafe("no_data", f"{target} holds no data."))
    elif one.role == UNSEEN:
        reasons.append(unsafe("no_disk", f"{target} does not see the shared disk, and all data is on that."))
    elif one.role == DOWN:
        reasons.append(
            unknown(
                "disk_down",
                f"The disk of {target} is down: the cluster starts it as soon as it holds every lost server for off. "
                f"Run this again when the status says more of the disk of {target}.",
            )
        )
    else:
        reasons.append(_data(one, others, accepted))
    # An agent takes a person's word for the arbiter's, and still wants its proof of the other server.
    if not quorum and one.stack in ("pacemaker", "drbd"):
        reasons.append(unknown("no_quorum", "The servers that answer have no quorum: the cluster starts nothing."))
    return judge(reasons)
