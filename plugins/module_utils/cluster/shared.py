# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that share one disk, in the words of servers that have one each.

Pure; see :mod:`storage`. There is no copy here, so that a server is a standby if it sees the disk and the cluster
counts it in: it would read the very bytes that the primary has written. A disk that is lost is lost on all servers.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.cluster.advice import advice_of
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.model import (
    Expected,
    Report,
    Seen,
    members,
    membership,
    witness,
)
from ansible_collections.pgha.cluster.plugins.module_utils.shared_disk.model import Look
from ansible_collections.pgha.cluster.plugins.module_utils.shared_disk.plan import differences


def is_shared(disk: Mapping[str, Any]) -> bool:
    """Tell whether a module said this of a shared disk."""
    return bool(disk.get("shared"))


def sees(disk: Mapping[str, Any]) -> bool:
    """Tell whether a server sees a disk with the cluster's file system on it."""
    look = Look.of(disk)
    return look.seen and look.filesystem is not None


def counts_in(found: Sequence[Mapping[str, Any]], name: str) -> bool:
    """Tell whether the cluster would start the service on a server, as far as its membership goes."""
    one = next(one for one in found if one["name"] == name)
    if "member" in one:
        return bool(one["member"] == "online")
    return membership(members(witness([one.get("crm") or {} for one in found])).get(name)) == "online"


def follows(own: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two servers see the same file system; only then one reads what the other one has written."""
    mine, theirs = Look.of(own), Look.of(other)
    if not (mine.seen and theirs.seen) or mine.filesystem is None or theirs.filesystem is None:
        return False
    same = mine.filesystem.uuid == theirs.filesystem.uuid
    return same and not any(differences({"one": mine, "other": theirs}))


def line_of(name: str, disk: Mapping[str, Any]) -> str:
    """Say in one line what a server sees."""
    look = Look.of(disk)
    if not look.seen:
        return f"disk of {name}: NOT SEEN ({look.problem})"
    found = look.filesystem
    if found is None:
        return f"disk of {name}: {look.device}, without the cluster's file system"
    where = f"mounted on {' and '.join(look.mounted)}" if look.mounted else "seen, not mounted here"
    return f"disk of {name}: {where}; file system {found.uuid}, by the disk itself held by {found.holder or 'nobody'}"


def _two(report: Report, looks: Mapping[str, Look], expected: Expected) -> None:
    """What must never be: two disks, or two mounts of one."""
    uuids = {name: look.filesystem.uuid for name, look in looks.items() if look.filesystem is not None}
    reasons = [reason.message for reason in differences(looks)]
    if len(set(uuids.values())) > 1:
        listed = ", ".join(f"{name} {one}" for name, one in uuids.items())
        reasons.append(f"the servers see different file systems ({listed}).")
    if reasons:
        report.add(
            f"TWO DIFFERENT DISKS: {' '.join(reasons)} Nothing of what one server writes is there for the other one",
            "keep the cluster from moving the service (crm maintenance on), then correct what the storage shows",
        )
    mounted = [name for name, look in looks.items() if look.mounted]
    if len(mounted) > 1:
        report.add(
            f"THE SHARED DISK IS MOUNTED ON {' AND '.join(mounted)}: each destroys what the other one writes",
            advice_of(expected.stack).take_out,
        )


def judge_shared(report: Report, servers: Sequence[Seen], expected: Expected) -> None:
    """Add what is wrong with a disk that servers share."""
    looks = {server.name: Look.of(server.disk) for server in servers if is_shared(server.disk)}
    for name, look in looks.items():
        if not look.seen:
            report.add(
                f"{name} does not see the shared disk: {look.problem}. The service cannot move there",
                f"on {name}: mend its way to the storage (cables, zoning, multipath -ll, iscsiadm -m session)",
            )
        elif look.filesystem is not None and not look.filesystem.protected:
            report.add(f"the shared disk has no multi-mount protection: {name} could mount it a second time")
    _two(report, {name: look for name, look in looks.items() if look.seen}, expected)
