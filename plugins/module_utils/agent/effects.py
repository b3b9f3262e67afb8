# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carrying out what was decided, beside the loop: one effect at a time, each in a thread.

An effect that runs is not started again; the engine repeats its decision until it sees the effect. To stop
PostgreSQL cannot wait for another effect that hangs: it overtakes that one, which is told so and has to leave off. To
fence touches nothing of this server and runs beside everything.

This module util is private to the collection.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Action, Decision, Fenced, Observation

EFFECTS = {
    Action.START_PRIMARY,
    Action.START_STANDBY,
    Action.STOP,
    Action.WAIT_FOR_PEER,
    Action.GO_ON_ALONE,
    Action.OFFER,
    Action.FENCE,
    Action.PROMOTE,
}
"""The other decisions change nothing outside of the engine."""
OVERTAKING = {Action.STOP, Action.OFFER}
AGAIN_SECONDS = 1.0
"""An effect that has failed is not tried again sooner."""
SEEN_SECONDS = 0.4
"""Until the eyes have seen what an effect has done: a look that began before would ask for it again."""


class Hands(Protocol):
    """What changes a server. Both block for as long as it takes and raise what went wrong."""

    def carry_out(self, decision: Decision, observation: Observation, overtaken: threading.Event) -> None:
        """Bring an effect about. Once ``overtaken`` is set, nothing more may be started or changed."""

    def fence(self, observation: Observation) -> Fenced:
        """Power the other server off and prove it."""

    def power_on(self) -> None:
        """Give a server that was proven off its power back."""


@dataclass(frozen=True)
class Ended:
    """An effect that has come to its end.

    :ivar error: what went wrong; empty when all is well.
    """

    action: Action
    seconds: float
    error: str = ""
    fenced: Fenced = Fenced.NOT_ASKED


@dataclass
class _Running:
    action: Action
    begun: float
    overtaken: threading.Event = field(default_factory=threading.Event)


class Effects:
    """The effects that run now.

    :param wake: called in a thread when one has ended.
    """

    def __init__(self, hands: Hands, wake: Callable[[], None], clock: Callable[[], float]) -> None:
        self._hands, self._wake, self._clock = hands, wake, clock
        self._ended: queue.SimpleQueue[tuple[_Running, Ended]] = queue.SimpleQueue()
        self._running: _Running | None = None
        self._fencing: _Running | None = None
        self._not_before: dict[Action, float] = {}
        self._heard_at = float("-inf")
        self.fenced = Fenced.NOT_ASKED

    @property
    def running(self) -> list[str]:
        """What runs now, for people."""
        return [one.action.value for one in (self._running, self._fencing) if one is not None]

    def begin(self, decision: Decision, observation: Observation) -> bool:
        """Start what was decided, unless it runs already or has to wait for another effect.

        :returns: whether something was started.
        """
        action, now = decision.action, self._clock()
        if action not in EFFECTS or now < self._not_before.get(action, now):
            return False
        one = _Running(action, now)
        if action is Action.FENCE:
            if self._fencing is not None:
                return False
            self._fencing, self.fenced = one, Fenced.UNDER_WAY
        else:
            if self._running is not None and not self._may_overtake(action):
                return False
            self._running = one
        threading.Thread(target=self._work, args=(one, decision, observation), name=action.value, daemon=True).start()
        return True

    def _may_overtake(self, action: Action) -> bool:
        running = self._running
        if running is None or action not in OVERTAKING or running.action in OVERTAKING:
            return running is None
        running.overtaken.set()
        return True

    def _work(self, one: _Running, decision: Decision, observation: Observation) -> None:
        error, fenced = "", Fenced.NOT_ASKED
        try:
            if one.action is Action.FENCE:
                fenced = Fenced.FAILED
                fenced = self._hands.fence(observation)
            else:
                self._hands.carry_out(decision, observation, one.overtaken)
        except Exception as wrong:
            # Whatever it was, the loop has to hear that this effect has ended.
            error = f"{type(wrong).__name__}: {wrong}"
        self._ended.put((one, Ended(one.action, self._clock() - one.begun, error, fenced)))
        self._wake()
        if fenced is Fenced.OFF:
            self._give_back()

    def _give_back(self) -> None:
        """Whatever comes of the proof: a server that stays off for nothing is one that is missing."""
        after, begun = "power on", self._clock()
        try:
            self._hands.power_on()
        except Exception as wrong:
            said = f"{after}: {type(wrong).__name__}: {wrong}"
            self._ended.put((_Running(Action.FENCE, begun), Ended(Action.FENCE, self._clock() - begun, said)))
            self._wake()

    def ended(self) -> list[Ended]:
        """Return what has come to its end since the last call."""
        found = []
        while not self._ended.empty():
            one, end = self._ended.get_nowait()
            if one is self._running:
                self._running = None
            if one is self._fencing:
                spoke = self._heard_at >= one.begun + end.seconds
                self._fencing, self.fenced = None, Fenced.NOT_ASKED if spoke else end.fenced
            failed = end.error or end.fenced is Fenced.FAILED
            self._not_before[one.action] = self._clock() + (AGAIN_SECONDS if failed else SEEN_SECONDS)
            if not one.overtaken.is_set():
                found.append(end)
        return found

    def heard(self) -> None:
        """The other server has spoken: what was proven of its power in the silence before counts no more."""
        self._heard_at = self._clock()
        if self._fencing is None:
            self.fenced = Fenced.NOT_ASKED
