# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Following a switchover or failover to its end, as whoever has asked for it sees it.

The agent does the work. This only watches, so that nothing is lost when it is interrupted.

This module util is private to the collection.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.agent.client import RefusedError, SilentError

DONE, FAILED, LATE = 0, 1, 2
POLL_SECONDS = 0.02
REFUSALS = {"cannot_hand", "not_needed", "out", "paused"}
REFUSED_AFTER_SECONDS = 5.0
"""A standby that came back a moment ago may still be about to be admitted."""

Ask = Callable[..., dict[str, Any]]


class Follower:
    """One request, from the asking to the end.

    :param ask: asks the agent: a verb and what belongs to it.
    :param say: takes a line for a person.
    """

    def __init__(
        self,
        ask: Ask,
        say: Callable[[str], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._ask, self._say, self._clock, self._pause = ask, say, clock, pause
        self._refused_since: float | None = None
        self.result: dict[str, Any] = {}

    def follow(self, wanted: str, seconds: float, **more: object) -> int:
        """Ask, and watch until the end; return the exit status.

        :param more: what else belongs to the request.
        """
        asked = self._ask(wanted, seconds=seconds, **more)
        seen, began, deadline = asked["since"], asked["at"], self._clock() + seconds
        self.result = {"wanted": wanted, "phases": [], "ended": "", "milliseconds": None}
        while True:
            try:
                answer = self._ask("events", since=seen)
            except SilentError:
                # An agent that is restarted goes on from its record; only its memory of the request is gone.
                answer = {"events": [], "status": None}
            for event in answer["events"]:
                seen = event["number"]
                self._phase(event, began)
            end = self._end(wanted, asked["reign"], answer["status"], began)
            if end is not None:
                return end
            if self._clock() >= deadline:
                return self._give_up("it has found no end in time", LATE)
            self._pause(POLL_SECONDS)

    def _phase(self, event: dict[str, Any], began: float) -> None:
        phase = {"milliseconds": round((event["at"] - began) * 1000), "kind": event["kind"], "text": event["text"]}
        self.result["phases"].append(phase)
        self._say(f"{phase['milliseconds']:+6d} ms  {event['kind']}: {event['text']}")

    def _end(self, wanted: str, reign: int, status: dict[str, Any] | None, began: float) -> int | None:
        if status is None:
            return None
        won = _taken_here(status, reign) if wanted == "failover" else _taken_there(status, reign)
        if won:
            milliseconds = round((status["at"] - began) * 1000)
            where = status["name"] if wanted == "failover" else status["peer"]
            self.result |= {"ended": "done", "milliseconds": milliseconds, "primary": where}
            self._say(f"{milliseconds:+6d} ms  {where} is primary and takes writes")
            return DONE
        if not status["wanted"] and not _changed(status, reign):
            self.result["ended"] = "given up"
            self._say(f"It was given up: {status['decision']['text']}.")
            return FAILED
        return self._refusal(status)

    def _refusal(self, status: dict[str, Any]) -> int | None:
        if status["decision"]["reason"] not in REFUSALS:
            self._refused_since = None
            return None
        if self._refused_since is None:
            self._refused_since = self._clock()
        if self._clock() - self._refused_since < REFUSED_AFTER_SECONDS:
            return None
        return self._give_up(status["decision"]["text"], FAILED)

    def _give_up(self, why: str, status: int) -> int:
        self.result["ended"] = "given up"
        try:
            self._ask("cancel")
        except (SilentError, RefusedError) as error:
            why = f"{why}; the request could not be taken back: {error}"
        self._say(f"It was given up: {why}.")
        return status


def _changed(status: dict[str, Any], reign: int) -> bool:
    """Return whether the reign that was asked to end has ended, or is about to."""
    return bool(status["reign"] != reign or status["offered"] or status["yielded"])


def _taken_here(status: dict[str, Any], reign: int) -> bool:
    return bool(status["write"] and status["reign"] > reign)


def _taken_there(status: dict[str, Any], reign: int) -> bool:
    heard = status["peer_state"]["heard"] if status["peer_state"]["fresh"] else None
    if heard is None or heard["role"] != "primary" or heard["reign"] <= reign:
        return False
    return bool(heard["postgres"] == "primary")
