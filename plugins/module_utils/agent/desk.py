# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the control socket's verbs do: answer what is asked, and keep what an operator wants.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from ansible_collections.pgha.cluster.plugins.module_utils.agent import report
from ansible_collections.pgha.cluster.plugins.module_utils.agent.config import Config
from ansible_collections.pgha.cluster.plugins.module_utils.agent.decide import FAILOVER, SEEN_OFF, SWITCHOVER
from ansible_collections.pgha.cluster.plugins.module_utils.agent.effects import Effects, Ended
from ansible_collections.pgha.cluster.plugins.module_utils.agent.engine import Engine
from ansible_collections.pgha.cluster.plugins.module_utils.agent.events import ERROR, Journal
from ansible_collections.pgha.cluster.plugins.module_utils.agent.lasting import Pause
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Action, Fenced, Role
from ansible_collections.pgha.cluster.plugins.module_utils.agent.wire import Wire
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError

WANTED_SECONDS = 60.0
COMMANDS = {"init": "init_primary", "join": "join", "leave": "leave"}

Answer = dict[str, Any]
Verb = Callable[[dict[str, Any]], Answer]


class Sees(Protocol):
    """What the desk needs of the eyes."""

    def facts(self) -> dict[str, Any]: ...


class Desk:
    """What operators and programs ask of the agent.

    :ivar wanted: an operator's request that has not come to its end.
    :ivar changed: counts up with each request that the loop has to act upon at once.
    :ivar error: why the agent cannot do its work; empty when it can.
    """

    def __init__(
        self,
        config: Config,
        engine: Engine,
        *,
        pause: Pause,
        effects: Effects,
        journal: Journal,
        eyes: Sees,
        wire: Wire,
        clock: Callable[[], float],
    ) -> None:
        self._config, self._engine, self._pause, self._effects = config, engine, pause, effects
        self._journal, self._eyes, self._wire, self._clock = journal, eyes, wire, clock
        self.wanted = self.error = ""
        self.changed = 0
        self._until = 0.0
        self._began_in: tuple[int, Role] = (0, Role.OUT)
        self._looked_at = self._started_at = clock()
        self._failures: dict[Action, str] = {}

    def looks(self) -> dict[str, Verb]:
        """Return the verbs that change nothing."""
        return {"status": self._status, "events": self._events, "write": self._write}

    def changes(self) -> dict[str, Verb]:
        """Return the verbs that change something."""
        return {
            "pause": lambda _request: self._set_pause(True),
            "resume": lambda _request: self._set_pause(False),
            "switchover": lambda request: self._want(SWITCHOVER, request),
            "failover": lambda request: self._want(SEEN_OFF if request.get("seen_off") is True else FAILOVER, request),
            "cancel": lambda _request: self._forget("the operator takes the request back"),
            **{verb: self._command(word) for verb, word in COMMANDS.items()},
        }

    def looked(self, now: float) -> None:
        """The loop has made a whole turn."""
        self._looked_at = now

    def settle(self, now: float) -> None:
        """End a request that has come to its end: the reign has changed, the offer was taken back, or it is too old."""
        if not self.wanted:
            return
        record = self._engine.record
        if (record.reign, record.role) != self._began_in:
            self._forget("")
        elif self._engine.decision.action is Action.RESUME:
            self._forget("the offer was taken back")
        elif now > self._until:
            self._forget("the request has found no end in time")

    def _forget(self, why: str) -> Answer:
        if self.wanted and why:
            self._journal.tell("given_up", f"{self.wanted} is given up: {why}", alert=True, wanted=self.wanted)
        self.wanted = ""
        self.changed += 1
        return {"done": True}

    def effect_ended(self, end: Ended) -> None:
        """Tell how an effect has ended; one that fails again and again in the same way is told once."""
        more: dict[str, Any] = {"action": end.action.value, "milliseconds": round(end.seconds * 1000)}
        failure = end.error or ("the device gave no proof" if end.fenced is Fenced.FAILED else "")
        if not failure:
            self._failures.pop(end.action, None)
            self._journal.tell("done", end.action.value, **more)
        elif self._failures.get(end.action) != failure:
            self._failures[end.action] = failure
            self._journal.tell("failed", f"{end.action.value} has failed: {failure}", level=ERROR, alert=True, **more)

    def headline(self) -> str:
        """Return the one line for ``systemctl status``."""
        record, decision = self._engine.record, self._engine.decision
        state = "paused, " if self._pause.on else ""
        return f"{state}{record.role.value} in reign {record.reign}: {self.error or decision.text}"

    def _status(self, _request: dict[str, Any]) -> Answer:
        now, engine = self._clock(), self._engine
        o = engine.observation
        if o is None:
            raise PghaError("The agent has just started and has not looked yet.")
        return {
            **report.of_cluster(self._config),
            **report.of_server(engine.record, o),
            "peer_state": report.of_peer(engine.heard, o, engine.silent_for(now)),
            "decision": report.of_decision(engine.decision, now - self._journal.decided_at),
            "paused": self._pause.on,
            "wanted": self.wanted,
            "running": self._effects.running,
            "error": self.error,
            "missing_addresses": self._wire.missing(),
            "looked_ago": round(now - self._looked_at, 3),
            "up_seconds": round(now - self._started_at, 1),
            "fence_device": "unknown",
            **self._eyes.facts(),
            "at": now,
            "event": self._journal.number,
        }

    def _events(self, request: dict[str, Any]) -> Answer:
        since = request.get("since", 0)
        return {
            "events": self._journal.since(since if isinstance(since, int) else 0),
            "status": self._status(request),
        }

    def _write(self, _request: dict[str, Any]) -> Answer:
        """What is asked many times a minute, as short as can be."""
        o = self._engine.observation
        return {"write": o is not None and report.may_hold_write(self._engine.record, o.postgres)}

    def _set_pause(self, on: bool) -> Answer:
        if self._pause.on != on:
            self._pause.set(on)
            text = "the agent does nothing until it is resumed" if on else "the agent does its work again"
            self._journal.tell("paused" if on else "resumed", text, alert=True)
            self.changed += 1
        return {"paused": on}

    def _want(self, wanted: str, request: dict[str, Any]) -> Answer:
        role = self._engine.record.role
        if self._pause.on:
            raise PghaError("The agent is paused.", next_step="pgha-agent resume")
        if self.wanted and self.wanted != wanted:
            raise PghaError(f"A {self.wanted} is under way.", next_step="pgha-agent status")
        if wanted == SWITCHOVER and role is not Role.PRIMARY:
            raise PghaError("This server is not the primary.", next_step=f"ask on {self._config.peer}")
        seconds = request.get("seconds", WANTED_SECONDS)
        self.wanted, self._began_in = wanted, (self._engine.record.reign, role)
        self._until = self._clock() + (float(seconds) if isinstance(seconds, int | float) else WANTED_SECONDS)
        self.changed += 1
        number = self._journal.number
        self._journal.tell("asked", f"an operator wants a {wanted}", alert=True, wanted=wanted)
        return {"since": number, "at": self._clock(), "reign": self._engine.record.reign}

    def _command(self, word: str) -> Verb:
        def carry_out(_request: dict[str, Any]) -> Answer:
            self._engine.command(word, self._clock())
            self._journal.tell("commanded", f"a playbook says: {word}", command=word)
            self.changed += 1
            return {"role": self._engine.record.role.value, "reign": self._engine.record.reign}

        return carry_out
