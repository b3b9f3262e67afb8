# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one look at PostgreSQL tells: an answer's row to values. Pure, but for what it remembers of the look before.

This module util is private to the collection.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Postgres
from ansible_collections.pgha.cluster.plugins.module_utils.agent.processes import Postmaster

STALL_SECONDS = 2.0
"""The heartbeat writes every second: a log of which nothing arrives for longer does not flow."""

LOOK = """
SELECT me.recovering,
       current_setting('synchronous_standby_names'),
       (CASE WHEN me.recovering THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
             ELSE pg_current_wal_flush_lsn() END - '0/0')::bigint,
       peer.state, peer.sync_state, (peer.flush_lsn - '0/0')::bigint,
       receiver.status, receiver.last_msg_receipt_time::text,
       (CASE WHEN me.recovering THEN pg_last_wal_replay_lsn() END - '0/0')::bigint
FROM (SELECT pg_is_in_recovery() AS recovering) AS me
LEFT JOIN (SELECT state, sync_state, flush_lsn FROM pg_stat_replication WHERE application_name = %s
           ORDER BY state = 'streaming' DESC, flush_lsn DESC NULLS LAST LIMIT 1) AS peer ON true
LEFT JOIN pg_stat_wal_receiver AS receiver ON true
"""
"""A standby's received place is on its disk, and is unknown until it streams: then what it has replayed counts."""


@dataclass(frozen=True)
class Row:
    """The answer to :data:`LOOK`. Places in the log are in bytes.

    :ivar position: how far the log reaches here.
    :ivar peer_flush: how far the other server has it on its disk.
    :ivar arrived: when something last came from the primary, as this server's clock said; only ever compared.
    """

    recovering: bool
    names: str
    position: int
    peer_state: str | None = None
    peer_sync: str | None = None
    peer_flush: int | None = None
    receiver: str | None = None
    arrived: str | None = None
    replayed: int | None = None


def row_of(values: Any) -> Row:
    """Give the values their names."""
    recovering, names, position, *rest = values
    return Row(bool(recovering), str(names), int(position or 0), *rest)


def names_of(peer: str) -> str:
    """Return the setting that lets every commit wait for the other server."""
    return f'"{peer}"'


@dataclass(frozen=True)
class InForce:
    """The proof that commits wait for the other server. It ends with the postmaster.

    :ivar position: a commit that was acknowledged without waiting stands before this place of the log.
    """

    postmaster: Postmaster
    names: str
    position: int


class Waiting:
    """The proof, between the thread that found it and the one that looks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._proof: InForce | None = None

    @property
    def proof(self) -> InForce | None:
        """What is proven now."""
        with self._lock:
            return self._proof

    def proven(self, proof: InForce) -> None:
        """Keep a proof."""
        with self._lock:
            self._proof = proof

    def forget(self) -> None:
        """Nothing is proven any more; before anything changes that would make it untrue."""
        with self._lock:
            self._proof = None


@dataclass(frozen=True)
class Local:
    """What is so on this server. The meaning of each value is that of the same name in :class:`.model.Observation`.

    :ivar behind: how far the standby is behind in bytes, as this server knows; None when it does not.
    :ivar complaint: what hinders a clear view, for people.
    """

    postgres: Postgres
    healthy: bool = True
    follows: bool = False
    waiting: bool | None = None
    caught_up: bool = False
    received: int = 0
    clean: bool = False
    behind: int | None = None
    complaint: str = ""


class Moving:
    """Remembers when something last moved."""

    def __init__(self) -> None:
        self._value: object = None
        self._at = float("-inf")

    def moves(self, value: object, now: float) -> bool:
        """Tell whether it has moved within the last moment."""
        if value != self._value:
            self._value, self._at = value, now
        return now - self._at <= STALL_SECONDS


def waiting(row: Row, postmaster: Postmaster, proof: InForce | None) -> bool | None:
    """Tell whether commits wait for the other server; None while that is not proven either way."""
    if not row.names:
        return False
    if proof is not None and proof.postmaster == postmaster and proof.names == row.names:
        return True
    return None


def of_primary(row: Row, postmaster: Postmaster, proof: InForce | None, moving: Moving, now: float) -> Local:
    """Judge a look at a primary, apart from its health."""
    streams = row.peer_state == "streaming"
    flushed = row.peer_flush if row.peer_flush is not None else 0
    # Its connection outlives a standby that froze, for as long as wal_sender_timeout; its log does not move then.
    moves = moving.moves(row.peer_flush, now) or flushed >= row.position
    force = waiting(row, postmaster, proof)
    has_older = force is True and proof is not None and flushed >= proof.position
    return Local(
        Postgres.PRIMARY,
        follows=streams and moves,
        waiting=force,
        caught_up=streams and has_older and row.peer_sync in ("sync", "quorum"),
        received=row.position,
        behind=max(row.position - flushed, 0) if row.peer_flush is not None else None,
    )


def of_standby(row: Row, moving: Moving, now: float) -> Local:
    """Judge a look at a standby."""
    arrives = moving.moves((row.position, row.arrived), now)
    return Local(
        Postgres.STANDBY,
        follows=row.receiver == "streaming" and arrives,
        received=row.position,
        behind=max(row.position - row.replayed, 0) if row.replayed is not None else None,
    )
