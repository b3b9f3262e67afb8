# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done to the local PostgreSQL: start it, stop it, let its commits wait, promote it.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Protocol

from ansible_collections.pgha.cluster.plugins.module_utils.agent.look import InForce, Waiting, names_of
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Observation, Postgres
from ansible_collections.pgha.cluster.plugins.module_utils.agent.processes import Processes
from ansible_collections.pgha.cluster.plugins.module_utils.agent.sessions import HAND, HAND_SECONDS, Connect
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed, Runner
from ansible_collections.pgha.cluster.plugins.module_utils.common.wait import look_until
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.handover import AGAIN_SECONDS, SLOT, Asks

SYSTEMCTL = ["sudo", "-n", "/usr/bin/systemctl"]
POLL_SECONDS = 0.02
COMMAND_SECONDS = 20.0
BEGIN_SECONDS = 10.0
"""Until a start shows its first process."""
OPEN_SECONDS = 600.0
"""Until a server that starts takes connections: it may have much to replay."""
CHECKPOINT_SECONDS = 600.0
ORDERLY_SECONDS = 60.0
HASTY_SECONDS = 3.0
"""For a stop in order while nobody takes writes: after it the other server should have them sooner than in order."""
MERCY_SECONDS = 2.0
END_SECONDS = 5.0
PROMOTE_SECONDS = 60.0

NAMES = "SELECT current_setting('synchronous_standby_names')"
RELOAD = "SELECT pg_reload_conf()"
RESET = "ALTER SYSTEM RESET synchronous_standby_names"
RECOVERING = "SELECT pg_is_in_recovery()"
POSITION = "SELECT (pg_current_wal_lsn() - '0/0')::bigint"


class Terms(Protocol):
    """What the hands have to know of the configuration."""

    @property
    def peer(self) -> str: ...
    @property
    def strict(self) -> bool: ...
    @property
    def unit(self) -> str: ...
    @property
    def peer_slot(self) -> str: ...


class Server:
    """PostgreSQL on this server, as far as the agent can reach it.

    :ivar changed: to be called when something was done to it, so that whoever watches it looks at once.
    """

    def __init__(
        self,
        terms: Terms,
        processes: Processes,
        waiting: Waiting,
        *,
        runner: Runner,
        connect: Connect,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.terms, self.processes, self.waiting, self.changed = terms, processes, waiting, changed
        self._runner, self._connect = runner, connect

    def hand(self, *words: str, seconds: float = HAND_SECONDS) -> None:
        """Let root's helper do something."""
        done = self._runner([*HAND, *words], timeout=seconds)
        if done.rc != 0:
            raise PghaError(f"pgha-agent-hand {' '.join(words)} failed.", said=done.stderr or done.stdout)

    def systemctl(self, *words: str) -> Completed:
        """Ask systemd for something that concerns PostgreSQL's unit."""
        return self._runner([*SYSTEMCTL, *words, self.terms.unit], timeout=COMMAND_SECONDS)

    @contextlib.contextmanager
    def session(self) -> Iterator[Asks]:
        """Open a new session for a moment."""
        with contextlib.closing(self._connect()) as session:
            yield session


class Effect:
    """One effect under way. Each can be repeated, and ends when what it wants is so.

    :param overtaken: set when another effect has taken this one's place: then nothing more is started or changed.
    """

    def __init__(self, server: Server, overtaken: threading.Event) -> None:
        self._server, self._terms, self._overtaken = server, server.terms, overtaken

    def _go_on(self) -> None:
        if self._overtaken.is_set():
            raise PghaError("Another effect has taken this one's place.")

    def _until(self, condition: Callable[[], bool], seconds: float, what: str, pause: float = POLL_SECONDS) -> None:
        def holds() -> bool:
            self._go_on()
            return condition()

        def late() -> PghaError:
            return PghaError(f"Gave up waiting until {what}.", expected=f"within {seconds:g} seconds")

        # An overtaken effect does not sleep on.
        look_until(holds, time.monotonic() + seconds, late, pause, clock=time.monotonic, pause=self._sleep)

    def _sleep(self, seconds: float) -> None:
        self._overtaken.wait(seconds)

    def _runs(self) -> bool:
        return self._server.processes.postmaster() is not None

    def _nothing_runs(self) -> bool:
        return not self._runs() and not self._server.processes.running()

    def start_standby(self) -> None:
        """Make the data follow the other server, and start PostgreSQL."""
        self._go_on()
        self._server.waiting.forget()
        self._server.hand("follow")
        self.start()

    def start(self) -> None:
        """Start PostgreSQL as what its data directory says."""
        self._go_on()
        done = self._server.systemctl("start", "--no-block")
        if done.rc != 0:
            raise PghaError(f"{self._terms.unit} cannot be started.", said=done.stderr)
        self._until(self._runs, BEGIN_SECONDS, "PostgreSQL's first process appears")

    def stop(self) -> None:
        """Let nothing of PostgreSQL run here."""
        # Asked through systemd, which is in memory: it works also where a disk does not.
        for number, seconds in (("SIGQUIT", MERCY_SECONDS), ("SIGKILL", END_SECONDS)):
            if self._nothing_runs():
                return
            self._server.systemctl("kill", "-s", number)
            with contextlib.suppress(PghaError):
                self._until(self._nothing_runs, seconds, "nothing runs")
                return
            self._go_on()
        # Started by hand, it is not the unit's.
        self._server.hand("kill")
        self._until(self._nothing_runs, END_SECONDS, "no process of PostgreSQL runs any more")

    def offer(self, o: Observation) -> None:
        """Stop in order what works, and at once what does not."""
        if o.postgres is Postgres.PRIMARY and o.healthy:
            planned = o.wanted == "switchover"
            if planned:
                # While clients go on; the checkpoint of the stop itself is small then.
                with contextlib.suppress(PghaError), self._server.session() as session:
                    session.ask("CHECKPOINT", seconds=CHECKPOINT_SECONDS)
            with contextlib.suppress(PghaError):
                self._stop_in_order(ORDERLY_SECONDS if planned else HASTY_SECONDS)
        self._go_on()
        self.stop()

    def _stop_in_order(self, seconds: float) -> None:
        self._go_on()
        # Not by the unit's own stop, which takes longer only to begin.
        if self._server.systemctl("kill", "-s", "SIGINT", "--kill-who", "main").rc != 0:
            self._server.systemctl("stop", "--no-block")
        self._until(self._nothing_runs, seconds, "PostgreSQL has stopped in order")

    def wait_for_peer(self) -> None:
        """Let every commit wait for the other server, and prove that it does."""
        names, postmaster = names_of(self._terms.peer), self._server.processes.postmaster()
        if postmaster is None:
            raise PghaError("PostgreSQL does not run.")
        with self._server.session() as session:
            if session.ask(RECOVERING)[0][0]:
                raise PghaError("This server is a standby.")
        self._set(names)
        with self._server.session() as session:
            self._let_all_hear(session)
            position = int(session.ask(POSITION)[0][0])
        self._go_on()
        if self._server.processes.postmaster() != postmaster:
            raise PghaError("PostgreSQL was started anew meanwhile.")
        self._server.waiting.proven(InForce(postmaster, names, position))

    def _set(self, names: str) -> None:
        """Let PostgreSQL's setting be this, and see that it has been read."""
        with self._server.session() as session:
            self._go_on()
            if not names:
                session.ask(RESET)
            elif session.ask(NAMES)[0][0] != names:
                session.ask("ALTER SYSTEM SET synchronous_standby_names = %s", (names,))
            session.ask(RELOAD)
        # A session is forked from the postmaster: one that shows the value is younger than the postmaster's word to all
        # others to read it again.
        self._until(lambda: self._shows(names), HASTY_SECONDS, "PostgreSQL has read its settings again")

    @staticmethod
    def _let_all_hear(session: Asks) -> None:
        """See that commits wait from now on: the setting alone does not prove it.

        The checkpointer tells the others to wait. It may have been about to begin when the word came to read the
        settings; before it begins a second time it has read them.
        """
        for _number in range(2):
            session.ask("CHECKPOINT", seconds=CHECKPOINT_SECONDS)

    def _shows(self, names: str) -> bool:
        with self._server.session() as session:
            return bool(session.ask(NAMES)[0][0] == names)

    def go_on_alone(self) -> None:
        """Let commits wait for nobody."""
        self._server.waiting.forget()
        self._set("")

    def promote(self) -> None:
        """Become a primary that takes writes and keeps what the other server will need.

        In strict mode it acknowledges nothing alone, not for a moment: its commits wait before it is promoted.
        """
        names = names_of(self._terms.peer) if self._terms.strict else ""
        self._server.waiting.forget()
        if not self._runs():
            self.start_standby()
        self._until(self._opens, OPEN_SECONDS, "PostgreSQL takes connections", AGAIN_SECONDS)
        with self._server.session() as session:
            recovering = session.ask(RECOVERING)[0][0]
            if recovering and session.ask(NAMES)[0][0] != names:
                self._set(names)
            if recovering and names:
                self._let_all_hear(session)

            def promoted() -> bool:
                if not session.ask(RECOVERING)[0][0]:
                    return True
                # Again and again: one that comes while the server gets over the loss of its primary is slept upon.
                with contextlib.suppress(PghaError):
                    session.ask("SELECT pg_promote(false)")
                return False

            self._until(promoted, PROMOTE_SECONDS, "this server is promoted", AGAIN_SECONDS)
            session.ask(SLOT, (self._terms.peer_slot, self._terms.peer_slot))

    def _opens(self) -> bool:
        try:
            with self._server.session():
                return True
        except PghaError:
            return False
