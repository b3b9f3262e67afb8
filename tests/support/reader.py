# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reader: asks the read address a small question again and again, and notes who answered.

PGPASSWORD=… python -m ansible_collections.pgha.cluster.tests.support.reader --address 10.86.0.101 --record …
"""

from __future__ import annotations

import argparse
import signal
import time
from pathlib import Path
from types import FrameType

import psycopg2

from .client import Client, NoAnswerError, Timeouts, reason_of
from .history import Reading, to_line

QUESTION = "SELECT pg_is_in_recovery(), (SELECT coalesce(max(id), 0) FROM written)"


def read(client: Client) -> Reading:
    """Ask once, over a new connection if there is none."""
    started = time.monotonic()
    try:
        if not client.connected:
            client.connect()
        ((in_recovery, rows),) = client.execute(QUESTION)
    except (psycopg2.Error, NoAnswerError) as problem:
        client.close()
        return Reading(started, time.monotonic(), False, reason=reason_of(problem))
    return Reading(started, time.monotonic(), True, in_recovery, rows)


def main() -> None:
    """Run the reader as a program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, default=5432)
    parser.add_argument("--record", type=Path, required=True)
    parser.add_argument("--interval", type=float, default=0.05)
    parser.add_argument("--seconds", type=float, default=600.0)
    arguments = parser.parse_args()
    stopped = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGTERM, stop)
    client = Client(arguments.address, arguments.port, Timeouts(), "reader")
    end = time.monotonic() + arguments.seconds
    with arguments.record.open("x", encoding="utf-8") as record:
        while not stopped and time.monotonic() < end:
            reading = read(client)
            record.write(to_line(reading))
            record.flush()
            time.sleep(max(0.0, reading.started + arguments.interval - time.monotonic()))


if __name__ == "__main__":
    main()
