# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's control socket: a line of JSON in, a line of JSON out, then the end of the connection.

Whoever may open the socket may look. To change something takes root or the agent's own user, which the kernel vouches
for. A caller that is slow or says too much is dropped; the loop waits for nobody.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError

NAME = "control"
MODE = 0o660
LONGEST = 65536
CALLERS = 32
PATIENCE_SECONDS = 2.0
CREDENTIALS = struct.Struct("3i")

Answer = dict[str, Any]
Verb = Callable[[dict[str, Any]], Answer]


class Caller:
    """One connection."""

    def __init__(self, opened: socket.socket, user: int, until: float) -> None:
        self.socket, self.user, self.until = opened, user, until
        self.said = self.answer = b""


class Control:
    """The socket and those who are connected.

    :param looks: verbs that change nothing.
    :param changes: verbs that only root and the agent's user may use.
    """

    def __init__(self, run_directory: Path, looks: dict[str, Verb], changes: dict[str, Verb]) -> None:
        self._looks, self._changes = looks, changes
        self.path = run_directory / NAME
        # What a killed agent has left behind. systemd runs one agent at a time.
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        before = os.umask(0o777 & ~MODE)
        try:
            self.listener.bind(str(self.path))
        finally:
            os.umask(before)
        self.listener.listen(CALLERS)
        self._callers: dict[socket.socket, Caller] = {}

    def accept(self, now: float) -> list[socket.socket]:
        """Take new connections, and return them."""
        fresh: list[socket.socket] = []
        while True:
            try:
                opened, _none = self.listener.accept()
            except OSError:
                return fresh
            opened.setblocking(False)
            if len(self._callers) >= CALLERS:
                opened.close()
                continue
            raw = opened.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
            self._callers[opened] = Caller(opened, CREDENTIALS.unpack(raw)[1], now + PATIENCE_SECONDS)
            fresh.append(opened)

    def serve(self, opened: socket.socket) -> int:
        """Read what a caller says and answer a whole line; return what to wait for next, 0 at its end."""
        caller = self._callers[opened]
        try:
            return self._write(caller) if caller.answer else self._read(caller)
        except BlockingIOError:
            return selectors.EVENT_WRITE if caller.answer else selectors.EVENT_READ
        except OSError:
            return 0

    def _read(self, caller: Caller) -> int:
        said = caller.socket.recv(LONGEST)
        caller.said += said
        if b"\n" in caller.said:
            caller.answer = json.dumps(self._answer(caller)).encode() + b"\n"
            return self._write(caller)
        return selectors.EVENT_READ if said and len(caller.said) < LONGEST else 0

    def _write(self, caller: Caller) -> int:
        sent = caller.socket.send(caller.answer)
        caller.answer = caller.answer[sent:]
        return selectors.EVENT_WRITE if caller.answer else 0

    def _answer(self, caller: Caller) -> Answer:
        try:
            request = json.loads(caller.said.split(b"\n", 1)[0])
            verb = str(request["verb"])
        except (ValueError, TypeError, KeyError, RecursionError):
            return {"refused": "This is no request: a line of JSON with a verb is wanted."}
        if verb in self._looks:
            return self._carry_out(self._looks[verb], request)
        if verb not in self._changes:
            return {"refused": f"The agent knows no {verb!r}."}
        if caller.user not in (0, os.geteuid()):
            return {"refused": f"Only root and the agent's own user may ask for {verb}.", "denied": True}
        return self._carry_out(self._changes[verb], request)

    def _carry_out(self, verb: Verb, request: dict[str, Any]) -> Answer:
        try:
            return verb(request)
        except (PghaError, OSError) as error:
            said = error.as_result()["msg"] if isinstance(error, PghaError) else str(error)
            return {"refused": said}

    def drop(self, opened: socket.socket) -> None:
        """Forget a caller."""
        del self._callers[opened]
        opened.close()

    def late(self, now: float) -> list[socket.socket]:
        """Return those who have said nothing whole for too long."""
        return [opened for opened, caller in self._callers.items() if caller.until < now]

    def close(self) -> None:
        """Close everything. The socket's file goes, so that a caller hears at once that nobody is there."""
        for opened in list(self._callers):
            self.drop(opened)
        self.listener.close()
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
