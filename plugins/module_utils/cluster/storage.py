# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers with one data directory on a disk that moves, in the words of servers that have one each.

Pure. What may take over, what is redundant and what is to be rebuilt is judged alike for all stacks, by a primary and
what follows it. Here the server that PostgreSQL runs on is the primary. The other one is a standby if its disk takes
part, it streams if it would have each commit now, and it is behind by the bytes that its disk still lacks. Two disks
that a verification has found to differ are followed and not the same: nothing proves the standby's blocks. That is so
of a disk that is replicated; for one that both servers reach see :mod:`shared`.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.cluster import shared
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.failover import DOWN, RECORD, UNSEEN
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.model import OUTSIDE, Expected, Report, Seen
from ansible_collections.pgha.cluster.plugins.module_utils.drbd import split_brain
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.model import Generations

UP_TO_DATE = "UpToDate"
ALONE = "StandAlone"
SERVICE = ("filesystem", "write-address", "postgresql", "application")
"""What a server has to be able to start in order to take over, by the names in the cluster's configuration."""


def part(disk: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the module drbd_info says of a server's part of the replicated disk; empty where it is not up."""
    return disk.get("resource") or {}


def follows(disk: Mapping[str, Any]) -> bool:
    """Tell from one side whether the other server's disk, or its own, would have each commit now."""
    said = part(disk)
    return said.get("connection") == "Connected" and (said["disk"], said["peer_disk"]) == (UP_TO_DATE, UP_TO_DATE)


def differing(disks: Iterable[Mapping[str, Any]]) -> int:
    """Return how many bytes a verification has marked on disks of which nothing else would tell that they differ.

    Each server keeps its own mark, and what only one of them knows counts, too.
    """
    return max((int(part(disk).get("out_of_sync") or 0) for disk in disks if follows(disk)), default=0)


def complete(disk: Mapping[str, Any]) -> bool:
    """Tell whether a disk has every acknowledged commit. Consistent is less: another server may have gone on since."""
    if shared.is_shared(disk):
        return shared.sees(disk)
    return part(disk).get("disk") == UP_TO_DATE


def _passive(one: Mapping[str, Any], primary: Mapping[str, Any], streaming: bool, differs: int) -> dict[str, Any]:
    postgres, disk = dict(one.get("postgres") or {}), one["disk"]
    common = shared.is_shared(disk)
    if not (disk.get("seen") if common else part(disk)):
        return {**postgres, "role": UNSEEN if common else DOWN}
    return {
        **postgres,
        "role": "standby",
        "streaming": streaming,
        "differs": differs,
        # The same bytes: what the primary has written to them, they tell.
        "timeline": primary.get("timeline"),
        "system_identifier": primary.get("system_identifier") or postgres.get("system_identifier"),
    }


def _streams(found: Sequence[Mapping[str, Any]], active: Mapping[str, Any] | None, one: Mapping[str, Any]) -> bool:
    """Tell whether a server would have each commit now, by what it says itself."""
    if not shared.is_shared(one["disk"]):
        return follows(one["disk"])
    return active is not None and shared.follows(one["disk"], active["disk"]) and shared.counts_in(found, one["name"])


def _replica(own: Mapping[str, Any], disk: Mapping[str, Any], streaming: bool) -> dict[str, Any]:
    """Return what the primary's disk says of the other one: its own word counts, as the other server's may be late."""
    if shared.is_shared(disk):
        synced, state, sync_state, lag = streaming, "disk not shared", "none", 0 if streaming else None
    else:
        said = part(own)
        synced = follows(own) and streaming
        state, sync_state = str(said.get("replication") or "unknown"), str(said.get("peer_disk") or "unknown")
        lag = said.get("out_of_sync")
    alike = "differs" if differing([own, disk]) else "sync"
    return {
        "state": "streaming" if synced else state,
        "sync_state": alike if synced else sync_state,
        "lag_bytes": lag,
        "lag_seconds": 0.0,
    }


def on_one_disk(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what the servers said, in the words of a primary and its standbys; unchanged where no disk is meant."""
    disks = {str(one["name"]): one.get("disk") or {} for one in found}
    if not any(disks.values()):
        return [dict(one) for one in found]
    active = next((one for one in found if (one.get("postgres") or {}).get("role") == "primary"), None)
    primary = dict(active["postgres"]) if active else {}
    streams = {str(one["name"]): bool(disks[str(one["name"])]) and _streams(found, active, one) for one in found}
    told = []
    for one in found:
        item, name, disk = dict(one), str(one["name"]), disks[str(one["name"])]
        if one is active:
            others = {other: theirs for other, theirs in disks.items() if other != name and theirs}
            replicas = [{"name": other, **_replica(disk, theirs, streams[other])} for other, theirs in others.items()]
            item["postgres"] = primary | {"replicas": replicas}
        elif disk and (one.get("postgres") or {}).get("role") not in ("primary", OUTSIDE):
            item["postgres"] = _passive(one, primary, streams[name], differing(disks.values()))
        if disk and "attributes" in item:
            item["attributes"] = {**item["attributes"], RECORD: "LATEST" if complete(disk) else ""}
        told.append(item)
    return told


def _compared(disk: Mapping[str, Any]) -> str:
    """Say when this server's disk and the other one were compared last, and what was found then."""
    last = disk.get("verified")
    if not last:
        return "no comparison on record"
    day = datetime.fromtimestamp(last["at"], UTC).strftime("%Y-%m-%d %H:%M UTC")
    found = last["bytes_out_of_sync"]
    return f"compared {day}" + (f" and {found // 1024} kB differed" if found else "")


def line_of(server: Seen) -> str:
    """Say in one line what a server's disk is at; empty without one."""
    disk = server.disk
    if not disk:
        return ""
    if shared.is_shared(disk):
        return shared.line_of(server.name, disk)
    said = part(disk)
    if not said:
        return f"disk of {server.name}: down"
    words = [said["role"], said["disk"], said["connection"]]
    progress = said.get("progress")
    if progress:
        share, left = progress.get("percent"), progress.get("seconds_left")
        words.append(progress["kind"] + (f" {share:.0f} %" if share is not None else ""))
        words += [f"{left} s left"] if left is not None else []
    elif said.get("out_of_sync"):
        words.append(f"{said['out_of_sync'] // 1024} kB differ")
    if said.get("suspended"):
        words.append("WRITES WAIT until the other server is fenced")
    if follows(disk) and not progress:
        words.append(_compared(disk))
    return f"disk of {server.name}: " + ", ".join(words)


def judge_disks(report: Report, servers: Sequence[Seen], expected: Expected) -> None:
    """Add what is wrong with the disks themselves, apart from one that merely does not follow."""
    shared.judge_shared(report, servers, expected)
    _judge_barred(report, servers)
    replicated = [server for server in servers if server.disk and not shared.is_shared(server.disk)]
    compared = split_brain.report([copy_of(server.name, server.disk) for server in replicated])
    apart = compared.relation is split_brain.Relation.SPLIT
    if apart:
        report.add(
            "SPLIT BRAIN of the disks: each server has written what the other one never had, and they stay apart. "
            + " ".join(compared.as_victim(one) for one in compared.copies),
            f"choose whose writes to give up: {expected.command}drbd_resolve_split_brain.yml -e pgha_victim=<server>",
        )
    _judge_differing(report, replicated, expected)
    for server in replicated:
        said = part(server.disk)
        rebuild = f"{expected.command}rebuild_standby.yml -e pgha_target={server.name}"
        if said.get("disk") in ("Diskless", "Failed"):
            report.add(
                f"{server.name} works without its own disk ({said['disk']}): it failed, or was taken off",
                f"on {server.name}, when the disk is well again: drbdadm attach all",
            )
        if said.get("connection") == ALONE and not apart:
            report.add(f"the disk of {server.name} has ended its connection and does not try again", rebuild)


def _judge_barred(report: Report, servers: Sequence[Seen]) -> None:
    """A start that failed bars a server for minutes, and nothing that runs there would show it."""
    for server in servers:
        if not server.disk or server.role == "primary":
            continue
        for failure in server.crm.get("failures", []):
            if failure["node"] == server.name and failure["task"] == "start" and failure["resource"] in SERVICE:
                why = f" ({failure['reason']})" if failure["reason"] else ""
                report.add(
                    f"{server.name} does not take over: {failure['resource']} could not be started there{why}, and the "
                    "cluster waits for some minutes before it tries that again",
                    f"when the reason is gone, on {server.name}: crm_resource --cleanup --node {server.name}",
                )


def _judge_differing(report: Report, replicated: Sequence[Seen], expected: Expected) -> None:
    differs = differing(server.disk for server in replicated)
    if not differs:
        return
    # While the service runs nowhere, no server's blocks are the ones that count.
    taking = [one.name for one in replicated if part(one.disk).get("peer_role") == "Primary"]
    report.add(
        f"{differs // 1024} kB of the two disks differ, as a verification found; a server that takes over goes on with "
        "what its own disk has there",
        f"give the standby the primary's blocks: {expected.command}rebuild_standby.yml -e pgha_target={taking[0]}"
        if taking
        else "when the service runs again: look at the status, which says which server takes the other one's blocks",
    )


def copy_of(name: str, disk: Mapping[str, Any]) -> split_brain.Copy:
    """Return a server's part of the disk as the comparison of both wants it."""
    said = part(disk)
    return split_brain.Copy(
        name=name,
        generations=Generations.of(disk.get("generations")),
        written=said.get("out_of_sync"),
        role=str(said.get("role") or ""),
        detected=disk.get("split_brain_seen"),
    )
