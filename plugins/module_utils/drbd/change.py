# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the state that a resource is in to the one that is wanted: which steps, and what must be true before the first.

Pure. Whatever wipes or promotes asks for its own verdict here, whatever a playbook has found before.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Value, Verdict
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.model import Disk, Generations, Resource, Role
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.plan import discard, promotion

STATES = (
    "adjusted",
    "up",
    "down",
    "connected",
    "disconnected",
    "primary",
    "secondary",
    "first_sync_skipped",
    "first_sync_started",
    "vouched",
    "synchronized",
    "discarding",
    "invalidated",
    "repaired",
)


@dataclass(frozen=True)
class Situation:
    """The resource as it is.

    :ivar resource: None when it is not up.
    :ivar adjustments: what differs between the file and the running device.
    """

    resource: Resource | None
    generations: Generations | None
    adjustments: Sequence[str] = ()


def _refused(what: str, verdict: Verdict) -> PghaError:
    reasons = [reason.message for reason in verdict.reasons if reason.value is not Value.SAFE]
    return PghaError(
        f"The {what} is refused ({verdict.value.value}): " + " ".join(reasons),
        next_step="see what the other server says (`drbd_info`), and run again when it is known",
    )


def _up(now: Situation) -> Resource:
    if now.resource is None:
        raise PghaError("The device is not up on this server.", next_step="bring it up first (state=up)")
    return now.resource


def _virgin(now: Situation) -> tuple[str, ...] | None:
    """Return the steps that are left of a first sync: none when both have data; None when both are fresh."""
    one = _up(now)
    if one.disk is Disk.UP_TO_DATE:
        return ()
    fresh = now.generations is not None and now.generations.fresh
    both = one.disk is Disk.INCONSISTENT and one.peer_disk is Disk.INCONSISTENT
    secondary = one.role is Role.SECONDARY and one.peer_role is Role.SECONDARY
    if fresh and both and secondary and one.connected:
        return None
    raise PghaError(
        "A first sync is refused: the servers are not both fresh, connected and Secondary "
        f"(this one {one.disk.value}, the other one {one.peer_disk.value}, {one.connection}).",
        next_step="a server that has data copies it to a fresh one by itself, as soon as they are connected",
    )


def _skip(now: Situation) -> tuple[str, ...]:
    left = _virgin(now)
    return ("skip_first_sync",) if left is None else left


def _start(now: Situation) -> tuple[str, ...]:
    left = _virgin(now)
    return ("force_primary", "secondary") if left is None else left


def _connect(now: Situation) -> tuple[str, ...]:
    one = _up(now)
    if one.connection == "StandAlone":
        # What is left of the old connection holds the port. Seen: "Local address(port) already in use".
        return ("disconnect", "connect")
    return () if one.connection in ("Connected", "Connecting") else ("connect",)


def _promote(now: Situation) -> tuple[str, ...]:
    verdict = promotion(now.resource)
    if verdict.blocks:
        raise _refused("promotion", verdict)
    return () if _up(now).role is Role.PRIMARY else ("primary",)


def _vouch(now: Situation) -> tuple[str, ...]:
    """A person has proven, or accepts, that nobody has written since this disk was up to date."""
    one = _up(now)
    if one.disk is Disk.UP_TO_DATE:
        return ()
    if one.disk not in (Disk.CONSISTENT, Disk.OUTDATED) or one.connected or one.peer_role is Role.PRIMARY:
        raise PghaError(
            f"Nobody can vouch for this disk: it is {one.disk.value}, {one.connection}.",
            expected="a disk that was whole once (Consistent, Outdated), and no other server that it is connected to",
            next_step="a connected disk takes what it lacks from the other server by itself",
        )
    return ("force_primary", "secondary")


def _discard(now: Situation) -> tuple[str, ...]:
    if _up(now).connected:
        return ()
    verdict = discard(now.resource)
    if verdict.blocks:
        raise _refused("discarding of this server's data", verdict)
    return ("keep_copy", "disconnect", "discard")


def _invalidate(now: Situation) -> tuple[str, ...]:
    one = _up(now)
    verdict = discard(one)
    if verdict.blocks or not one.connected:
        raise _refused("copying of all data from the other server", verdict)
    running = one.progress is not None and one.progress.kind == "resync"
    return () if running else ("invalidate",)


def _repair(now: Situation) -> tuple[str, ...]:
    """What a verification has marked is copied when the disks meet again, from the one that was Primary meanwhile."""
    one = _up(now)
    if not one.differing:
        return ()
    if one.progress is not None or one.role is not Role.SECONDARY or one.peer_role is not Role.PRIMARY:
        raise PghaError(
            f"The blocks that differ are not copied now: this server is {one.role.value}, the other one "
            f"{one.peer_role.value} ({one.replication}).",
            expected="a Secondary that takes the blocks of a Primary, and no verification that still runs",
            next_step="wait for a verification to end; where no server is Primary, let the cluster start the service",
        )
    return ("disconnect", "connect")


def _simple(state: str, now: Situation) -> tuple[str, ...]:
    one = now.resource
    if state == "adjusted":
        # The cluster brings a device up; a file that changes while it is down is read then.
        return ("adjust",) if one is not None and now.adjustments else ()
    if state == "up":
        return ("up",) if one is None else _simple("adjusted", now)
    if state == "down":
        return () if one is None else ("down",)
    if state == "secondary":
        return ("secondary",) if _up(now).role is Role.PRIMARY else ()
    if state == "disconnected":
        return () if _up(now).connection == "StandAlone" else ("disconnect",)
    _up(now)
    return ()  # synchronized: DRBD does it, and the caller waits


_JUDGED = {
    "connected": _connect,
    "primary": _promote,
    "first_sync_skipped": _skip,
    "first_sync_started": _start,
    "vouched": _vouch,
    "discarding": _discard,
    "invalidated": _invalidate,
    "repaired": _repair,
}


def steps(state: str, now: Situation) -> tuple[str, ...]:
    """Return the steps to a state, or raise the refusal."""
    judged = _JUDGED.get(state)
    return _simple(state, now) if judged is None else judged(now)


def reached(state: str, one: Resource | None) -> bool:
    """Tell whether the steps have had their effect."""
    if one is None or state == "down":
        return one is None and state == "down"
    if state in ("first_sync_skipped", "synchronized"):
        both = one.disk is Disk.UP_TO_DATE and one.peer_disk is Disk.UP_TO_DATE
        return both and one.connected and one.progress is None
    return {
        "connected": one.connected,
        "disconnected": one.connection == "StandAlone",
        "primary": one.role is Role.PRIMARY,
        "secondary": one.role is Role.SECONDARY,
        "first_sync_started": one.disk is Disk.UP_TO_DATE,
        "vouched": one.disk is Disk.UP_TO_DATE,
        "discarding": one.connection != "StandAlone",
        "invalidated": one.connected and one.disk is not Disk.DISKLESS,
        # The copying has begun: a caller who wants its end asks for "synchronized".
        "repaired": one.connected and not one.differing,
    }.get(state, one.disk is not Disk.DISKLESS)
