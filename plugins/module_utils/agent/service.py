# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's daemon: one loop around the engine, which never waits for anything but its next event.

Eyes look and hands work in threads of their own; a byte through a pipe wakes the loop when one of them has news. The
end of the daemon changes nothing: PostgreSQL, the addresses and the record stay as they are, and the next start goes on
from there. So an upgrade of the agent moves nothing.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from ansible_collections.pgha.cluster.plugins.module_utils.agent import lasting
from ansible_collections.pgha.cluster.plugins.module_utils.agent.config import Config
from ansible_collections.pgha.cluster.plugins.module_utils.agent.control import Control
from ansible_collections.pgha.cluster.plugins.module_utils.agent.desk import Desk
from ansible_collections.pgha.cluster.plugins.module_utils.agent.effects import Effects, Hands
from ansible_collections.pgha.cluster.plugins.module_utils.agent.engine import Engine
from ansible_collections.pgha.cluster.plugins.module_utils.agent.events import ERROR, Journal
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Decision, Heard, Observation
from ansible_collections.pgha.cluster.plugins.module_utils.agent.notices import Notices
from ansible_collections.pgha.cluster.plugins.module_utils.agent.supervisor import Supervisor
from ansible_collections.pgha.cluster.plugins.module_utils.agent.view import View
from ansible_collections.pgha.cluster.plugins.module_utils.agent.wire import Wire

TICK_SECONDS = 0.3
"""Between two ticks while nothing happens; each costs processor time, for ever."""
BREATH_SECONDS = 0.01
"""Between two ticks, however many events come in: they cannot keep the server busy."""
ALIVE_SECONDS = 0.5
HANDING_SECONDS = 3.0
"""Shorter than systemd waits for this service to end."""


class Eyes(Protocol):
    """What looks at the servers. Looking happens in threads; nothing here waits for it."""

    def start(self, wake: Callable[[], None]) -> None:
        """Begin to look; ``wake`` may be called from any thread when something has changed."""

    def look(self, last: Observation | None) -> View:
        """Return what was found last. ``fenced``, ``paused`` and ``wanted`` are filled in by the service.

        :param last: what the last decision rested upon: in a silence of the other server there is more to ask.
        """

    def notice(self, instance: str, state: str) -> None:
        """Take what VRRP says."""

    def facts(self) -> dict[str, Any]:
        """Return what else ``status`` shows, such as ``fence_device``; plain data."""

    def close(self) -> None:
        """Look no more."""


class Places(Protocol):
    """Where clients find the primary and the standby: files that keepalived reads, or the addresses themselves."""

    def settle(self, o: Observation) -> None:
        """Let them be where they belong. Waits for nothing."""

    def stop(self) -> None:
        """End; the addresses stay where they are."""


class Service:
    """The loop and what it holds together."""

    def __init__(
        self,
        config: Config,
        engine: Engine,
        *,
        eyes: Eyes,
        hands: Hands,
        places: Places,
        journal: Journal,
        supervisor: Supervisor | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine, self._eyes, self._places, self._journal, self._clock = engine, eyes, places, journal, clock
        self._supervisor = supervisor or Supervisor({})
        self._wire = Wire(config.listen, config.peers)
        self._pipe = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._effects = Effects(hands, self.wake, clock)
        self._pause = lasting.Pause(Path(config.state_directory))
        self.desk = Desk(
            config,
            engine,
            pause=self._pause,
            effects=self._effects,
            journal=journal,
            eyes=eyes,
            wire=self._wire,
            clock=clock,
        )
        run_directory = Path(config.run_directory)
        self._notices = Notices(run_directory) if config.stack == "keepalived" else None
        self._control = Control(run_directory, self.desk.looks(), self.desk.changes())
        self._selector = selectors.DefaultSelector()
        self._soon = self._stopping = False
        self._errors: dict[str, str] = {}
        self._ticked_at = self._alive_at = float("-inf")
        self._told_to_stop_at = float("inf")

    def wake(self) -> None:
        """Let the loop look at once. May be called from any thread and from a signal handler."""
        with contextlib.suppress(OSError):
            # A full pipe wakes it, too; after the end of the loop nobody listens any more.
            os.write(self._pipe[1], b".")

    def stop(self, *_signal: Any) -> None:
        """End the loop after what it does now."""
        self._stopping = True
        self.wake()

    def handle_signals(self) -> None:
        """End in order when systemd or a person says so."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)

    def run(self) -> None:
        """Turn until :meth:`stop`."""
        self._selector.register(self._pipe[0], selectors.EVENT_READ, self._woken)
        self._selector.register(self._control.listener, selectors.EVENT_READ, self._accept)
        try:
            # Before the eyes are open: whoever has started the agent may ask it at once.
            self._eyes.start(self.wake)
            if self._notices is not None:
                self._selector.register(self._notices.pipe, selectors.EVENT_READ, self._noticed)
                for instance, state in self._notices.last():
                    self._eyes.notice(instance, state)
            self._supervisor.ready()
            while not self._may_end():
                self._turn()
        finally:
            self._supervisor.stopping()
            self._journal.tell("stopped", "the agent ends; PostgreSQL and the addresses stay as they are")
            self._close()

    def _may_end(self) -> bool:
        """A server that shuts down stops PostgreSQL first, and has a moment to give its reign up in order."""
        if not self._stopping:
            return False
        self._told_to_stop_at = min(self._told_to_stop_at, self._clock())
        return not self._engine.record.offered or self._clock() - self._told_to_stop_at > HANDING_SECONDS

    def _turn(self) -> None:
        now = self._clock()
        for fresh in self._wire.bind(now):
            self._selector.register(fresh, selectors.EVENT_READ, self._receive)
        for key, _mask in self._selector.select(max(self._due() - now, 0)):
            key.data(key.fileobj)
        now = self._clock()
        for late in self._control.late(now):
            self._drop(late)
        if now >= self._due():
            self._tick(now)
        if now - self._alive_at >= ALIVE_SECONDS:
            self._alive_at = now
            self._supervisor.alive()

    def _due(self) -> float:
        return self._ticked_at + (BREATH_SECONDS if self._soon else TICK_SECONDS)

    def _woken(self, _pipe: Any) -> None:
        with contextlib.suppress(BlockingIOError):
            while os.read(self._pipe[0], 4096):
                pass
        self._soon = True

    def _noticed(self, _pipe: Any) -> None:
        if self._notices is not None:
            found = self._notices.read()
            for instance, state in found:
                text = f"VRRP instance {instance} is {state or 'unknown'}"
                self._journal.tell("notice", text, instance=instance, state=state)
                self._eyes.notice(instance, state)
            with self._told("notices"):
                self._notices.keep(found)
        self._soon = True

    def _receive(self, source: socket.socket) -> None:
        for datagram in self._wire.receive(source):
            before = self._engine.heard
            with self._told("record heard"):
                if self._engine.hear(datagram, self._clock()):
                    self._effects.heard()
            if self._engine.heard is not before:
                self._soon = self._soon or _weight(self._engine.heard) != _weight(before)

    def _accept(self, _listener: Any) -> None:
        for opened in self._control.accept(self._clock()):
            self._selector.register(opened, selectors.EVENT_READ, self._serve)

    def _serve(self, opened: socket.socket) -> None:
        number = self.desk.changed
        waits_for = self._control.serve(opened)
        self._soon = self._soon or self.desk.changed != number
        if waits_for:
            self._selector.modify(opened, waits_for, self._serve)
        else:
            self._drop(opened)

    def _drop(self, opened: socket.socket) -> None:
        self._selector.unregister(opened)
        self._control.drop(opened)

    def _tick(self, now: float) -> None:
        self._ticked_at, self._soon = now, False
        for end in self._effects.ended():
            self.desk.effect_ended(end)
        with self._told("record"):
            decision = self._engine.tick(self._view(now), now)
            # Only now: the record is on disk.
            self._wire.send(self._engine.message(now))
            self._journal.decided(decision, self._engine.observation)
            self._follow(decision)
            self.desk.looked(now)
        with self._told("address files"):
            self._settle()
        self._supervisor.status(self.desk.headline())

    def _view(self, now: float) -> View:
        self.desk.settle(now)
        seen = self._eyes.look(self._engine.observation)
        return replace(seen, fenced=self._effects.fenced, paused=self._pause.on, wanted=self.desk.wanted)

    def _follow(self, decision: Decision) -> None:
        o = self._engine.observation
        if o is not None and self._effects.begin(decision, o):
            self._journal.tell("begun", f"{decision.action.value}: {decision.text}", action=decision.action.value)

    def _settle(self) -> None:
        """The addresses go by the record as it is now: an offer gives the write address up at once."""
        o = self._engine.observation
        if o is not None:
            self._places.settle(replace(o, record=self._engine.record))

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """What cannot be written is told once, and nothing follows from it: no message, no effect. The loop goes on."""
        try:
            yield
        except OSError as error:
            text = f"the agent cannot write its {what}: {error}"
            if self._errors.get(what) != text:
                self._journal.tell("failed", text, level=ERROR, alert=True, what=what)
            self._errors[what] = text
        else:
            self._errors.pop(what, None)
        self.desk.error = next(iter(self._errors.values()), "")

    def _close(self) -> None:
        self._eyes.close()
        self._places.stop()
        self._control.close()
        if self._notices is not None:
            self._notices.close()
        self._wire.close()
        self._supervisor.close()
        self._selector.close()


def _weight(heard: Heard | None) -> dict[str, Any] | None:
    """Return a message without what changes all the time: how far the log is. It alone is no reason to look at once."""
    return {**heard.__dict__, "received": 0} if heard is not None else None
