# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the disks of a cluster may be compared block by block now, and on which server that begins.

Pure. This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.cluster.storage import part
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import (
    Reason,
    Verdict,
    judge,
    safe,
    unknown,
    unsafe,
)
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.verification import verification


def _of(name: str, disk: Mapping[str, Any]) -> list[Reason]:
    return [Reason(one.code, f"{name}: {one.message}", one.value) for one in verification(part(disk)).reasons]


def beginner(servers: Sequence[Mapping[str, Any]]) -> str:
    """Return the server whose disk is Primary; empty where not exactly one is."""
    found = [str(one["name"]) for one in servers if part(one.get("disk") or {}).get("role") == "Primary"]
    return found[0] if len(found) == 1 else ""


def verification_verdict(servers: Sequence[Mapping[str, Any]]) -> Verdict:
    """Judge what the discovery collected, with every reason."""
    disks = {str(one["name"]): one.get("disk") or {} for one in servers}
    if not any(disks.values()):
        return judge([unsafe("no_replicated_disk", "No disk is kept alike on two servers: nothing can be compared.")])
    reasons = [reason for name, disk in disks.items() for reason in _of(name, disk)]
    name = beginner(servers)
    if name:
        reasons.append(safe("primary_known", f"{name} is Primary."))
    else:
        reasons.append(unknown("no_primary", "No disk is Primary: nobody could say whose blocks are the right ones."))
    return judge(reasons)
