# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What DRBD says of itself, as values: roles, disks, the connection, a running resync, generations of data.

DRBD 8.4 has one word for the connection and what runs over it, DRBD 9 has two. The model has two, as DRBD 9.

This module util is private to the collection.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

JUST_CREATED = 4
"""The current generation of metadata that was made and never used."""


class Role(enum.Enum):
    """Who may write. Only the primary's device can be opened for writing."""

    PRIMARY = "Primary"
    SECONDARY = "Secondary"
    UNKNOWN = "Unknown"


class Disk(enum.Enum):
    """What a server's copy of the data is worth."""

    DISKLESS = "Diskless"
    ATTACHING = "Attaching"
    DETACHING = "Detaching"
    FAILED = "Failed"
    NEGOTIATING = "Negotiating"
    INCONSISTENT = "Inconsistent"
    OUTDATED = "Outdated"
    CONSISTENT = "Consistent"
    UP_TO_DATE = "UpToDate"
    UNKNOWN = "DUnknown"


@dataclass(frozen=True)
class Progress:
    """A resync or a verification that runs.

    :ivar kind: ``resync`` or ``verify``.
    :ivar direction: ``source`` or ``target``: whether this server's data counts.
    :ivar seconds_left: DRBD's own guess; None when it has none.
    """

    kind: str
    direction: str
    percent: float | None
    seconds_left: int | None


@dataclass(frozen=True)
class Resource:
    """One resource with its one device, as this server sees it.

    :ivar connection: ``Connected``, ``Connecting``, ``StandAlone``, …
    :ivar replication: ``Off``, ``Established``, ``SyncSource``, ``SyncTarget``, ``VerifyS``, …
    :ivar out_of_sync: bytes that this server knows to differ on the peer.
    :ivar suspended: writes are held back, for as long as the peer's fate is open.
    """

    minor: int
    connection: str
    replication: str
    role: Role
    peer_role: Role
    disk: Disk
    peer_disk: Disk
    out_of_sync: int | None
    progress: Progress | None
    suspended: bool

    @property
    def connected(self) -> bool:
        """Both servers talk, and know each other's state."""
        return self.connection == "Connected"

    @property
    def differing(self) -> int:
        """Bytes that a verification has marked: both disks count as whole, and nothing copies what differs."""
        whole = self.disk is Disk.UP_TO_DATE and self.peer_disk is Disk.UP_TO_DATE
        return (self.out_of_sync or 0) if self.connected and whole else 0

    def as_result(self) -> dict[str, Any]:
        """Return plain data for a module's result."""
        progress = self.progress
        return {
            "minor": self.minor,
            "connection": self.connection,
            "replication": self.replication,
            "role": self.role.value,
            "peer_role": self.peer_role.value,
            "disk": self.disk.value,
            "peer_disk": self.peer_disk.value,
            "out_of_sync": self.out_of_sync,
            "suspended": self.suspended,
            "progress": None
            if progress is None
            else {
                "kind": progress.kind,
                "direction": progress.direction,
                "percent": progress.percent,
                "seconds_left": progress.seconds_left,
            },
        }


@dataclass(frozen=True)
class Verified:
    """A verification that came to its end.

    :ivar at: seconds since 1970.
    :ivar seconds: how long it took.
    :ivar out_of_sync: bytes that were marked as different when it ended.
    """

    at: float
    seconds: int
    out_of_sync: int

    def as_result(self) -> dict[str, Any]:
        """Return plain data for a module's result."""
        return {"at": self.at, "seconds": self.seconds, "bytes_out_of_sync": self.out_of_sync}


@dataclass(frozen=True)
class Generations:
    """The generations of a server's data: the current one, the one its bitmap counts from, and two older ones.

    The lowest bit of each only says whether its server was primary, and is left out of every comparison.
    """

    current: int
    bitmap: int
    history: tuple[int, int]
    consistent: bool
    up_to_date: bool
    was_primary: bool
    was_connected: bool
    peer_outdated: bool
    crashed_primary: bool

    @classmethod
    def of(cls, given: Mapping[str, Any] | None) -> Generations | None:
        """Read what :meth:`as_result` wrote; None when there is nothing."""
        if not given:
            return None
        younger, older = (int(one, 16) for one in given["history"])
        return cls(
            current=int(given["current"], 16),
            bitmap=int(given["bitmap"], 16),
            history=(younger, older),
            consistent=bool(given["consistent"]),
            up_to_date=bool(given["up_to_date"]),
            was_primary=bool(given["was_primary"]),
            was_connected=bool(given["was_connected"]),
            peer_outdated=bool(given["peer_outdated"]),
            crashed_primary=bool(given["crashed_primary"]),
        )

    @property
    def fresh(self) -> bool:
        """The metadata was created, and no data was ever written under it."""
        return self.current in (0, JUST_CREATED)

    @property
    def past(self) -> frozenset[int]:
        """What came before the current generation, as far as it is remembered."""
        return frozenset(one & ~1 for one in (self.bitmap, *self.history) if one)

    @property
    def present(self) -> int:
        """The current generation."""
        return self.current & ~1

    def as_result(self) -> dict[str, Any]:
        """Return plain data for a module's result: generations as DRBD writes them."""
        return {
            "current": f"{self.current:016X}",
            "bitmap": f"{self.bitmap:016X}",
            "history": [f"{one:016X}" for one in self.history],
            "fresh": self.fresh,
            "consistent": self.consistent,
            "up_to_date": self.up_to_date,
            "was_primary": self.was_primary,
            "was_connected": self.was_connected,
            "peer_outdated": self.peer_outdated,
            "crashed_primary": self.crashed_primary,
        }
