# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""LSNs, timelines and what a data directory and a running server say of themselves.

This module util is private to the collection.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import total_ordering
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError


@total_ordering
@dataclass(frozen=True)
class Lsn:
    """A place in the write-ahead log, in bytes from its beginning."""

    value: int

    @classmethod
    def parse(cls, text: str) -> Lsn:
        """Read ``16/B374D848``."""
        high, slash, low = text.strip().partition("/")
        try:
            if not slash or len(high) > 8 or len(low) > 8:
                raise ValueError
            return cls((int(high, 16) << 32) + int(low, 16))
        except ValueError:
            raise ParseError(f"{text!r} is no LSN", where="an LSN such as 16/B374D848") from None

    def __lt__(self, other: Lsn) -> bool:
        return self.value < other.value

    def segment_start(self, segment_bytes: int) -> Lsn:
        """Return where the WAL file begins that holds this place."""
        return Lsn(self.value - self.value % segment_bytes)

    def file_name(self, segment_bytes: int) -> str:
        """Return the name of the WAL file that holds this place, without its timeline."""
        return f"{self.value >> 32:08X}{(self.value & 0xFFFFFFFF) // segment_bytes:08X}"

    def __str__(self) -> str:
        return f"{self.value >> 32:X}/{self.value & 0xFFFFFFFF:X}"


class State(enum.Enum):
    """What the control file says of a data directory."""

    PRIMARY_STOPPED = "shut down"
    STANDBY_STOPPED = "shut down in recovery"
    STOPPING = "shutting down"
    CRASH_RECOVERY = "in crash recovery"
    STANDBY = "in archive recovery"
    PRIMARY = "in production"
    STARTING = "starting up"


@dataclass(frozen=True)
class Control:
    """The control data of a data directory (pg_controldata).

    :ivar checkpoint_time: of the latest checkpoint, on the clock of the server that wrote it, in seconds since 1970.
    :ivar settings: those that the log was written with, and below which no standby starts that replays it.
    """

    system_identifier: str
    state: State
    timeline: int
    checkpoint_lsn: Lsn
    redo_lsn: Lsn
    checkpoint_time: float
    min_recovery_end: Lsn
    min_recovery_timeline: int
    segment_bytes: int
    checksums: bool
    wal_log_hints: bool
    settings: Mapping[str, int]

    def as_result(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "state": self.state.value,
            "timeline": self.timeline,
            "checkpoint_lsn": str(self.checkpoint_lsn),
            "redo_lsn": str(self.redo_lsn),
            "min_recovery_end": str(self.min_recovery_end),
            "checksums": self.checksums,
            "wal_log_hints": self.wal_log_hints,
            "settings": dict(self.settings),
        }


@dataclass(frozen=True)
class Fork:
    """The end of a timeline: ``timeline`` was left at ``lsn``."""

    timeline: int
    lsn: Lsn


@dataclass(frozen=True)
class Position:
    """How far a data directory has come.

    :ivar is_end: the LSN is where the last record ends; else where it begins, as a checkpoint is known.
    """

    timeline: int
    lsn: Lsn
    is_end: bool = True

    def __str__(self) -> str:
        return f"{self.lsn} on timeline {self.timeline}"


@dataclass(frozen=True)
class Backup:
    """The WAL that a base backup needs to be consistent; what it holds reaches to ``end``."""

    timeline: int
    start: Lsn
    end: Lsn


@dataclass(frozen=True)
class History:
    """A timeline and the ends of the timelines that it came from, oldest first."""

    timeline: int
    forks: tuple[Fork, ...] = field(default=())

    def left(self, timeline: int) -> Position | None:
        """Return where a timeline of this past was left; None for one that is not in it, or has not been left."""
        return next((Position(fork.timeline, fork.lsn) for fork in self.forks if fork.timeline == timeline), None)

    def after(self, timeline: int) -> int:
        """Return the timeline that followed a timeline of this past."""
        return min((fork.timeline for fork in self.forks if fork.timeline > timeline), default=self.timeline)

    def same_past(self, other: History) -> bool:
        """Return whether another history is a part of this one, as far as both tell.

        Two servers that were promoted apart from each other both call their timeline by the same number.
        """
        return all(fork in self.forks for fork in other.forks)

    def contains(self, position: Position) -> bool:
        """Return whether everything up to a position is part of this timeline's past.

        A record that ends at the fork is the last common one. A record that begins there was written by the server
        that was left behind, and nobody else has it.
        """
        if position.timeline == self.timeline:
            return True
        return any(
            fork.timeline == position.timeline
            and (position.lsn <= fork.lsn if position.is_end else position.lsn < fork.lsn)
            for fork in self.forks
        )
