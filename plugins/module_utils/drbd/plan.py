# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be done with a DRBD resource: promote it, wipe its data for the peer's, leave out its first sync.

Pure. DRBD itself promotes an inconsistent disk when it is told to force it, and throws a server's data away when it is
told to; nothing here ever does either on a server whose state is not proven.

This module util is private to the collection.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import (
    Reason,
    Verdict,
    judge,
    safe,
    unknown,
    unsafe,
)
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.model import Disk, Generations, Resource, Role

# What runs over a connection while this server's data is the data that counts.
_LEADING = frozenset({"Established", "SyncSource", "PausedSyncS", "VerifyS", "VerifyT", "Ahead"})


def _local(resource: Resource) -> Iterator[Reason]:
    disk = resource.disk
    if disk is Disk.UP_TO_DATE:
        yield safe("up_to_date", "this server's disk is UpToDate.")
    elif disk is Disk.NEGOTIATING:
        yield unsafe("negotiating", "both servers are still finding out whose data counts.")
    elif disk in (Disk.CONSISTENT, Disk.UNKNOWN, Disk.ATTACHING):
        yield unknown("disk_unknown", f"nobody knows whether this server's data is the latest ({disk.value}).")
    else:
        yield unsafe(f"disk_{disk.name.lower()}", f"this server's disk is {disk.value}.")


def _peer(resource: Resource) -> Iterator[Reason]:
    if resource.peer_role is Role.PRIMARY:
        yield unsafe("peer_primary", "the other server is Primary.")
    elif resource.connected:
        if resource.peer_role is not Role.SECONDARY:
            yield unknown("peer_role_unknown", "the other server is connected, and its role is not known.")
        elif resource.replication not in _LEADING:
            yield unsafe("not_leading", f"this server is about to take the other one's data ({resource.replication}).")
        else:
            yield safe("peer_secondary", "the other server is connected and Secondary.")
    elif resource.peer_disk in (Disk.OUTDATED, Disk.INCONSISTENT):
        yield safe("peer_outdated", f"the other server's disk is known to be {resource.peer_disk.value}.")
    else:
        yield unknown(
            "peer_unknown",
            f"the other server is not connected ({resource.connection}) and not known to be outdated: it may be "
            "Primary, and have newer data.",
        )


def promotion(resource: Resource | None) -> Verdict:
    """Judge whether this server may become primary without losing what the other one has acknowledged."""
    if resource is None:
        return judge([unknown("not_up", "the device is not up on this server.")])
    reasons = [*_local(resource), *_peer(resource)]
    if resource.suspended:
        reasons.append(unknown("suspended", "writes are held back until the other server's fate is known."))
    return judge(reasons)


def discard(resource: Resource | None) -> Verdict:
    """Judge whether this server's data may be given up for the other server's: a person has chosen it."""
    if resource is None:
        return judge([unknown("not_up", "the device is not up on this server.")])
    reasons = [safe("chosen", "a person named this server.")]
    if resource.role is not Role.SECONDARY:
        reasons.append(unsafe("not_secondary", f"this server is {resource.role.value}: its data is in use."))
    if resource.connected and resource.peer_disk is not Disk.UP_TO_DATE:
        reasons.append(unsafe("peer_not_up_to_date", f"the other server's disk is {resource.peer_disk.value}."))
    return judge(reasons)


class Sync(enum.Enum):
    """What the first meeting of two servers needs."""

    SKIP = "skip"
    FULL = "full"
    NONE = "none"


@dataclass(frozen=True)
class Pristine:
    """What is known of one server before its device was ever used.

    :ivar blank: every byte of the data area was read, and was zero.
    :ivar generations: None when they could not be read.
    """

    name: str
    size: int
    blank: bool
    generations: Generations | None


@dataclass(frozen=True)
class FirstSync:
    """The decision: ``primary`` is the server whose data counts, empty when none is copied."""

    action: Sync
    primary: str
    reason: str

    def as_result(self) -> dict[str, Any]:
        """Return plain data for a module's result."""
        return {"action": self.action.value, "primary": self.primary, "reason": self.reason}


def sizes(servers: Sequence[Pristine]) -> Verdict:
    """Judge whether the backing devices fit together.

    DRBD takes the smaller one. Metadata stands at the end of a device, so that the larger one wastes its rest, and a
    server that joins later with a smaller one cannot take the data at all.
    """
    listed = ", ".join(f"{one.name} {one.size}" for one in sorted(servers, key=lambda one: one.name))
    if any(one.size <= 0 for one in servers):
        return judge([unknown("size_unknown", f"a device's size is not known ({listed}).")])
    if len({one.size for one in servers}) > 1:
        return judge([unsafe("sizes_differ", f"the backing devices differ in size (bytes: {listed}).")])
    return judge([safe("sizes_equal", f"the backing devices are of one size (bytes: {listed}).")])


def first_sync(servers: Sequence[Pristine], primary: str) -> FirstSync:
    """Decide how the servers' data becomes the same.

    Only what is known to be zero on every server is the same without a copy: a skipped sync over anything else would
    leave blocks that differ for ever and that no later resync repairs.
    """
    if any(one.generations is None for one in servers) or len(servers) < 2:
        return FirstSync(Sync.NONE, "", "not every server has metadata that can be read.")
    used = [one.name for one in servers if one.generations is not None and not one.generations.fresh]
    if used:
        return FirstSync(Sync.NONE, "", f"there is data on {' and '.join(sorted(used))}; DRBD copies it by itself.")
    if all(one.blank for one in servers):
        return FirstSync(Sync.SKIP, "", "every byte of both devices was read and is zero.")
    unread = " and ".join(sorted(one.name for one in servers if not one.blank))
    return FirstSync(Sync.FULL, primary, f"the device of {unread} is not proven to be zero.")
