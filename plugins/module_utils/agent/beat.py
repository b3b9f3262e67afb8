# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The heartbeat: a primary proves every second that it can write, in each of its tablespaces.

The proof is the work of a function of the database ``pgha`` (``roles/failover_agent/files/pgha.sql``): it makes a new
file in every tablespace and writes into it. Its commits wait for the local disk and for no standby, so that a standby
that is gone does not look like a disk that is dead.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.pgha.cluster.plugins.module_utils.agent.sessions import DATABASE, Connect, code_of
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.handover import Asks

BEAT = "SELECT tablespace, code, said FROM pgha.beat(%s)"
BEAT_SECONDS = 1.0
SLOWEST_SECONDS = 30.0
RENEW_BEATS = 5
STATEMENT_MILLISECONDS = 2000
LOCK_MILLISECONDS = 1000
ANSWER_SECONDS = 2.5
"""Longer than the statement's own limit: a process that waits for a dead disk cannot even be cancelled."""
OPTIONS = " ".join(
    f"-c {setting}"
    for setting in (
        "synchronous_commit=local",
        f"statement_timeout={STATEMENT_MILLISECONDS}",
        f"lock_timeout={LOCK_MILLISECONDS}",
        "default_transaction_read_only=off",
    )
)
LOCKED = "55P03"


@dataclass(frozen=True)
class Beat:
    """What came of one heartbeat.

    :ivar works: whether the server can write.
    :ivar said: what hinders it, or what hinders the heartbeat alone.
    :ivar answered: a process of the server was not left behind with it.
    """

    works: bool
    said: str = ""
    answered: bool = True


def of_rows(rows: list[tuple[str, str, str]]) -> Beat:
    """Judge what the function complains of, tablespace by tablespace."""
    ailing = [f"tablespace {name}: {said}" for name, code, said in rows if code != LOCKED]
    harmless = [f"tablespace {name}: {said}" for name, code, said in rows if code == LOCKED]
    return Beat(not ailing, "; ".join(ailing or harmless))


def of_error(error: PghaError, before: bool) -> Beat:
    """Judge a heartbeat that failed as a whole.

    Only what a disk can do makes the server ill. A missing database or a missing right is a mistake in the set-up, and
    another server as primary would have it too: such an error says nothing new.
    """
    code, said = code_of(error), error.said or error.message
    if error.__cause__ is None:
        return Beat(False, said, answered=False)
    ailing = code in ("57014", "53100", "53200") or code[:2] in ("58", "XX")
    return Beat(not ailing and before, said)


def pause_after(before: float, beat: Beat) -> float:
    """Return how long to wait: each heartbeat that hangs leaves a process behind, and they must not become many."""
    return BEAT_SECONDS if beat.answered else min(max(before, BEAT_SECONDS) * 2, SLOWEST_SECONDS)


class Heart:
    """Beats while this server is primary.

    :param name: this server's name, kept with the heartbeat.
    :param is_primary: whether to beat now.
    :param changed: called when the server falls ill or gets well.
    """

    def __init__(
        self, name: str, connect: Connect, is_primary: Callable[[], bool], changed: Callable[[], None]
    ) -> None:
        self._name, self._connect, self._is_primary, self._changed = name, connect, is_primary, changed
        self._session: Asks | None = None
        self._beats = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self.last = Beat(True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._over.set()

    def _run(self) -> None:
        pause = BEAT_SECONDS
        while not self._over.wait(pause):
            pause = pause_after(pause, self.turn())

    def turn(self) -> Beat:
        """Beat once, if this server is primary."""
        beat = self._beat() if self._is_primary() else Beat(True)
        before, self.last = self.last, beat
        if before.works != beat.works:
            self._changed()
        return beat

    def _beat(self) -> Beat:
        before = self.last.works
        try:
            session = self._renewed()
            return of_rows(session.ask(BEAT, (self._name,), seconds=ANSWER_SECONDS))
        except PghaError as error:
            self._drop()
            return of_error(error, before)

    def _renewed(self) -> Asks:
        """Return the session, now and then a new one: a postmaster that hangs takes none, and the old ones go on."""
        self._beats += 1
        if self._session is not None and self._beats % RENEW_BEATS:
            return self._session
        try:
            fresh = self._connect(DATABASE, OPTIONS)
        except PghaError as refused:
            # Refused in words, such as those of a server with no connection to spare: the old session still serves.
            if self._session is None or refused.__cause__ is None:
                raise
            return self._session
        self._drop()
        self._session = fresh
        return fresh

    def _drop(self) -> None:
        if self._session is not None:
            with contextlib.suppress(Exception):
                self._session.close()
        self._session = None
