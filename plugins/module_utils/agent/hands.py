# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's hands: carries out what was decided, in a thread beside the loop (``effects.py``).

This module util is private to the collection.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Action, Decision, Fenced, Observation
from ansible_collections.pgha.cluster.plugins.module_utils.agent.server import Effect, Server
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError

FENCE_SECONDS = 120.0
POWER_ON_TRIES = 3


class ServerHands:
    """One server's hands.

    :param peer_answers: whether anything of the other server answers, asked now; None when that cannot be told.
    """

    def __init__(self, server: Server, peer_answers: Callable[[], bool | None]) -> None:
        self._server, self._peer_answers = server, peer_answers

    def carry_out(self, decision: Decision, observation: Observation, overtaken: threading.Event) -> None:
        """Bring an effect about; raises what went wrong. Once overtaken, nothing more is started or changed."""
        effect = Effect(self._server, overtaken)
        do: dict[Action, Callable[[], None]] = {
            Action.START_PRIMARY: effect.start,
            Action.START_STANDBY: effect.start_standby,
            Action.STOP: effect.stop,
            Action.OFFER: lambda: effect.offer(observation),
            Action.WAIT_FOR_PEER: effect.wait_for_peer,
            Action.GO_ON_ALONE: effect.go_on_alone,
            Action.PROMOTE: effect.promote,
        }
        try:
            do[decision.action]()
        finally:
            self._server.changed()

    def fence(self, observation: Observation) -> Fenced:
        """Power the other server off, and prove it: by what the device says, and by the server's silence."""
        self._server.hand("fence", "off", seconds=FENCE_SECONDS)
        answers = self._peer_answers()
        if answers is not False:
            # A device may lie, or belong to another server. Not even to be able to ask is no silence.
            what = "still answers" if answers else "cannot be asked whether it still answers"
            raise PghaError(f"The device says that {self._server.terms.peer} is off, and that server {what}.")
        return Fenced.OFF

    def power_on(self) -> None:
        """It has been proven off: let it come back. What it may do after its boot, only this server's word can say."""
        for number in range(1, POWER_ON_TRIES + 1):
            try:
                self._server.hand("fence", "on", seconds=FENCE_SECONDS)
                return
            except PghaError as failed:
                if number == POWER_ON_TRIES:
                    raise PghaError(
                        f"{self._server.terms.peer} could not be powered on again.",
                        said=failed.said or failed.message,
                        next_step="power it on by hand",
                    ) from failed
