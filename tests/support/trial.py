# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One fault under traffic: what it does to the writes, and that every promise held when the cluster is whole again."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .cluster import Cluster
from .lab import Server, wait_until
from .traffic import Traffic


@dataclass
class Measured:
    """What a fault did; measured, never asserted."""

    fault: str
    primary: str
    primary_after: str = ""
    write_outage: float = 0.0
    read_outage: float = 0.0
    whole_after: float = 0.0
    commits: int = 0
    commands: list[str] = field(default_factory=list)


@dataclass
class Trial:
    """A whole cluster with traffic on it, about to be struck.

    :ivar shared: addresses that two servers may answer for while this fault lasts.
    :ivar newest_may_go: this is a failover of a cluster whose commits do not wait for the standby.
    """

    cluster: Cluster
    traffic: Traffic
    primary: Server
    standby: Server
    measured: Measured
    struck: float = 0.0
    shared: set[str] = field(default_factory=set)
    newest_may_go: bool = False

    def strike(self) -> None:
        """Note the moment right before the fault."""
        self.struck = time.monotonic()

    def writes_return(self, deadline: float) -> None:
        """Wait until clients commit again."""
        try:
            self.traffic.wait_writes(self.struck, deadline, "clients commit again")
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.cluster.shown()}") from None

    def primary_is(self, server: Server, deadline: float = 30) -> None:
        """Wait until a server alone takes writes, and alone answers for the addresses of the primary."""
        since = time.monotonic()

        def alone() -> bool:
            # Of the last second only: a primary that is given up for its disk or its network takes writes until then.
            return self.traffic.accepting_since(max(since, time.monotonic() - 1)) == {server.name}

        wait_until(alone, deadline, f"{server.name} takes writes")
        for network, address in (("public", self.cluster.write), ("replication", self.cluster.replication)):
            # Nobody can answer over a cable that is out, and not every stack has both addresses.
            if not address or network in server.cuts():
                continue

            def answers(address: str = address) -> bool:
                return self.traffic.holder(address) == (server.name,)

            wait_until(answers, deadline, f"{server.name} answers for {address}")

    def watch(self, seconds: float) -> None:
        """Wait until every observer has looked, and looked again after so many seconds."""
        until = time.monotonic() + seconds

        def looked() -> bool:
            last = [self.traffic.last(name) for name in self.traffic.place.servers]
            return all(one is not None and one.started > until for one in last)

        wait_until(looked, seconds + 30, "the observers have looked on")

    def must_stay(self, seconds: float = 8) -> None:
        """Look on for longer than any failover takes; fail unless the primary has gone on all the time as it was."""
        self.watch(seconds)
        reigns = self.traffic.reigns_since(0)
        assert {name for name, _reign in reigns} == {self.primary.name}, f"writes were taken by {reigns}"
        assert len(reigns) == 1, f"PostgreSQL of the primary was started or promoted anew: {reigns}"

    def nobody_takes_writes(self) -> None:
        """Fail when any server has taken a write since the fault had its effect."""
        # A sample that was under way when the fault struck says nothing.
        accepting = self.traffic.accepting_since(self.struck + 1)
        assert not accepting, f"{accepting} take writes"


class Book:
    """All trials of a run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.measured: list[Measured] = []

    @contextlib.contextmanager
    def trial(self, cluster: Cluster, fault: str) -> Iterator[Trial]:
        """Run a fault under traffic; afterwards make the cluster whole, and judge everything that was seen."""
        cluster.wait_whole()
        primary = cluster.primary()
        # The fault before this one may have promoted it a moment ago. One that dies before its first checkpoint since
        # then is copied anew and not rewound, as its control data still name the timeline before.
        cluster.must_sql(primary, "CHECKPOINT", timeout=60)
        measured = Measured(fault, primary.name)
        # The name stands in statements and in paths.
        with cluster.traffic(re.sub(r"[^a-z0-9]+", "-", fault)) as traffic:
            shared = {str(getattr(cluster, kind)) for kind in cluster.stack.shared}
            trial = Trial(cluster, traffic, primary, cluster.other(primary), measured, shared=shared)
            yield trial
            measured.commands = cluster.make_whole()
            measured.whole_after = time.monotonic() - trial.struck
            # The traffic goes on until here, so that coming back is under load and under observation too.
            trial.traffic.wait_writes(time.monotonic(), 10, "clients commit on the whole cluster")
            measured.write_outage, measured.read_outage = traffic.outages(trial.struck)
            measured.commits = traffic.acknowledged_since(0)
            measured.primary_after = cluster.primary().name
        traffic.judge(cluster.rows(traffic), trial.shared, newest_may_go=trial.newest_may_go)
        self.measured.append(measured)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps([asdict(one) for one in self.measured], indent=1) + "\n", encoding="utf-8")

    def table(self) -> list[str]:
        """Return what was measured, for a person."""
        lines = [f"{'fault':34} {'primary':>8} {'writes':>8} {'reads':>8} {'whole':>8} {'commits':>8}  commands"]
        for one in self.measured:
            moved, commands = f"{one.primary}>{one.primary_after}", ", ".join(one.commands) or "-"
            times = "".join(f" {value:7.1f}s" for value in (one.write_outage, one.read_outage, one.whole_after))
            lines.append(f"{one.fault:34} {moved:>8}{times} {one.commits:8}  {commands}")
        return lines
