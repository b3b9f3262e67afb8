# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connection pools before the cluster (pgbouncer): they hold their clients for the moment of a switchover.

A pool that is told to pause lets transactions end, closes its connections to the server and lets clients wait, until
it is told to resume (pgbouncer's documentation, "Admin console"). The danger is a pool that nobody tells to resume:
whoever paused it resumes it whatever has become of the switchover, and the other server does, too.

This module util is private to the collection.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.gateway import Session

CONSOLE = "pgbouncer"
WITHOUT = "without pausing it: -e '{\"pgha_poolers\": []}'"
PAUSE_SECONDS = 5.0
"""How long running transactions have for their end. Clients whose pool is paused already wait as long."""


class Asks(Protocol):
    """An open connection."""

    def ask(self, statement: str, values: tuple[Any, ...] = (), *, seconds: float = 5.0) -> list[Any]: ...
    def close(self) -> None: ...


@dataclass(frozen=True)
class Poolers:
    """All pools before one cluster.

    :ivar logins: for each the keyword parameters of a connection, its password included.
    """

    logins: Sequence[Mapping[str, Any]]
    connect: Callable[..., Asks] = Session

    @contextmanager
    def _console(self, login: Mapping[str, Any]) -> Iterator[Asks]:
        with closing(self.connect(dbname=CONSOLE, **login)) as console:
            yield console

    def check(self) -> None:
        """See that each of them lets us in, before anything depends on it.

        :raises PghaError: one does not.
        """
        for login in self.logins:
            try:
                with self._console(login) as console:
                    console.ask("SHOW VERSION")
            except PghaError as failed:
                raise PghaError(
                    f"The connection pool on {login['host']} port {login['port']} does not let this server pause it.",
                    said=failed.said or str(failed),
                    expected=f"a pgbouncer that has {login['user']} among its admin_users",
                    next_step=f"correct pgha_poolers or the pgbouncer, or switch over {WITHOUT}",
                ) from failed

    def pause(self) -> None:
        """Let the clients of all of them wait.

        :raises PghaError: transactions did not end in time. All are resumed then.
        """
        ends = time.monotonic() + PAUSE_SECONDS
        for login in self.logins:
            try:
                with self._console(login) as console:
                    console.ask("PAUSE", seconds=max(ends - time.monotonic(), 0.1))
            except PghaError as failed:
                self.resume()
                raise PghaError(
                    f"The connection pool on {login['host']} port {login['port']} did not come to rest.",
                    said=failed.said or str(failed),
                    expected=f"transactions of less than {PAUSE_SECONDS:g} seconds, pool_mode transaction or statement",
                    next_step=f"run this again, or switch over {WITHOUT}",
                ) from failed

    def resume(self) -> None:
        """Let the clients go on; one that was not paused says so, and one that is not there has nobody waiting."""
        for login in self.logins:
            with suppress(PghaError), self._console(login) as console:
                console.ask("RESUME")
