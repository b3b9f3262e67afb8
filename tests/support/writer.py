# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The writer: one row per commit, as fast as told, and a ledger of what became of each.

    PGPASSWORD=… python -m ansible_collections.pgha.cluster.tests.support.writer --address 10.86.0.100 --ledger …

It reconnects at once, tries each row once and stops by itself. Its table is ``written``, key (writer, number).
"""

from __future__ import annotations

import argparse
import signal
import time
from pathlib import Path
from typing import TextIO

import psycopg2

from .client import Client, NoAnswerError, Timeouts, reason_of
from .history import Attempt, Outcome, to_line

TABLE = """
CREATE TABLE IF NOT EXISTS written (
    id bigserial PRIMARY KEY,
    writer text NOT NULL,
    number bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (writer, number)
)
"""
INSERT = "INSERT INTO written (writer, number) VALUES (%s, %s)"


def classify(error: BaseException | None, *, asked: bool, still_connected: bool, warnings: str) -> Outcome:
    """Return what an attempt's client may conclude.

    :param error: what ended the attempt, if anything did.
    :param asked: whether the statement was sent; without a connection it was not.
    :param still_connected: whether the connection outlived the attempt. A server that answers with an error and
        goes on has rolled back; one that ends the connection may have committed first.
    :param warnings: what the server remarked. It also remarks that it stopped waiting for the standby, and then its
        acknowledgement means this one server only, which is not what was asked for.
    """
    if error is None:
        return Outcome.UNKNOWN if warnings else Outcome.ACKNOWLEDGED
    if not asked:
        return Outcome.FAILED
    refused = still_connected and isinstance(error, psycopg2.Error) and getattr(error, "pgcode", None) is not None
    return Outcome.FAILED if refused else Outcome.UNKNOWN


class Writer:
    """Writes rows one after the other and keeps the ledger."""

    def __init__(self, client: Client, name: str, ledger: TextIO) -> None:
        self.client = client
        self.name = name
        self.ledger = ledger
        self.number = 0
        self.stopped = False

    def stop(self, *_: object) -> None:
        """Finish the attempt under way and end."""
        self.stopped = True

    def attempt(self) -> Attempt:
        """Try to commit the next row, over a new connection if there is none."""
        self.number += 1
        started = time.monotonic()
        asked, error, warnings = False, None, ""
        try:
            if not self.client.connected:
                self.client.connect()
            asked = True
            self.client.execute(INSERT, (self.name, self.number))
            warnings = self.client.take_warnings()
        except (psycopg2.Error, NoAnswerError) as problem:
            error = problem
        ended = time.monotonic()
        outcome = classify(error, asked=asked, still_connected=self.client.connected, warnings=warnings)
        # A connection to a server that refuses to write may lead to a standby for ever.
        if error is not None:
            self.client.close()
        return Attempt(self.number, outcome, started, ended, reason_of(error) if error else warnings)

    def run(self, interval: float, seconds: float) -> None:
        """Write at a fixed rate until told to stop or the time is over."""
        end = time.monotonic() + seconds
        due = time.monotonic()
        while not self.stopped and time.monotonic() < end:
            self.ledger.write(to_line(self.attempt()))
            self.ledger.flush()
            # The rate is bounded, and time lost in an outage is not caught up with.
            due = max(due + interval, time.monotonic())
            time.sleep(max(0.0, due - time.monotonic()))


def main() -> None:
    """Run the writer as a program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, default=5432)
    parser.add_argument("--name", required=True)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--interval", type=float, default=0.01)
    parser.add_argument("--seconds", type=float, default=600.0)
    arguments = parser.parse_args()
    client = Client(arguments.address, arguments.port, Timeouts(), f"writer {arguments.name}")
    with arguments.ledger.open("x", encoding="utf-8") as ledger:
        writer = Writer(client, arguments.name, ledger)
        signal.signal(signal.SIGTERM, writer.stop)
        writer.run(arguments.interval, arguments.seconds)


if __name__ == "__main__":
    main()
