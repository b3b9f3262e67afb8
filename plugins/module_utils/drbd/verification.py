# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether two disks may be compared block by block while the service goes on, and what there is to do for it.

Pure. A verification changes no data. It marks what differs, and only blocks that both servers count as whole can be
said to differ: what is being copied anyway, or never met the other disk, is different for a known reason.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Verdict, judge, safe, unknown, unsafe
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.model import Disk

WHOLE = Disk.UP_TO_DATE.value


def running(said: Mapping[str, Any]) -> bool:
    """Tell whether a verification runs, whichever server began it."""
    return (said.get("progress") or {}).get("kind") == "verify"


def verification(said: Mapping[str, Any]) -> Verdict:
    """Judge whether a server's disk can be compared with the other one's now.

    :param said: the resource as the module drbd_info tells it; empty where it is not up.
    """
    if not said:
        return judge([unknown("not_up", "the disk is not up.")])
    reasons = []
    if said["connection"] != "Connected":
        reasons.append(unsafe("not_connected", f"the disk is not connected to the other one ({said['connection']})."))
    if (said["disk"], said["peer_disk"]) != (WHOLE, WHOLE):
        reasons.append(
            unsafe("not_up_to_date", f"not both disks are {WHOLE} ({said['disk']}, the other one {said['peer_disk']}).")
        )
    if reasons:
        return judge(reasons)
    if running(said):
        return judge([safe("running", "a verification runs already.")])
    if said["replication"] != "Established":
        return judge([unsafe("busy", f"something else is under way between the disks ({said['replication']}).")])
    return judge([safe("comparable", f"both disks are {WHOLE} and connected.")])


def steps(said: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what is to be done for a verification that is allowed: nothing where one runs."""
    return () if running(said) else ("verify",)
