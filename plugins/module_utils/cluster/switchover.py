# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which standby may take over from the primary on purpose, and why not the others.

Pure. A switchover is never urgent, so everything that would make it slow, lossy or half done forbids it. Three things
are a person's to decide, and may be accepted by their code: transactions that run for long and will be cut, a base
backup that will break off, and slots that stay behind on the old primary.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.cluster.failover import is_current
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import (
    Reason,
    Value,
    Verdict,
    judge,
    safe,
    unknown,
    unsafe,
)
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.handover import FAR_BYTES

OWN_SLOT = "pgha_"
LONG_SECONDS = 30.0
"""A transaction that has run this long is somebody's work, and is cut."""
ACCEPTABLE = frozenset({"long_transaction", "backup_running", "slot_left_behind"})


@dataclass(frozen=True)
class Server:
    """One database server as it was found.

    :ivar role: what PostgreSQL says it is; empty when the server gave no answer.
    :ivar member: what the cluster holds it for.
    :ivar current: what is recorded of its data is not from before it was away.
    :ivar failed: operations that failed there and are not forgotten.
    :ivar differs: bytes of its disk that are not the primary's, though it is told of every write.
    """

    name: str
    role: str
    member: str
    timeline: int | None
    streaming: bool
    replicas: Mapping[str, Mapping[str, Any]]
    slots: tuple[Mapping[str, Any], ...]
    longest_transaction_seconds: float
    backups: int
    proven: bool
    current: bool
    failed: tuple[str, ...]
    differs: int = 0


def server_of(found: Mapping[str, Any]) -> Server:
    """Read one server from what the discovery collected."""
    postgres = found.get("postgres") or {}
    return Server(
        name=str(found["name"]),
        role=str(postgres.get("role") or ""),
        member=str(found.get("member") or "unknown"),
        timeline=postgres.get("timeline"),
        streaming=bool(postgres.get("streaming")),
        replicas={str(one["name"]): one for one in postgres.get("replicas") or ()},
        slots=tuple(postgres.get("slots") or ()),
        longest_transaction_seconds=float(postgres.get("longest_transaction_seconds") or 0),
        backups=int(postgres.get("backups") or 0),
        proven=(found.get("attributes") or {}).get("pgha-data") == "ready",
        current=is_current(found.get("attributes") or {}, str(found.get("stack") or "pacemaker")),
        failed=tuple(found.get("failures") or ()),
        differs=int(postgres.get("differs") or 0),
    )


@dataclass(frozen=True)
class Situation:
    """A cluster that somebody wants to change on purpose.

    :ivar mode: ``sync``, ``strict`` or ``async``.
    :ivar window: until when the cluster rests for another switchover; empty when it does not.
    """

    servers: tuple[Server, ...]
    mode: str
    quorum: bool
    window: str

    @classmethod
    def of(cls, found: Sequence[Mapping[str, Any]], mode: str) -> Situation:
        """Read what the discovery collected."""
        return cls(
            servers=tuple(server_of(one) for one in found),
            mode=mode,
            quorum=any(one.get("quorum") for one in found),
            window=next((str(one["window"]) for one in found if one.get("window")), ""),
        )

    @property
    def primary(self) -> Server | None:
        """The first server that takes writes."""
        return next((server for server in self.servers if server.role == "primary"), None)

    def server(self, name: str) -> Server | None:
        """The server of that name."""
        return next((server for server in self.servers if server.name == name), None)


def _target(target: Server, primary: Server, mode: str) -> Iterator[Reason]:
    name = target.name
    if target.role != "standby":
        yield unknown("not_a_standby", f"{name} is no running standby ({target.role or 'gives no answer'}).")
        return
    if target.member != "online":
        yield unsafe("not_online", f"the cluster holds {name} for {target.member}.")
    if not target.proven:
        yield unsafe("not_proven", f"the data of {name} is not proven; rebuild it first.")
    if not target.current:
        # Whom the cluster would not promote by itself it demotes as soon as it looks.
        yield unknown("not_current", f"pgha-guard does not vouch for {name}: see 'systemctl status pgha-guard' there.")
    if target.failed:
        yield unsafe("failed", f"operations have failed on {name}: {'; '.join(target.failed)}.")
    replica = primary.replicas.get(name)
    if replica is None or replica.get("state") != "streaming" or not target.streaming:
        yield unsafe("not_streaming", f"{name} does not stream from {primary.name}.")
        return
    if target.differs:
        yield unsafe("disks_differ", f"{target.differs} bytes of the disk of {name} differ; rebuild it first.")
        return
    if target.timeline != primary.timeline:
        yield unsafe("other_timeline", f"{name} is on timeline {target.timeline} and not on {primary.timeline}.")
    if mode != "async" and replica.get("sync_state") not in ("sync", "quorum"):
        yield unsafe("not_synchronous", f"{name} is no synchronous standby ({replica.get('sync_state')}).")
    behind = replica.get("lag_bytes")
    if behind is None:
        yield unknown("lag_unknown", f"nobody knows how far {name} is behind.")
    elif behind > FAR_BYTES:
        yield unsafe("far_behind", f"{name} is {behind} bytes behind; wait until it has caught up.")
    else:
        yield safe("close_behind", f"{name} streams from {primary.name} and is {behind} bytes behind.")


def _cut(primary: Server) -> Iterator[Reason]:
    """What a person may accept."""
    if primary.longest_transaction_seconds > LONG_SECONDS:
        ran = f"{primary.longest_transaction_seconds:.0f} seconds"
        yield unsafe("long_transaction", f"a transaction on {primary.name} has run for {ran} and would be cut.")
    if primary.backups:
        yield unsafe("backup_running", f"a base backup of {primary.name} is under way and would break off.")
    left = [str(one["name"]) for one in primary.slots if not str(one["name"]).startswith(OWN_SLOT)]
    left = [name for name in left if not any(one["name"] == name and one.get("temporary") for one in primary.slots)]
    if left:
        yield unsafe(
            "slot_left_behind",
            f"the replication slots {', '.join(left)} exist on {primary.name} only and would be lost.",
        )


def accepted_reason(reason: Reason, accepted: Sequence[str]) -> Reason:
    """Return a reason that a person has accepted as one that no longer forbids."""
    if reason.code in accepted and reason.code in ACCEPTABLE:
        return replace(reason, message=f"{reason.message} That was accepted.", value=Value.SAFE)
    return reason


def _cluster(now: Situation) -> Iterator[Reason]:
    primaries = [server.name for server in now.servers if server.role == "primary"]
    if len(primaries) > 1:
        yield unsafe("two_primaries", f"{' and '.join(primaries)} both take writes.")
    elif not primaries:
        yield unknown("no_primary", "No server that answers takes writes: there is nothing to switch over from.")
    if not now.quorum:
        yield unknown("no_quorum", "The servers that answer have no quorum.")
    if now.window:
        yield unsafe(
            "under_way", f"A switchover is under way, or was broken off; the cluster rests until {now.window}."
        )


def switchover_verdict(now: Situation, target: str, accepted: Sequence[str]) -> Verdict:
    """Judge whether the target may take over, with every reason.

    :param accepted: codes of reasons that a person accepts.
    """
    reasons = list(_cluster(now))
    one, primary = now.server(target), now.primary
    if one is None:
        names = ", ".join(server.name for server in now.servers)
        reasons.append(unsafe("no_such_server", f"pgha_target names {target or 'nothing'}; the servers are {names}."))
    elif primary is not None and not reasons:
        reasons += _target(one, primary, now.mode)
        reasons += [accepted_reason(reason, accepted) for reason in _cut(primary)]
    return judge(reasons)


def choose(now: Situation) -> str:
    """Return the standby that may take over, the one that is least behind first; empty when none may."""
    primary = now.primary
    if primary is None:
        return ""
    able = [
        server.name
        for server in now.servers
        if server is not primary and not switchover_verdict(now, server.name, tuple(ACCEPTABLE)).blocks
    ]
    return min(able, key=lambda name: primary.replicas[name]["lag_bytes"], default="")


def refusal(what: str, reasons: Iterable[Reason]) -> PghaError:
    """Return the error that says what forbids it, and what a person may do about that.

    :param what: what is refused, such as "switchover".
    """
    forbidding = [reason for reason in dict.fromkeys(reasons) if reason.value is not Value.SAFE]
    codes = sorted({reason.code for reason in forbidding} & ACCEPTABLE)
    hint = "run the status playbook, which says what is wrong and what to do"
    if codes:
        hint = f"wait until it is over, or accept it: -e pgha_accept={','.join(codes)}"
    return PghaError(
        f"The {what} is refused: " + " ".join(reason.message for reason in forbidding),
        expected="one primary, and a standby that streams from it, is a proven member and close behind",
        next_step=hint,
    )
