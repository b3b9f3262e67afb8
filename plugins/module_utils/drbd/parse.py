# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text to model: ``/proc/drbd`` of DRBD 8.4, ``drbdsetup status --json`` of DRBD 9, ``drbdadm get-gi`` of both.

A word that is not known becomes "unknown" and never something better: a newer DRBD may have states that nobody here has
thought of, and unknown blocks.

This module util is private to the collection.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.model import (
    Disk,
    Generations,
    Progress,
    Resource,
    Role,
    Verified,
)

_VERSION = re.compile(r"^version: (?P<version>\d+(?:\.\d+)*)", re.MULTILINE)
_DEVICE = re.compile(r"^\s*(?P<minor>\d+): cs:(?P<rest>.*)$")
_STATES = re.compile(
    r"^(?P<cs>\w+) ro:(?P<role>\w+)/(?P<peer>\w+) ds:(?P<disk>\w+)/(?P<peer_disk>\w+)\s+(?:\w )?\s*(?P<flags>\S+)$"
)
_OUT_OF_SYNC = re.compile(r"\boos:(?P<kib>\d+)")
_DONE = re.compile(r"(?:sync'ed|verified):\s*(?P<percent>[\d.]+)%")
_FINISH = re.compile(r"finish: (?P<hours>\d+):(?P<minutes>\d\d):(?P<seconds>\d\d)")
# What 8.4 says where no connection is up. Everything else means one that is.
_NO_CONNECTION = {
    "StandAlone",
    "Disconnecting",
    "Unconnected",
    "Timeout",
    "BrokenPipe",
    "NetworkFailure",
    "ProtocolError",
    "TearDown",
    "WFReportParams",
}
_RUNNING = {
    "SyncSource": ("resync", "source"),
    "PausedSyncS": ("resync", "source"),
    "SyncTarget": ("resync", "target"),
    "PausedSyncT": ("resync", "target"),
    "VerifyS": ("verify", "source"),
    "VerifyT": ("verify", "target"),
}
_VERIFIED = re.compile(r"Online verify +done \(total (?P<seconds>\d+) sec;")
_FOUND = re.compile(r"Online verify found (?P<blocks>\d+) (?P<kib>\d+)k blocks? out of sync")
_GUESS_OF_NONE = 987654321
_GENERATIONS = re.compile(r"^(?:[0-9A-Fa-f]{16}:){4}[01](?::[01])+:?$")


def _role(word: object) -> Role:
    return next((one for one in Role if one.value == word), Role.UNKNOWN)


def _disk(word: object) -> Disk:
    return next((one for one in Disk if one.value == word), Disk.UNKNOWN)


def parse_version(text: str) -> str:
    """Read the version of the module from ``/proc/drbd``; empty when it is not there."""
    match = _VERSION.search(text)
    return match["version"] if match else ""


def _split(word: str) -> tuple[str, str]:
    """Return 8.4's one word as a connection and what runs over it."""
    if word == "WFConnection":
        return "Connecting", "Off"
    if word in _NO_CONNECTION:
        return word, "Off"
    return "Connected", "Established" if word == "Connected" else word


def _progress(replication: str, percent: float | None, seconds: int | None) -> Progress | None:
    running = _RUNNING.get(replication)
    return None if running is None else Progress(*running, percent=percent, seconds_left=seconds)


def _lines_of(text: str, minor: int) -> tuple[int, list[str]]:
    """Return where a device stands in ``/proc/drbd``, and its lines without the number."""
    place, mine = 0, []
    for number, line in enumerate(text.splitlines(), start=1):
        match = _DEVICE.match(line)
        if match is not None and int(match["minor"]) == minor:
            place, mine = number, [match["rest"].strip()]
        elif match is not None and mine:
            break
        elif mine:
            mine.append(line)
    return place, mine


def _seconds_left(details: str) -> int | None:
    finish = _FINISH.search(details)
    if finish is None:
        return None
    return int(finish["hours"]) * 3600 + int(finish["minutes"]) * 60 + int(finish["seconds"])


def parse_proc(text: str, minor: int) -> Resource | None:
    """Read one device from ``/proc/drbd``; None when it is not configured in the kernel."""
    place, mine = _lines_of(text, minor)
    if not mine or mine[0] == "Unconfigured":
        return None
    states = _STATES.match(mine[0])
    if states is None:
        raise ParseError("Not the state of a DRBD device", where=f"line {place} of /proc/drbd", said=mine[0])
    details = "\n".join(mine[1:])
    out_of_sync, done = _OUT_OF_SYNC.search(details), _DONE.search(details)
    connection, replication = _split(states["cs"])
    percent = None if done is None else float(done["percent"])
    return Resource(
        minor=minor,
        connection=connection,
        replication=replication,
        role=_role(states["role"]),
        peer_role=_role(states["peer"]),
        disk=_disk(states["disk"]),
        peer_disk=_disk(states["peer_disk"]),
        out_of_sync=None if out_of_sync is None else int(out_of_sync["kib"]) * 1024,
        progress=_progress(replication, percent, _seconds_left(details)),
        suspended=states["flags"].startswith("s"),
    )


def _one(value: Any, key: str, where: str) -> dict[str, Any]:
    """Return the one entry of a list: this collection makes resources with one device and one peer."""
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], dict):
        raise ParseError(f"Expected one entry in {key}", where=where, said=json.dumps(found)[:200])
    return found[0]


def parse_status(text: str, name: str) -> Resource | None:
    """Read one resource from ``drbdsetup status --json --statistics``; None when it is not configured in the kernel."""
    try:
        listed = json.loads(text or "[]")
    except ValueError as broken:
        raise ParseError("drbdsetup printed no JSON", where="drbdsetup status", said=text[:200]) from broken
    mine = [one for one in listed if isinstance(one, dict) and one.get("name") == name]
    if not mine:
        return None
    where = f"drbdsetup status: {name}"
    device = _one(mine[0], "devices", where)
    # A resource whose connection was taken away altogether has none.
    link = _one(mine[0], "connections", where) if mine[0].get("connections") else {}
    peer = _one(link, "peer_devices", f"{where}, connections") if link else {}
    replication = str(peer.get("replication-state", "Off"))
    left, percent, kib = (
        peer.get(key) for key in ("estimated-seconds-to-finish", "percent-resync-done", "out-of-sync")
    )
    try:
        return Resource(
            minor=int(device["minor"]),
            connection=str(link.get("connection-state", "StandAlone")),
            replication=replication,
            role=_role(mine[0].get("role")),
            peer_role=_role(link.get("peer-role")),
            disk=_disk(device.get("disk-state")),
            peer_disk=_disk(peer.get("peer-disk-state")),
            out_of_sync=None if kib is None else int(kib) * 1024,
            progress=_progress(
                replication,
                None if percent is None else float(percent),
                None if left is None or int(left) >= _GUESS_OF_NONE else int(left),
            ),
            suspended=bool(mine[0].get("suspended")),
        )
    except (KeyError, TypeError, ValueError) as broken:
        raise ParseError("Not the state of a DRBD device", where=where, said=str(broken)) from broken


def parse_generations(text: str) -> Generations:
    """Read what ``drbdadm get-gi`` prints."""
    line = text.strip().splitlines()[0].strip() if text.strip() else ""
    if not _GENERATIONS.match(line):
        raise ParseError("Not the generations of a DRBD device", where="line 1 of drbdadm get-gi", said=line)
    fields = line.rstrip(":").split(":")
    current, bitmap, younger, older = (int(one, 16) for one in fields[:4])
    flags = [one == "1" for one in fields[4:]]
    if len(flags) < 7:
        raise ParseError("Too few flags", where="line 1 of drbdadm get-gi", said=line)
    return Generations(
        current=current,
        bitmap=bitmap,
        history=(younger, older),
        consistent=flags[0],
        up_to_date=flags[1],
        was_primary=flags[2],
        was_connected=flags[3],
        peer_outdated=flags[5],
        crashed_primary=flags[6],
    )


def parse_data_end(text: str) -> int | None:
    """Read from ``drbdadm dump-md`` where the bitmap begins, the first of the internal metadata behind the data."""
    match = re.search(r"^# bm_offset (?P<offset>\d+)$", text, re.MULTILINE)
    return None if match is None else int(match["offset"])


def _kernel_said(text: str, minor: int, name: str) -> Iterator[tuple[float, str]]:
    """Yield when the kernel said what of a device, from lines of ``journalctl --output=json`` in their order."""
    device = re.compile(rf"\bdrbd{minor}\b|\bdrbd {re.escape(name)}\b")
    for line in text.splitlines():
        try:
            entry = json.loads(line)
            said, when = str(entry["MESSAGE"]), int(entry["__REALTIME_TIMESTAMP"]) / 1_000_000
        except (ValueError, KeyError, TypeError):
            continue  # the journal holds other people's lines, too
        if device.search(said):
            yield when, said


def parse_split_brain_time(text: str, minor: int, name: str) -> float | None:
    """Find when the kernel last said that it found a split brain, in ``journalctl --output=json`` lines.

    :return: seconds since 1970; None when the journal does not know.
    """
    # The newest: journalctl turns its order round when it searches and counts.
    times = [when for when, said in _kernel_said(text, minor, name) if "Split-Brain detected but unresolved" in said]
    return max(times, default=None)


def parse_verified(text: str, minor: int, name: str) -> Verified | None:
    """Find the last verification that came to its end, in ``journalctl --output=json --reverse`` lines.

    The kernel says that it is done, and right after that how much differs, if anything does. Of one that was broken off
    it says neither, and one that has left blocks out counts as little.
    """
    blocks = 0
    for when, said in _kernel_said(text, minor, name):
        found, done = _FOUND.search(said), _VERIFIED.search(said)
        if found is not None:
            blocks = int(found["blocks"]) * int(found["kib"]) * 1024
        elif done is not None:
            return Verified(when, int(done["seconds"]), blocks)
        else:
            blocks = 0
    return None
