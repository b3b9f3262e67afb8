# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent's eyes hand to its engine at each tick: what is true at this moment, without any memory.

This module util is private to the collection.
"""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Arbiter, Fenced, Postgres


@dataclass(frozen=True)
class View:
    """One look. The meaning of each value is that of the same name in :class:`.model.Observation`."""

    postgres: Postgres
    healthy: bool = True
    reach: bool | None = None
    follows: bool = False
    waiting: bool | None = None
    caught_up: bool = False
    received: int = 0
    clean: bool = False
    answers: bool = False
    arbiter: Arbiter = Arbiter.SILENT
    fenced: Fenced = Fenced.NOT_ASKED
    paused: bool = False
    wanted: str = ""
