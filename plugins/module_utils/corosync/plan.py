# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""(running, desired) to what it takes: nothing, a reload, a restart of one server after another, or a full stop.

Pure: no I/O, no clock.

This module util is private to the collection.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from ansible_collections.pgha.cluster.plugins.module_utils.corosync.parse import Settings


class Effort(enum.IntEnum):
    """What a changed setting needs before it is in force; the dearest one decides."""

    NONE = 0
    RELOAD = 1
    RESTART = 2
    STOP = 3


# corosync reads these once, at its start, but servers with the old and the new value understand each other.
_RESTART = re.compile(
    r"quorum\.(provider|wait_for_all|auto_tie_breaker.*|last_man_standing.*|allow_downscale|expected_votes_tracking)"
    r"|totem\.ip_version|system\..*"
)
# With these two servers of one cluster would not find each other, or would ask the vote host as two clusters: a
# rolling restart would split the cluster in two halves that fence each other.
_STOP = re.compile(r"totem\.(version|transport|cluster_name)")
# The address of a link, or the id of a node, can come and go while corosync runs, but never change in place.
_IDENTITY = re.compile(r"nodelist\.node\.[^.]+\.(nodeid|ring\d_addr)")


@dataclass(frozen=True)
class Change:
    """One setting that differs; ``None`` where it is not set."""

    key: str
    running: str | None
    desired: str | None

    @property
    def effort(self) -> Effort:
        """What this setting alone needs."""
        if _STOP.fullmatch(self.key):
            return Effort.STOP
        if _IDENTITY.fullmatch(self.key) and self.running is not None and self.desired is not None:
            return Effort.STOP
        return Effort.RESTART if _RESTART.fullmatch(self.key) else Effort.RELOAD

    def __str__(self) -> str:
        return f"{self.key}: {self.running or '(not set)'} -> {self.desired or '(not set)'}"


@dataclass(frozen=True)
class ConfigPlan:
    """The changes, in the order of their keys."""

    changes: tuple[Change, ...]

    @property
    def effort(self) -> Effort:
        """What all of them together need."""
        return max((change.effort for change in self.changes), default=Effort.NONE)

    def needing(self, effort: Effort) -> tuple[Change, ...]:
        """The changes that need exactly this."""
        return tuple(change for change in self.changes if change.effort is effort)


def plan_config(running: Settings, desired: Settings) -> ConfigPlan:
    """Compare what corosync runs with to what its file says."""
    keys = sorted(set(running) | set(desired))
    return ConfigPlan(
        tuple(Change(key, running.get(key), desired.get(key)) for key in keys if running.get(key) != desired.get(key))
    )
