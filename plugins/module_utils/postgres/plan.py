# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server's data may follow a primary as it is, or a clone is due.

Pure: what was found in, a decision with its reason out. The rule: data is kept only when control data and timeline
history prove that the primary has all of it. A primary that did not stop cleanly may hold more than it ever sent.

This module util is private to the collection.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import Control, Fork, History, State

# States of a data directory whose server was not taken down in order while it took writes.
CRASHED_PRIMARY = frozenset({State.PRIMARY, State.CRASH_RECOVERY, State.STARTING, State.STOPPING})


class Decision(enum.Enum):
    """What the data directory needs."""

    KEEP = "keep"
    CLONE = "clone"


@dataclass(frozen=True)
class Target:
    """The data directory that is to follow the primary.

    :ivar exists: there is a directory with a PG_VERSION.
    :ivar running: a postmaster runs in it.
    :ivar control: its control data, None without data or when they could not be read.
    :ivar backup_start: where the backup starts that this directory is, for a clone that has not run yet. Its control
        data are still a copy of the primary's.
    """

    exists: bool
    running: bool
    control: Control | None
    backup_start: Fork | None = None


@dataclass(frozen=True)
class Source:
    """The server to follow.

    :ivar primary: it is not in recovery.
    """

    primary: bool
    system_identifier: str
    history: History


@dataclass(frozen=True)
class CloneStep:
    """The decision with its reason, one sentence."""

    decision: Decision
    reason: str


def _refuse(target: Target, source: Source, replace_foreign: bool) -> None:
    if target.running:
        raise PghaError(
            "PostgreSQL runs in the data directory that is to be replaced.",
            expected="a stopped server",
            next_step="let the cluster manager stop PostgreSQL on this server first; the rebuild_standby playbook does",
        )
    if not source.primary:
        raise PghaError(
            "The server to copy from is in recovery: it is a standby.",
            expected="the primary",
            next_step="run the status playbook and give the address of the primary",
        )
    foreign = target.control is not None and target.control.system_identifier != source.system_identifier
    if foreign and not replace_foreign and target.control:
        raise PghaError(
            f"The data directory belongs to another cluster (system identifier {target.control.system_identifier}, "
            f"the primary has {source.system_identifier}).",
            next_step="move that data directory aside by hand, or set replace_foreign",
        )


def clone_plan(target: Target, source: Source, *, force: bool = False, replace_foreign: bool = False) -> CloneStep:
    """Decide between keeping and cloning.

    :raises PghaError: a running server, a source that is no primary, another cluster's data.
    """
    _refuse(target, source, replace_foreign)
    control = target.control
    if not target.exists:
        return CloneStep(Decision.CLONE, "there is no data yet")
    if force:
        return CloneStep(Decision.CLONE, "a new clone was asked for")
    if control is None:
        return CloneStep(Decision.CLONE, "the control data cannot be read")
    if control.system_identifier != source.system_identifier:
        return CloneStep(Decision.CLONE, "the data belongs to another cluster, and replacing it was asked for")
    if target.backup_start is not None:
        timeline, place = target.backup_start.timeline, target.backup_start.lsn
    elif control.state in CRASHED_PRIMARY:
        return CloneStep(
            Decision.CLONE, "the server was a primary and did not stop in order; it may hold more than it sent"
        )
    elif control.state is State.PRIMARY_STOPPED:
        timeline, place = control.timeline, control.checkpoint_lsn
    else:
        timeline, place = max(
            (control.timeline, control.checkpoint_lsn), (control.min_recovery_timeline, control.min_recovery_end)
        )
    if not source.history.contains(timeline, place):
        return CloneStep(Decision.CLONE, f"it diverged: {place} on timeline {timeline} is not in the primary's past")
    return CloneStep(
        Decision.KEEP, f"it can follow the primary: {place} on timeline {timeline} is in the primary's past"
    )
