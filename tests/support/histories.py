# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Histories of two simulated servers: half a minute of random faults, then all is mended. A seed is a history."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Role
from ansible_collections.pgha.cluster.tests.support.simulated import LINKS, BrokenPromiseError, Server
from ansible_collections.pgha.cluster.tests.support.simulation import World

FAULT_SECONDS = 30.0
MENDED_SECONDS = 60.0


@dataclass
class Outcome:
    """What became of a history.

    :ivar broken: the promise that was broken; empty when none was.
    """

    world: World
    broken: str = ""

    def story(self) -> str:
        """Return what happened, for whoever has to understand it."""
        states = [f"{one.name}: {one.record} {one.postgres}" for one in self.world.servers.values()]
        return "\n".join([self.broken, *self.world.events[-80:], *states])


@dataclass
class Faults:
    """What breaks, and what mends it again."""

    world: World
    rng: random.Random
    undo: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def strike(self) -> None:
        """Let something happen to one of the servers."""
        kinds: list[Callable[[Server], None]] = [
            self.kill,
            self.power,
            self.freeze,
            self.agent,
            self.cables,
            self.all_cables,
            self.arbiter,
            self.device,
            self.disk,
            self.switchover,
            self.bad_network,
            self.clients,
            self.operator,
        ]
        server = self.world.servers[self.rng.choice(["n1", "n2"])]
        kind = self.rng.choice(kinds)
        self.world.events.append(f"{self.world.now:6.2f} FAULT {kind.__name__} {server.name}")
        kind(server)

    def later(self, mend: Callable[[], None]) -> None:
        """Mend it in a while."""
        self.undo.append((self.world.now + self.rng.random() * 8, mend))

    def mend(self, now: float) -> None:
        """Mend what is due."""
        for one in [one for one in self.undo if one[0] <= now]:
            self.undo.remove(one)
            one[1]()

    def kill(self, server: Server) -> None:
        if server.alive:
            server.stop(clean=False)

    def power(self, server: Server) -> None:
        server.lose_power()
        server.on_at = self.world.now + 1 + self.rng.random() * 10

    def freeze(self, server: Server) -> None:
        if server.on:
            server.frozen = True
            self.later(lambda: setattr(server, "frozen", False))

    def agent(self, server: Server) -> None:
        if server.engine is not None:
            self.world.stop_agent(server, self.rng.random() * 5)

    def cables(self, server: Server) -> None:
        some = set(self.rng.sample(LINKS, self.rng.randint(1, 4)))
        server.cut |= some
        self.later(lambda: server.cut.difference_update(some))

    def all_cables(self, server: Server) -> None:
        server.cut |= set(LINKS)
        self.later(server.cut.clear)

    def clients(self, server: Server) -> None:
        server.cut.add("clients")
        self.later(lambda: server.cut.discard("clients"))

    def arbiter(self, _server: Server) -> None:
        self.world.vote_on = False
        self.later(lambda: setattr(self.world, "vote_on", True))

    def device(self, server: Server) -> None:
        server.device = self.rng.choice(["refuses", "hangs", "lies"])
        self.later(lambda: setattr(server, "device", "good"))

    def disk(self, server: Server) -> None:
        server.healthy = False
        self.later(lambda: setattr(server, "healthy", True))

    def switchover(self, server: Server) -> None:
        server.wanted = "switchover" if server.record.role is Role.PRIMARY else ""

    def operator(self, server: Server) -> None:
        """Somebody who sees that the other server has no power wants this one as primary, whatever is lost."""
        if not self.world.peer(server).on and not self.world.takes_writes(server):
            server.wanted = "failover"
            self.later(lambda: setattr(server, "wanted", ""))

    def bad_network(self, _server: Server) -> None:
        self.world.loss = 0.6
        self.later(lambda: setattr(self.world, "loss", 0.02))


def _suffer(world: World, rng: random.Random) -> None:
    faults = Faults(world, rng)
    due = world.now
    for now in world.run(FAULT_SECONDS):
        if now >= due:
            due = now + rng.expovariate(1 / 3)
            for _number in range(rng.choice([1, 1, 1, 2])):
                faults.strike()
        faults.mend(now)
        if rng.random() < 0.005:
            world.rebuild(world.servers[rng.choice(["n1", "n2"])])
    faults.mend(now=float("inf"))
    for server in world.servers.values():
        server.wanted = ""


def _whole(world: World) -> bool:
    """One server takes writes, the other one may take over, and nothing is missing."""
    primaries = [server for server in world.servers.values() if world.takes_writes(server)]
    standbys = [server for server in world.servers.values() if server.record.eligible and server.engine is not None]
    return len(primaries) == 1 and len(standbys) == 1 and world.acknowledged <= set(primaries[0].log)


def play(seed: int, *, strict: bool, fencing: bool, vote: bool) -> Outcome:
    """Return what becomes of one history."""
    world = World(seed, strict=strict, fencing=fencing, vote=vote)
    try:
        for _now in world.run(5):
            pass
        _suffer(world, random.Random(-seed - 1))
        world.events.append(f"{world.now:6.2f} MENDED")
        for _now in world.run(MENDED_SECONDS):
            for server in world.servers.values():
                if server.record.role is Role.OUT:
                    world.rebuild(server)
            if _whole(world):
                return Outcome(world)
    except BrokenPromiseError as broken:
        return Outcome(world, str(broken))
    return Outcome(world, "the faults are mended, and the cluster is not whole")
