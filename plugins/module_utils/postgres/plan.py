# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server's data may follow a primary as it is, after its own writes are undone, or as a clone.

Pure: what was found in, a decision with its reason out. The rule: data is kept only when control data, WAL and timeline
history prove that the primary has all of it, and the primary still has what comes after. A primary that did not stop
cleanly may hold more than it ever sent.

Writes are undone (pg_rewind) only from a fork that both servers provably share. pg_rewind itself believes the numbers
of timelines; two servers that were promoted apart from each other give the same number to different ones.

This module util is private to the collection.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import (
    Backup,
    Control,
    History,
    Lsn,
    Position,
    State,
)

# States of a data directory whose server was not taken down in order while it took writes.
CRASHED_PRIMARY = frozenset({State.PRIMARY, State.CRASH_RECOVERY, State.STARTING, State.STOPPING})


class Decision(enum.Enum):
    """What the data directory needs."""

    KEEP = "keep"
    """It can follow as it is."""
    PREPARE = "prepare"
    """It can follow, and lacks its standby.signal or its slot on the primary, or says itself whom it follows."""
    REWIND = "rewind"
    """What it wrote and the primary does not have is to be undone."""
    FINISH = "finish"
    """It is the clone of a run that was interrupted while it tidied up."""
    CLONE = "clone"
    """It has to be replaced."""


@dataclass(frozen=True)
class Target:
    """The data directory that is to follow the primary.

    :ivar exists: there is data, and not just the bare directory that waits for it.
    :ivar running: a process of PostgreSQL works in it.
    :ivar control: its control data, None without data or when they could not be read.
    :ivar backup: what the base backup reaches to that this directory is, for a clone that has not run yet. Its control
        data are still a copy of the primary's.
    :ivar wal_end: where the WAL in it ends, for a stopped standby or clone: it may have received more than it replayed.
    :ivar wal_gone: the primary's answer when it no longer has the WAL that comes next.
    :ivar history: of its own timeline, None when it is not written there.
    :ivar half_rewound: a pg_rewind of it has begun and not come to its end.
    :ivar against_rewind: what was seen that forbids pg_rewind.
    :ivar signal: a standby.signal stands in it.
    :ivar misled: what C(ALTER SYSTEM) or a base backup says there of whom it follows, where something else says that.
    :ivar unfinished: it is a clone whose run was interrupted after it came into service.
    :ivar obstacle: why it could not be replaced, empty when it can.
    :ivar free_bytes: room beside it.
    :ivar programs: major version of the programs here.
    """

    exists: bool
    running: bool = False
    control: Control | None = None
    backup: Backup | None = None
    wal_end: Position | None = None
    wal_gone: str = ""
    history: History | None = None
    half_rewound: bool = False
    against_rewind: str = ""
    signal: bool = True
    misled: tuple[str, ...] = ()
    unfinished: bool = False
    obstacle: str = ""
    free_bytes: int | None = None
    programs: int | None = None


@dataclass(frozen=True)
class Source:
    """The server to follow.

    :ivar primary: it is not in recovery.
    :ivar position: where its WAL ends now.
    :ivar version: its major version.
    :ivar synchronous_names: its setting synchronous_standby_names.
    :ivar slot_ready: it keeps WAL for the standby in the slot that was asked for, or none was.
    :ivar size_bytes: what a copy takes, None when nobody may ask.
    :ivar tablespaces: directories of its tablespaces, None when nobody may ask.
    """

    primary: bool
    system_identifier: str
    history: History
    position: Lsn
    version: int
    synchronous_names: str = ""
    slot_ready: bool = True
    size_bytes: int | None = None
    tablespaces: tuple[str, ...] | None = None


@dataclass(frozen=True)
class CloneStep:
    """The decision with its reason, one sentence.

    :ivar undo: the data would do without what it wrote after the fork.
    """

    decision: Decision
    reason: str
    undo: bool = False


def position_of(target: Target) -> Position | None:
    """Return how far the data has come at the most, None when that cannot be told."""
    control = target.control
    if control is None:
        return None
    checkpoint = Position(control.timeline, control.checkpoint_lsn, is_end=False)
    if target.backup is not None:
        known = [Position(target.backup.timeline, target.backup.end), target.wal_end]
    elif control.state in (State.STANDBY, State.STANDBY_STOPPED):
        replayed = Position(control.min_recovery_timeline, control.min_recovery_end)
        known = [checkpoint, replayed, target.wal_end]
    else:
        known = [checkpoint]
    return max((place for place in known if place), key=lambda place: (place.timeline, place.lsn, place.is_end))


def _foreign(target: Target, source: Source) -> bool:
    return target.control is not None and target.control.system_identifier != source.system_identifier


def refuse_source(source: Source, expected_identifier: str) -> None:
    """Refuse a source that is not the primary of the cluster that was meant."""
    if not source.primary:
        raise PghaError(
            "The server to copy from is in recovery: it is a standby.",
            expected="the primary",
            next_step="run the status playbook and give the address of the primary",
        )
    if expected_identifier and source.system_identifier != expected_identifier:
        raise PghaError(
            f"The server to copy from belongs to another cluster (system identifier {source.system_identifier}).",
            expected=f"the system identifier {expected_identifier}",
            next_step="see which server answers on the address that was given",
        )


def _refuse_running(target: Target, reason: str) -> None:
    if target.running:
        raise PghaError(
            f"PostgreSQL runs in the data directory: {reason}.",
            expected="a stopped server",
            next_step="let the cluster manager stop PostgreSQL on this server first; the rebuild_standby playbook does",
        )


def _refuse_clone(target: Target, source: Source, reason: str, replace_foreign: bool) -> None:
    """Refuse a clone that could not be put in place, before a byte is copied."""
    if _foreign(target, source) and not replace_foreign and target.control:
        raise PghaError(
            f"The data directory belongs to another cluster (system identifier {target.control.system_identifier}, "
            f"the primary has {source.system_identifier}).",
            next_step="move that data directory aside by hand, or set replace_foreign",
        )
    _refuse_running(target, reason)
    if target.obstacle:
        raise PghaError(f"A clone is due ({reason}), and it could not be put in place: {target.obstacle}.")
    if target.programs is not None and target.programs != source.version:
        raise PghaError(
            f"The primary runs PostgreSQL {source.version}, the programs here are those of {target.programs}.",
            next_step=f"give the directory of the programs of PostgreSQL {source.version}",
        )
    if "*" in source.synchronous_names:
        # pg_basebackup reports what it has written to its half-made directory, under any name: commits would be
        # acknowledged by a copy that no server could start from.
        raise PghaError(
            "On the primary synchronous_standby_names names every standby (*), so that the copy under way would "
            "acknowledge commits.",
            expected="the standbys by their names",
            next_step="set synchronous_standby_names to the names of the servers",
        )
    _refuse_room(target, source)


def _refuse_room(target: Target, source: Source) -> None:
    # With tablespaces the size is spread over several disks, and only their own "no space left" tells the truth.
    known = source.size_bytes is not None and target.free_bytes is not None and not source.tablespaces
    if known and source.size_bytes and target.free_bytes is not None and target.free_bytes < source.size_bytes:
        raise PghaError(
            f"There is no room for the clone: it takes {source.size_bytes} bytes, {target.free_bytes} are free.",
            expected="room for a second copy: the old data directory is dropped only after the clone is checked",
            next_step="make room, or move the old data directory to another disk by hand",
        )


def _judge_data(target: Target, source: Source) -> CloneStep:
    """Decide about data of this cluster."""
    control, place = target.control, position_of(target)
    if control is None or place is None:
        return CloneStep(Decision.CLONE, "the control data cannot be read")
    if target.half_rewound:
        return CloneStep(Decision.CLONE, "a pg_rewind of it did not come to its end; it is neither old nor new")
    if target.history is not None and not source.history.same_past(target.history):
        return CloneStep(
            Decision.CLONE, f"its timeline {target.history.timeline} did not begin where the primary's history says"
        )
    if target.backup is None and control.state in CRASHED_PRIMARY:
        reason = "the server was a primary and did not stop in order; it may hold more than it sent"
        return CloneStep(Decision.CLONE, reason, undo=True)
    if target.backup is None and control.state is State.PRIMARY_STOPPED and place.timeline == source.history.timeline:
        return CloneStep(
            Decision.CLONE,
            f"both servers were primary on timeline {place.timeline}; nothing tells their writes apart",
        )
    ahead = place.timeline == source.history.timeline and place.lsn > source.position
    if ahead or not source.history.contains(place):
        return CloneStep(Decision.CLONE, f"it diverged: {place} is not in the primary's past", undo=True)
    if target.wal_gone:
        return CloneStep(
            Decision.CLONE, f"the primary has no WAL any more for what comes after {place}: {target.wal_gone}"
        )
    if not target.signal:
        return CloneStep(Decision.PREPARE, f"it can follow the primary ({place}), and lacks its standby.signal")
    if target.misled and not target.running:
        wrong = " and ".join(target.misled)
        return CloneStep(Decision.PREPARE, f"it can follow the primary ({place}), and has a {wrong} of its own")
    if not source.slot_ready:
        return CloneStep(
            Decision.PREPARE, f"it can follow the primary ({place}), which has no slot for it that keeps WAL"
        )
    return CloneStep(Decision.KEEP, f"it can follow the primary: {place} is in the primary's past")


def _against_rewind(target: Target, source: Source) -> str:
    """Return why pg_rewind cannot or must not be used, empty when nothing is known that forbids it."""
    control = target.control
    if control is None or source.history.left(control.timeline) is None:
        return "the primary never left the timeline that it is on"
    if not (control.checksums or control.wal_log_hints):
        return "it has neither data checksums nor wal_log_hints"
    if target.backup is not None or control.state is State.STANDBY:
        return "it is a standby or a clone that was not stopped in order"
    if target.programs is not None and target.programs != source.version:
        return f"the programs here are those of PostgreSQL {target.programs}"
    return target.against_rewind


def _rewound(target: Target, source: Source, step: CloneStep) -> CloneStep:
    """Return the same step with pg_rewind in the place of a clone, or with why not."""
    against = _against_rewind(target, source)
    if against:
        return CloneStep(Decision.CLONE, f"{step.reason}; it cannot be rewound: {against}")
    _refuse_running(target, step.reason)
    fork = source.history.left(target.control.timeline) if target.control else None
    return CloneStep(Decision.REWIND, f"{step.reason}; both have the same past up to {fork}")


def clone_plan(
    target: Target, source: Source, *, force: bool = False, replace_foreign: bool = False, rewind: bool = False
) -> CloneStep:
    """Decide between keeping, rewinding where that is allowed, and cloning.

    :raises PghaError: a clone is due, and a running server, another cluster's data or the place forbid it.
    """
    if target.unfinished:
        _refuse_running(target, "a clone has to be completed")
        return CloneStep(Decision.FINISH, "an interrupted run left its clone in place and the old data not yet aside")
    if not target.exists:
        step = CloneStep(Decision.CLONE, "there is no data yet")
    elif _foreign(target, source):
        step = CloneStep(Decision.CLONE, "the data belongs to another cluster, and replacing it was asked for")
    elif force:
        step = CloneStep(Decision.CLONE, "a new clone was asked for")
    else:
        step = _judge_data(target, source)
        if step.undo and rewind:
            step = _rewound(target, source, step)
    if step.decision is Decision.CLONE:
        _refuse_clone(target, source, step.reason, replace_foreign)
    return step
