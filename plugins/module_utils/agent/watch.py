# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at the local PostgreSQL more than twice a second, and at once when its postmaster ends.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.agent.beat import Heart
from ansible_collections.pgha.cluster.plugins.module_utils.agent.greeting import Greeting, greet
from ansible_collections.pgha.cluster.plugins.module_utils.agent.look import (
    LOOK,
    Local,
    Moving,
    Waiting,
    of_primary,
    of_standby,
    row_of,
)
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Postgres
from ansible_collections.pgha.cluster.plugins.module_utils.agent.processes import Deathwatch, Postmaster, Processes
from ansible_collections.pgha.cluster.plugins.module_utils.agent.sessions import (
    HAND,
    HAND_SECONDS,
    PATIENCE,
    ROLE,
    Connect,
    Place,
    socket_of,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.handover import Asks

PERIOD_SECONDS = 0.4
ENDING_SECONDS = 0.02
"""Between two looks at a server that is about to be gone: somebody waits to take over."""
UNSURE_SECONDS = 1.0
"""Between two questions to the hand when it could not say."""
STALE_SECONDS = 5.0
"""An older look counts for nothing: whoever looks hangs. Longer than a look and a reconnection may take."""
AGAIN_SECONDS = 30.0
"""A stopped server's control data are read again after this long: a rebuild changes them."""
# As of a server that is starting, nothing follows from it. Seen: an agent that had just begun stopped what did not run.
UNSEEN = Local(Postgres.STARTING, complaint="nobody has looked at PostgreSQL yet")


def of_control(text: str) -> Local:
    """Judge what the hand says of a server of which no process is seen.

    It may look where this user may not: only when it sees none either, nothing runs.
    """
    found = json.loads(text)
    if found["running"]:
        return Local(Postgres.UNKNOWN, healthy=False, complaint="a process of PostgreSQL works in the data directory")
    return Local(Postgres.STOPPED, received=int(found["checkpoint"]), clean=bool(found["clean"]))


def of_greeting(greeting: Greeting, said: str) -> Local:
    """Judge a server that runs, and with which no session can be opened."""
    if greeting in (Greeting.STARTING, Greeting.ABSENT):
        return Local(Postgres.STARTING)
    return Local(Postgres.UNKNOWN, healthy=False, complaint=said)


class Watch:
    """Keeps a look at this server that is never older than a moment.

    :param name: this server's name.
    :param peer: the other server's name, by which it is known to replicate.
    :param wake: called when something is no longer as it was.
    """

    def __init__(
        self,
        place: Place,
        names: tuple[str, str],
        processes: Processes,
        waiting: Waiting,
        *,
        runner: Runner,
        connect: Connect,
        wake: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._place, self._peer, self._processes, self._waiting = place, names[1], processes, waiting
        self._runner, self._connect, self._wake, self._clock = runner, connect, wake, clock
        self._heart = Heart(names[0], connect, self._is_primary, self.look_now)
        self._moving, self._death = Moving(), Deathwatch()
        self._session: Asks | None = None
        self._stopped: tuple[float, Local] | None = None
        self._seen: tuple[float, Local] = (float("-inf"), UNSEEN)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()
        self._heart.start()

    def stop(self) -> None:
        """End."""
        self._over.set()
        self._heart.stop()
        self._death.wake()

    def look_now(self) -> None:
        """Look now: something has been done to PostgreSQL."""
        self._death.wake()

    @property
    def local(self) -> Local:
        """What is so here."""
        at, local = self._seen
        if self._clock() - at > STALE_SECONDS and at > float("-inf"):
            return Local(Postgres.UNKNOWN, healthy=False, complaint="no look at PostgreSQL comes to its end")
        return local

    def _is_primary(self) -> bool:
        return self._seen[1].postgres is Postgres.PRIMARY

    def _run(self) -> None:
        while not self._over.is_set():
            self._death.wait(self.turn())

    def turn(self) -> float:
        """Look once; return how long to wait until the next time."""
        postmaster, pause = self._postmaster(), PERIOD_SECONDS
        try:
            local, pause = (self._running(postmaster), PERIOD_SECONDS) if postmaster else self._gone()
        except (PghaError, OSError, ValueError, KeyError, TypeError) as wrong:
            said = str(getattr(wrong, "said", None) or wrong).strip()
            local, pause = Local(Postgres.UNKNOWN, healthy=False, complaint=said), UNSURE_SECONDS
        before, self._seen = self._seen[1], (self._clock(), local)
        if _told(before) != _told(local):
            self._wake()
        return pause

    def _postmaster(self) -> Postmaster | None:
        """Return the postmaster. As long as the one that is watched has not ended, there can be no other one."""
        living = self._death.living
        if living is not None:
            return living
        found = self._processes.postmaster()
        self._death.follow(found)
        if found is not None and self._processes.postmaster() != found:
            # It has ended meanwhile, and what is watched may be another process that was given its number.
            self._death.follow(None)
        return found

    def _running(self, postmaster: Postmaster) -> Local:
        self._stopped = None
        try:
            values = self._ask()
        except PghaError as silent:
            said = silent.said or silent.message
            return of_greeting(greet(socket_of(self._place), ROLE, "postgres", PATIENCE / 2), said)
        row, now = row_of(values), self._clock()
        if row.recovering:
            return of_standby(row, self._moving, now)
        beat = self._heart.last
        local = of_primary(row, postmaster, self._waiting.proof, self._moving, now)
        return replace(local, healthy=beat.works, complaint=beat.said)

    def _ask(self) -> Any:
        """Ask over the open session; one that has ended since is opened anew, and asked once more."""
        fresh = self._session is None
        try:
            if self._session is None:
                self._session = self._connect()
            return self._session.ask(LOOK, (self._peer,), seconds=PATIENCE)[0]
        except PghaError as failed:
            self._drop()
            # Without a cause in the driver it was the time limit: a server that hangs is not asked twice.
            if fresh or failed.__cause__ is None:
                raise
        return self._ask()

    def _drop(self) -> None:
        if self._session is not None:
            with contextlib.suppress(Exception):
                self._session.close()
        self._session = None

    def _gone(self) -> tuple[Local, float]:
        self._drop()
        if self._processes.running():
            self._stopped = None
            left = Local(Postgres.UNKNOWN, healthy=False, complaint="the postmaster is gone, and others still run")
            return left, ENDING_SECONDS
        if self._stopped is not None and self._clock() - self._stopped[0] < AGAIN_SECONDS:
            return self._stopped[1], PERIOD_SECONDS
        done = self._runner([*HAND, "control"], timeout=HAND_SECONDS)
        if done.rc != 0:
            raise PghaError("The control data cannot be read.", said=done.stderr or done.stdout)
        local = of_control(done.stdout)
        if local.postgres is not Postgres.STOPPED:
            return local, UNSURE_SECONDS
        self._stopped = (self._clock(), local)
        return local, PERIOD_SECONDS


def _told(local: Local) -> tuple[object, ...]:
    """Return what the loop wants to know at once; the rest it sees with its next look."""
    return (local.postgres, local.healthy, local.follows, local.waiting, local.caught_up, local.clean)
