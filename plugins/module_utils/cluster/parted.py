# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server may give up what it wrote after the disks of two servers have parted.

Pure. Both servers have acknowledged commits that the other one never had, so that some are lost whatever is done: a
person names whose. Nothing is given up where the disks have not parted, or where a service still runs on it.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.cluster.storage import copy_of, part
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Verdict, judge, safe, unknown, unsafe
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.split_brain import Relation, Report, report


def compare(servers: Sequence[Mapping[str, Any]]) -> Report:
    """Compare the disks of what the discovery collected."""
    return report([copy_of(str(one["name"]), one.get("disk") or {}) for one in servers])


def victim_verdict(servers: Sequence[Mapping[str, Any]], victim: str) -> Verdict:
    """Judge whether the victim may take the other server's data, with every reason."""
    disks = {str(one["name"]): one.get("disk") or {} for one in servers}
    if victim not in disks:
        named = victim or "nothing"
        return judge([unsafe("no_such_server", f"pgha_victim names {named}; the servers are {', '.join(disks)}.")])
    if any(disk.get("shared") for disk in disks.values()):
        return judge([unsafe("one_disk", "the servers share one disk: there is no second one that could part.")])
    compared, reasons = compare(servers), []
    silent = [name for name, disk in disks.items() if not part(disk)]
    if silent:
        reasons.append(unknown("not_up", f"the disk of {' and '.join(silent)} is not up, so that nobody can compare."))
    elif compared.relation is Relation.UNKNOWN:
        reasons.append(unknown("unreadable", "the generations of the disks cannot be read."))
    elif compared.relation is not Relation.SPLIT:
        reasons.append(unsafe("not_parted", f"the disks have not parted ({compared.relation.value})."))
    else:
        reasons += [safe("parted", compared.as_victim(one)) for one in compared.copies if one.name == victim]
    if part(disks[victim]).get("role") == "Primary":
        reasons.append(
            unsafe("in_service", f"{victim} runs the service on its disk. Name the other server, or stop the service.")
        )
    return judge(reasons)


def resolved(servers: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether there is nothing to resolve: both disks are up, connected, and of one history."""
    parts = [part(one.get("disk") or {}) for one in servers]
    together = all(one.get("connection") == "Connected" for one in parts)
    return together and compare(servers).relation in (Relation.SAME, Relation.BEHIND)
