# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client of PostgreSQL that never waits longer than it says, whatever the server or the network does.

A frozen server keeps its connections open and its kernel goes on to confirm what it receives: neither the timeouts of
TCP nor those of the server end such a wait. So the client waits by itself, with a deadline of its own for every answer.
"""

from __future__ import annotations

import os
import select
import time
from dataclasses import dataclass
from typing import Any

import psycopg2
import psycopg2.extensions

DATABASE = "pgha_test"
USER = "pgha_test"


class NoAnswerError(Exception):
    """The deadline of the client passed; the connection is given up."""


@dataclass(frozen=True)
class Timeouts:
    """How long the client waits, in seconds.

    :ivar connect: for a connection. A SYN that is lost is sent again after 1 s, so a client that waits for long pays
        for it; one second is what a client that cares about outages sets.
    :ivar answer: for an answer to a statement, commit included.
    """

    connect: float = 1.0
    answer: float = 1.0


class Client:
    """Connects to one address and runs statements that commit by themselves. One per process: the waiting is global."""

    def __init__(self, address: str, port: int, timeouts: Timeouts, name: str) -> None:
        self.address = address
        self.port = port
        self.timeouts = timeouts
        self.name = name
        self.connection: Any = None
        self.deadline = 0.0
        psycopg2.extensions.set_wait_callback(self._wait)

    def _wait(self, connection: Any) -> None:
        while True:
            state = connection.poll()
            if state == psycopg2.extensions.POLL_OK:
                return
            left = self.deadline - time.monotonic()
            reads = [connection.fileno()] if state == psycopg2.extensions.POLL_READ else []
            writes = [connection.fileno()] if state == psycopg2.extensions.POLL_WRITE else []
            if left <= 0 or not any(select.select(reads, writes, [], left)):
                raise NoAnswerError("no answer in time")

    @property
    def connected(self) -> bool:
        """Return whether there is a connection that nothing bad is known of."""
        return self.connection is not None and not self.connection.closed

    def connect(self) -> None:
        """Connect over TLS; the password comes from the environment (PGPASSWORD)."""
        self.close()
        self.deadline = time.monotonic() + self.timeouts.connect
        self.connection = psycopg2.connect(
            host=self.address,
            port=self.port,
            dbname=DATABASE,
            user=USER,
            password=os.environ["PGPASSWORD"],
            sslmode="require",
            application_name=self.name,
            tcp_user_timeout=2000,
            keepalives_idle=1,
            keepalives_interval=1,
            keepalives_count=2,
        )
        self.connection.autocommit = True

    def execute(self, statement: str, arguments: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Run one statement and return its rows."""
        self.deadline = time.monotonic() + self.timeouts.answer
        with self.connection.cursor() as cursor:
            cursor.execute(statement, arguments)
            rows: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
        return rows

    def take_warnings(self) -> str:
        """Return what the server remarked since the last call, and forget it."""
        warnings = " ".join(str(notice).strip() for notice in self.connection.notices)
        self.connection.notices = []
        return warnings

    def close(self) -> None:
        """Give the connection up; closing asks the server nothing that we would wait for."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def reason_of(error: BaseException) -> str:
    """Return an error in one short line."""
    lines = str(error).strip().splitlines()
    code = getattr(error, "pgcode", None)
    return f"{code or type(error).__name__}: {lines[0] if lines else ''}"[:160]
