# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's eyes: what is so here and what others say, in one view for the engine.

This module util is private to the collection.
"""

from __future__ import annotations

from ansible_collections.pgha.cluster.plugins.module_utils.agent.look import Local
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Fenced
from ansible_collections.pgha.cluster.plugins.module_utils.agent.probes import Probes
from ansible_collections.pgha.cluster.plugins.module_utils.agent.view import View
from ansible_collections.pgha.cluster.plugins.module_utils.agent.watch import Watch


class Eyes:
    """Looks and asks in threads of their own; to be asked for a view costs nothing."""

    def __init__(self, watch: Watch, probes: Probes) -> None:
        self.watch, self.probes = watch, probes

    def start(self) -> None:
        """Begin to look and to ask."""
        self.watch.start()
        self.probes.start()

    def stop(self) -> None:
        """End."""
        self.watch.stop()
        self.probes.stop()

    @property
    def local(self) -> Local:
        """What is so here, with what the engine does not need."""
        return self.watch.local

    def view(self, *, fenced: Fenced, paused: bool, wanted: str) -> View:
        """Return what is so at this moment.

        :param fenced: what came of powering the other server off; whoever carries effects out knows.
        :param wanted: an operator's request.
        """
        local = self.watch.local
        return View(
            postgres=local.postgres,
            healthy=local.healthy,
            reach=self.probes.reach,
            follows=local.follows,
            waiting=local.waiting,
            caught_up=local.caught_up,
            received=local.received,
            clean=local.clean,
            answers=self.probes.answers,
            arbiter=self.probes.arbiter,
            fenced=fenced,
            paused=paused,
            wanted=wanted,
        )
