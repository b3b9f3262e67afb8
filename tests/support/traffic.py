# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that runs beside a fault: a writer, a reader, an observer per server, one for the addresses.

All are processes of their own. What they saw is read from their files, also while they run, and judged by `history`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from . import history
from .history import Attempt, Holding, Outcome, Reading, Sample, State
from .lab import wait_until

PACKAGE = __package__ or ""
Record = TypeVar("Record")


class Growing(Generic[Record]):
    """A file that another process writes, read on from where the last reading ended."""

    def __init__(self, path: Path, parse: Callable[[str], list[Record]]) -> None:
        self.path = path
        self.parse = parse
        self.offset = 0
        self.records: list[Record] = []

    def read(self) -> list[Record]:
        """Return all records so far."""
        if self.path.exists():
            with self.path.open("rb") as file:
                file.seek(self.offset)
                data = file.read()
            complete = data[: data.rfind(b"\n") + 1]
            self.offset += len(complete)
            self.records += self.parse(complete.decode())
        return self.records


@dataclass(frozen=True)
class Place:
    """Where the observed cluster is.

    :ivar servers: per database server its addresses by network.
    :ivar write: the write address, :ivar:`read` the read address, both in the network ``public``; empty where there is
        none that prefers a standby.
    :ivar replication: the replication address; empty where there is none.
    """

    servers: Mapping[str, Mapping[str, str]]
    write: str
    read: str
    replication: str
    password: str
    port: int = 5432


@dataclass
class Traffic:
    """The processes beside a fault."""

    place: Place
    directory: Path
    name: str
    seconds: float = 1200.0
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.directory.mkdir(parents=True)
        self._ledger = Growing(self.directory / "writer", history.attempts)
        self._readings = Growing(self.directory / "reader", history.readings)
        self._samples = {
            server: Growing(self.directory / f"observer-{server}", history.samples) for server in self.place.servers
        }
        self._holdings = [
            Growing(self.directory / f"holders-{network}", history.holdings) for network in ("public", "replication")
        ]

    def __enter__(self) -> Traffic:
        try:
            self._start_all()
            wait_until(lambda: self.acknowledged_since(0), 30, "the writer's first commit")
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start_all(self) -> None:
        place, port = self.place, str(self.place.port)
        self._start("writer", "writer", ["--address", place.write, "--port", port, "--name", self.name], "--ledger")
        if place.read:
            self._start("reader", "reader", ["--address", place.read, "--port", port])
        for server, addresses in place.servers.items():
            words = [word for address in addresses.values() for word in ("--address", address)]
            self._start("observer", f"observer-{server}", ["--server", server, "--port", port, *words])
        for network, virtual in (("public", [place.write, place.read]), ("replication", [place.replication])):
            words = [word for address in virtual if address for word in ("--address", address)]
            if not words:
                continue
            for server, addresses in place.servers.items():
                words += ["--server", f"{server}={addresses[network]}"]
            self._start("holders", f"holders-{network}", words)

    def _start(self, program: str, name: str, words: Sequence[str], option: str = "--record") -> None:
        argv = [sys.executable, "-m", f"{PACKAGE}.{program}", *words, option, str(self.directory / name)]
        argv += ["--seconds", str(self.seconds)]
        environment = {
            **os.environ,
            "PGPASSWORD": self.place.password,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        }
        with (self.directory / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(argv, env=environment, stdout=log, stderr=log)

    def stop(self) -> None:
        """End all processes. One that ended by itself before it was told to has failed, and so has the test."""
        ended = {name: process.poll() for name, process in self.processes.items()}
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait(timeout=30)
        self.processes = {}
        for name, status in ended.items():
            log = (self.directory / f"{name}.log").read_text(encoding="utf-8", errors="replace")
            assert status is None, f"{name} ended by itself with {status}: {log[-2000:]}"

    def ledger(self) -> list[Attempt]:
        """Return all attempts so far."""
        return self._ledger.read()

    def readings(self) -> list[Reading]:
        """Return all queries of the reader so far."""
        return self._readings.read()

    def samples(self) -> list[Sample]:
        """Return all that was seen of the servers so far."""
        return [sample for file in self._samples.values() for sample in file.read()]

    def holdings(self) -> list[Holding]:
        """Return all that was seen of the addresses so far."""
        return [holding for file in self._holdings for holding in file.read()]

    def acknowledged_since(self, moment: float) -> int:
        """Return how many commits that began after a moment were acknowledged."""
        return sum(
            1 for attempt in self.ledger() if attempt.outcome is Outcome.ACKNOWLEDGED and attempt.started > moment
        )

    def accepting_since(self, moment: float) -> set[str]:
        """Return the servers that took a write in a sample that began after a moment."""
        return {one.server for one in self.samples() if one.state is State.ACCEPTS and one.started > moment}

    def last(self, server: str) -> Sample | None:
        """Return what was last seen of a server."""
        return next(iter(self._samples[server].read()[-1:]), None)

    def reigns_since(self, moment: float) -> set[tuple[str, str]]:
        """Return which servers, in which reigns, took a write in a sample that began after a moment."""
        return {
            (one.server, one.reign) for one in self.samples() if one.state is State.ACCEPTS and one.started > moment
        }

    def holder(self, address: str) -> tuple[str, ...]:
        """Return who answered last for an address."""
        seen = [holding for holding in self.holdings() if holding.address == address]
        return seen[-1].holders if seen else ()

    def wait_writes(self, moment: float, deadline: float, what: str) -> None:
        """Wait until commits are acknowledged again: a second's worth, not one that slipped through."""
        wait_until(lambda: self.acknowledged_since(moment) >= 50, deadline, what)

    def outages(self, begin: float) -> tuple[float, float]:
        """Return the longest times without a commit and without a read since the fault, which happened at begin."""
        now = time.monotonic()
        return history.write_outage(self.ledger(), begin, now), history.read_outage(self.readings(), begin, now)

    def judge(self, rows: Sequence[int], shared: Collection[str] = (), *, newest_may_go: bool = False) -> None:
        """Fail unless every promise was kept.

        :param rows: the numbers of this writer's rows that the cluster has now.
        :param shared: addresses that two servers may have answered for.
        :param newest_may_go: commits did not wait for the standby: a failover may lose the newest of them.
        """
        ledger = self.ledger()
        lost = (history.lost_in_between if newest_may_go else history.lost_commits)(ledger, rows)
        assert not lost, f"{len(lost)} acknowledged commits are gone, the first ones: {lost[:10]}"
        impossible = history.impossible_rows(ledger, rows)
        assert not impossible, f"rows that were never committed are there: {impossible[:10]}"
        both = history.two_writers(self.samples())
        assert not both, f"two servers took writes at the same time: {both[:3]}"
        double = [one for one in history.two_holders(self.holdings()) if one.address not in shared]
        assert not double, f"two servers answered for one address: {double[:3]}"
