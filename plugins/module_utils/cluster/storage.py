# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers with one data directory on a replicated or shared disk, in the words of servers that have one each.

Pure. What may take over, what is redundant and what is to be rebuilt is judged alike for all stacks, by a primary and
what follows it. Here the server that PostgreSQL runs on is the primary. The other one is a standby if its disk takes
part, it streams if it would have each commit now, and it is behind by the bytes that its disk still lacks.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.cluster.failover import RECORD
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.model import Expected, Report, Seen

UP_TO_DATE = "UpToDate"
CONNECTED = frozenset({"Connected", "PausedSyncS", "PausedSyncT", "SyncSource", "SyncTarget", "VerifyS", "VerifyT"})
SHARED = "shared"
NO_CONNECTION = frozenset({"StandAlone", "Disconnecting"})


def follows(disk: Mapping[str, Any]) -> bool:
    """Tell from one side whether the other server's disk, or its own, would have each commit now."""
    if disk.get("kind") == SHARED:
        return bool(disk.get("present"))
    both = (disk.get("disk"), disk.get("peer_disk"))
    return disk.get("connection") in CONNECTED and both == (UP_TO_DATE, UP_TO_DATE)


def complete(disk: Mapping[str, Any]) -> bool:
    """Tell whether a disk has every acknowledged commit. Consistent is less: another server may have gone on since."""
    return bool(disk.get("present")) if disk.get("kind") == SHARED else disk.get("disk") == UP_TO_DATE


def _passive(one: Mapping[str, Any], primary: Mapping[str, Any]) -> dict[str, Any]:
    postgres, disk = dict(one.get("postgres") or {}), one["disk"]
    takes_part = disk.get("present") if disk.get("kind") == SHARED else disk.get("role") in ("Secondary", "Primary")
    if not takes_part:
        return {**postgres, "role": "disk down"}
    return {
        **postgres,
        "role": "standby",
        "streaming": follows(disk),
        # The same bytes: what the primary has written to them, they tell.
        "timeline": primary.get("timeline"),
        "system_identifier": primary.get("system_identifier"),
    }


def _replicas(name: str, disks: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what the primary's disk says of the other one: its own word counts, as the other server's may be late."""
    own, found = disks[name], []
    for other, disk in disks.items():
        if other != name and disk:
            synced = follows(own) and follows(disk)
            found.append(
                {
                    "name": other,
                    "state": "streaming" if synced else str(own.get("connection") or "unknown"),
                    "sync_state": "sync" if synced else str(own.get("peer_disk") or "unknown"),
                    "lag_bytes": 0 if own.get("kind") == SHARED else own.get("out_of_sync_bytes"),
                    "lag_seconds": 0.0,
                }
            )
    return found


def on_one_disk(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what the servers said, in the words of a primary and its standbys; unchanged where no disk is meant."""
    disks = {str(one["name"]): one.get("disk") or {} for one in found}
    if not any(disks.values()):
        return [dict(one) for one in found]
    active = next((one for one in found if (one.get("postgres") or {}).get("role") == "primary"), None)
    primary = dict(active["postgres"]) if active else {}
    told = []
    for one in found:
        item, disk = dict(one), disks[str(one["name"])]
        if one is active:
            item["postgres"] = primary | {"replicas": _replicas(str(one["name"]), disks)}
        elif disk and (one.get("postgres") or {}).get("role") != "primary":
            item["postgres"] = _passive(one, primary)
        if disk and "attributes" in item:
            item["attributes"] = {**item["attributes"], RECORD: "LATEST" if complete(disk) else ""}
        told.append(item)
    return told


def line_of(server: Seen) -> str:
    """Say in one line what a server's disk is at; empty without one."""
    disk = server.disk
    if not disk:
        return ""
    if disk.get("kind") == SHARED:
        return f"disk of {server.name}: {disk.get('device')}, {'there' if disk.get('present') else 'NOT THERE'}"
    words = [f"{disk.get('role')}, {disk.get('disk')}, {disk.get('connection')}"]
    progress = disk.get("progress") or {}
    if progress:
        left = progress.get("seconds_left")
        words.append(
            f"{progress.get('what', 'resync')} {progress.get('percent', 0):.0f} %"
            + (f", {left} s left" if left is not None else "")
        )
    elif disk.get("out_of_sync_bytes"):
        words.append(f"{disk['out_of_sync_bytes'] // 1024} kB differ")
    return f"disk of {server.name}: " + ", ".join(words)


def judge_disks(report: Report, servers: Sequence[Seen], expected: Expected) -> None:
    """Add what is wrong with the disks themselves, apart from one that merely does not follow."""
    replicated = [server for server in servers if server.disk and server.disk.get("kind") != SHARED]
    apart = [server.name for server in replicated if server.disk.get("split_brain")]
    if apart:
        report.add(
            "SPLIT BRAIN of the disks: each server has written what the other one has not, and they stay apart",
            f"see what each would lose, then choose whose to give up: {expected.command}drbd_resolve_split_brain.yml "
            "-e pgha_victim=<server>",
        )
    for server in replicated:
        state, connection = server.disk.get("disk"), server.disk.get("connection")
        if state in ("Diskless", "Failed") and server.disk.get("role") in ("Primary", "Secondary"):
            report.add(
                f"{server.name} works without its own disk ({state}): it failed, and all is read and written elsewhere",
                f"replace the disk, then: {expected.command}rebuild_standby.yml -e pgha_target={server.name}",
            )
        if connection in NO_CONNECTION and not apart:
            report.add(
                f"the disk of {server.name} has ended its connection and does not try again ({connection})",
                f"{expected.command}rebuild_standby.yml",
            )
        for where in server.disk.get("fenced") or ():
            report.add(f"the disks' own guard keeps {where} from taking over until its disk has caught up")
