# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The observer of one server: five times a second, is it up, is it a standby, does it take a write, in which reign?

It asks the server at its own addresses, one after the other until one answers, so that a cut cable does not make it
blind. The write is real: a row committed on this server alone, because a primary that waits for its standby accepts
writes too, and a commit that waits would tell nothing for as long.
"""

from __future__ import annotations

import argparse
import signal
import time
from pathlib import Path
from types import FrameType

import psycopg2
import psycopg2.errors

from .client import Client, NoAnswerError, Timeouts, reason_of
from .history import Sample, State, to_line

TABLE = "CREATE TABLE IF NOT EXISTS observed (server text PRIMARY KEY, at timestamptz NOT NULL)"
LOOK = """
SELECT pg_is_in_recovery(),
       pg_postmaster_start_time()::text,
       CASE WHEN pg_is_in_recovery() THEN '' ELSE left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END
"""
WRITE = """
BEGIN;
SET LOCAL synchronous_commit = local;
INSERT INTO observed VALUES (%s, clock_timestamp()) ON CONFLICT (server) DO UPDATE SET at = excluded.at;
COMMIT
"""
TIMEOUTS = Timeouts(connect=0.5, answer=0.5)


class Observer:
    """Looks at one server over whichever of its addresses answers."""

    def __init__(self, server: str, addresses: list[str], port: int) -> None:
        self.server = server
        self.addresses = addresses
        self.client = Client(addresses[0], port, TIMEOUTS, f"observer of {server}")

    def _connect(self) -> State | None:
        """Connect; return what the server is when it cannot be done."""
        worst = State.SILENT
        for address in self.addresses:
            self.client.address = address
            try:
                self.client.connect()
            except NoAnswerError:
                continue
            except psycopg2.OperationalError as problem:
                if "No route to host" not in str(problem) and "unreachable" not in str(problem):
                    worst = State.DOWN
                continue
            return None
        return worst

    def look(self) -> Sample:
        """Look once."""
        started = time.monotonic()

        def sample(state: State, reign: str = "", reason: str = "") -> Sample:
            return Sample(self.server, state, started, time.monotonic(), reign, reason)

        if not self.client.connected and (unreachable := self._connect()):
            return sample(unreachable)
        reign = ""
        try:
            ((in_recovery, postmaster, timeline),) = self.client.execute(LOOK)
            reign = f"{postmaster} {timeline}"
            if in_recovery:
                return sample(State.STANDBY)
            self.client.execute(WRITE, (self.server,))
        except (psycopg2.Error, NoAnswerError) as problem:
            self.client.close()
            if reign:
                return sample(State.REFUSES, reign, reason_of(problem))
            silent = isinstance(problem, NoAnswerError)
            return sample(State.SILENT if silent else State.DOWN, "", reason_of(problem))
        return sample(State.ACCEPTS, reign)


def main() -> None:
    """Run the observer as a program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True)
    parser.add_argument("--address", action="append", required=True)
    parser.add_argument("--port", type=int, default=5432)
    parser.add_argument("--record", type=Path, required=True)
    parser.add_argument("--interval", type=float, default=0.2)
    parser.add_argument("--seconds", type=float, default=600.0)
    arguments = parser.parse_args()
    stopped = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGTERM, stop)
    observer = Observer(arguments.server, arguments.address, arguments.port)
    end = time.monotonic() + arguments.seconds
    with arguments.record.open("x", encoding="utf-8") as record:
        while not stopped and time.monotonic() < end:
            seen = observer.look()
            record.write(to_line(seen))
            record.flush()
            time.sleep(max(0.0, seen.started + arguments.interval - time.monotonic()))


if __name__ == "__main__":
    main()
