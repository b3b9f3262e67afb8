# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two servers with agents, an arbiter, fence devices and a bad network, in simulated time.

The agents' engines are the real ones. What stands around them is a model of what PostgreSQL promises: a commit is
acknowledged when it is in the primary's log and, while commits wait for the standby, in the standby's log too.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from ansible_collections.pgha.cluster.plugins.module_utils.agent.engine import Engine
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import (
    Action,
    Arbiter,
    Fenced,
    Postgres,
    Proof,
    Record,
    Role,
)
from ansible_collections.pgha.cluster.plugins.module_utils.agent.view import View
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.tests.support.simulated import (
    AgentDiedError,
    BrokenPromiseError,
    Server,
    Terms,
)

STEP = 0.05


class World:
    """All of it, and the promises.

    :param vote: the arbiter is a vote host; else VRRP with a ping target.
    :ivar acknowledged: every commit that a client was told of.
    :ivar loss: the share of messages that never arrive; ``slow`` of those that arrive late; ``sudden_deaths`` of the
        records that an agent writes after or before which it dies.
    """

    def __init__(self, seed: int, *, strict: bool, fencing: bool, vote: bool) -> None:
        self.rng, self.now, self.vote, self.vote_on = random.Random(seed), 0.0, vote, True
        self.loss, self.slow, self.sudden_deaths = 0.02, 0.05, 0.002
        self.servers = {name: Server(name) for name in ("n1", "n2")}
        self.terms = {one: Terms(one, other, strict, fencing) for one, other in (("n1", "n2"), ("n2", "n1"))}
        self.flying: list[tuple[float, str, bytes]] = []
        self.acknowledged: set[int] = set()
        self.written = 0
        self.events: list[str] = []
        self.servers["n1"].record = Record(1, Role.PRIMARY, "1")
        self.servers["n2"].record = Record(1, Role.STANDBY, "1")
        for server in self.servers.values():
            self.start_agent(server)

    def peer(self, server: Server) -> Server:
        """Return the other one."""
        return self.servers[self.terms[server.name].peer]

    def linked(self, link: str) -> bool:
        """Return whether both ends of a link are plugged."""
        return not any(link in server.cut for server in self.servers.values())

    def start_agent(self, server: Server) -> None:
        """Start the agent's process; what is on disk is all that it knows."""
        server.sessions += 1
        server.agent_back_at = None

        def store(record: Record) -> None:
            if self.rng.random() < self.sudden_deaths:
                if self.rng.random() < 0.5:
                    server.record = record
                raise AgentDiedError
            server.record = record

        server.engine = Engine(
            self.terms[server.name], server.record, boot=str(server.boot), session=server.sessions,
            secret=b"secret", store=store, now=self.now,
        )  # fmt: skip
        server.next_tick = self.now

    def stop_agent(self, server: Server, seconds: float) -> None:
        """Kill the agent's process; systemd starts it again."""
        server.engine, server.agent_back_at = None, self.now + seconds

    def streams(self, primary: Server, standby: Server) -> bool:
        """Return whether one receives the other's log."""
        running = primary.postgres is Postgres.PRIMARY and standby.postgres is Postgres.STANDBY
        linked = self.linked("replication") and primary.alive and standby.alive
        return running and linked and primary.log[: len(standby.log)] == standby.log

    def look(self, server: Server) -> View:
        """Return what an agent sees."""
        peer = self.peer(server)
        primary = server.postgres is Postgres.PRIMARY
        follows = self.streams(server, peer) if primary else self.streams(peer, server)
        waiting = None if server.names and server.proven is None else server.names
        # A stopped server tells where its last checkpoint begins.
        received = max(len(server.log) - 1, 0) if server.postgres is Postgres.STOPPED else len(server.log)
        answered = peer.alive and peer.postgres is not Postgres.STOPPED and self.linked("talk")
        return View(
            postgres=server.postgres,
            healthy=server.healthy or not primary,
            reach="clients" not in server.cut,
            follows=follows,
            waiting=waiting if primary else None,
            caught_up=primary and server.proven is not None and follows and len(peer.log) >= server.proven,
            received=received,
            clean=server.clean,
            answers=answered,
            arbiter=self.ask_arbiter(server),
            fenced=server.fence,
            wanted=server.wanted,
        )

    def ask_arbiter(self, server: Server) -> Arbiter:
        """Return what the third party says of the other server."""
        peer = self.peer(server)
        if "arbiter" in server.cut or not self.vote_on:
            return Arbiter.SILENT
        if self.vote:
            seen = "arbiter" not in peer.cut and peer.alive and peer.postgres is not Postgres.STOPPED
            return Arbiter.ALIVE if seen else Arbiter.GONE
        return Arbiter.ALIVE if self.now - server.heard_vrrp_at < 0.5 else Arbiter.GONE

    def step(self) -> None:
        """Let a moment pass."""
        self.now += STEP
        for server in self.servers.values():
            self._postgres(server)
            self._machine(server)
        self._deliver()
        for server in self.servers.values():
            if server.engine is not None and server.alive and self.now >= server.next_tick:
                server.next_tick = self.now + 0.2 + self.rng.random() * 0.1
                self._agent(server, server.engine)
        self._clients()

    def _machine(self, server: Server) -> None:
        if server.on_at is not None and self.now >= server.on_at and not server.on:
            server.on, server.on_at, server.boot = True, None, server.boot + 1
            self.start_agent(server)
        if server.agent_back_at is not None and server.alive and self.now >= server.agent_back_at:
            self.start_agent(server)
        peer = self.peer(server)
        if peer.alive and self.linked("vrrp"):
            server.heard_vrrp_at = self.now
        if server.alive and server.fence is Fenced.UNDER_WAY and self.now >= server.fence_at:
            self._fence_ends(server, peer)

    def _fence_ends(self, server: Server, peer: Server) -> None:
        if "device" in server.cut or peer.device in ("refuses", "hangs"):
            server.fence = Fenced.FAILED
        elif peer.device == "lies":
            # It says off; so the agent looks whether anything of that server still answers.
            server.fence = Fenced.FAILED if peer.alive and self.linked("talk") else Fenced.OFF
        else:
            peer.lose_power()
            # On again at once: what it may do after its boot does not depend on how long it was off.
            peer.on_at = self.now + 3 + self.rng.random() * 5
            server.fence = Fenced.OFF

    def _postgres(self, server: Server) -> None:
        if not server.alive:
            return
        for when, what in [one for one in server.due if one[0] <= self.now]:
            server.due.remove((when, what))
            if what in ("stop", "clean stop"):
                server.stop(clean=what == "clean stop")
                return
            if what == "start" and server.postgres is Postgres.STARTING:
                server.postgres = Postgres.PRIMARY if server.record.role is Role.PRIMARY else Postgres.STANDBY
                server.in_force, server.clean = server.names, False
            if what == "promote" and server.postgres is Postgres.STANDBY:
                server.postgres = Postgres.PRIMARY
        if server.force_at is not None and self.now >= server.force_at:
            server.in_force, server.force_at = server.names, None
            server.proven = len(server.log) if server.names else None
        peer = self.peer(server)
        if self.streams(peer, server) and self.rng.random() < 0.8:
            server.log = list(peer.log)

    def _deliver(self) -> None:
        due = [one for one in self.flying if one[0] <= self.now]
        self.flying = [one for one in self.flying if one[0] > self.now]
        for _when, name, datagram in due:
            server = self.servers[name]
            if server.engine is not None and server.alive:
                try:
                    server.engine.hear(datagram, self.now)
                except AgentDiedError:
                    self.stop_agent(server, 0.3)

    def _agent(self, server: Server, engine: Engine) -> None:
        try:
            decision = engine.tick(self.look(server), self.now)
            datagram = engine.message(self.now)
        except AgentDiedError:
            self.stop_agent(server, 0.3)
            return
        if decision.action is not Action.NOTHING:
            self.events.append(f"{self.now:6.2f} {server.name} {decision.action.value} ({decision.reason})")
        if decision.proof is Proof.OPERATOR:
            # What only the other server has is given up, by order.
            self.acknowledged &= set(server.log)
        self.carry_out(server, decision.action)
        for _copy in range(2):
            if self.linked("talk") and self.rng.random() >= self.loss:
                late = self.rng.random() * (2.5 if self.rng.random() < self.slow else 0.1)
                self.flying.append((self.now + late, self.terms[server.name].peer, datagram))

    def carry_out(self, server: Server, action: Action) -> None:
        """Do what the agent decided; the agent decides it again until it has had its effect."""
        later, busy = self.now + 0.1 + self.rng.random() * 0.4, {what for _when, what in server.due}
        if action in (Action.YIELD, Action.RESUME, Action.PROMOTE):
            server.wanted = ""
        if action in (Action.START_PRIMARY, Action.START_STANDBY) and server.postgres is Postgres.STOPPED:
            server.names = server.names and action is Action.START_PRIMARY
            server.postgres = Postgres.STARTING
            server.due.append((later, "start"))
        elif action in (Action.STOP, Action.OFFER) and not busy & {"stop", "clean stop"}:
            planned = action is Action.OFFER and server.healthy
            server.due.append((later, "clean stop" if planned else "stop"))
        elif action is Action.PROMOTE and "promote" not in busy:
            server.names = server.in_force = self.terms[server.name].strict
            if server.postgres is Postgres.STOPPED:
                server.postgres = Postgres.STARTING
                server.due.append((later, "start"))
            server.due.append((later + 0.1, "promote"))
        elif action is Action.WAIT_FOR_PEER and (not server.names or server.proven is None):
            if not server.names or server.force_at is None:
                server.names, server.force_at = True, self.now + self.rng.random()
        elif action is Action.GO_ON_ALONE:
            server.names, server.force_at, server.proven = False, self.now + self.rng.random() * 0.3, None
        elif action is Action.FENCE:
            server.fence = Fenced.UNDER_WAY
            hangs = self.peer(server).device == "hangs"
            server.fence_at = self.now + (5.0 if hangs else 0.2 + self.rng.random())

    def takes_writes(self, server: Server) -> bool:
        """Return whether a client that commits there now is told that it did."""
        if not server.alive or server.postgres is not Postgres.PRIMARY or not server.healthy:
            return False
        return not server.in_force or self.streams(server, self.peer(server))

    def _clients(self) -> None:
        able = [server.name for server in self.servers.values() if self.takes_writes(server)]
        if len(able) > 1:
            raise BrokenPromiseError(f"{self.now:.2f}: two servers take writes")
        for server in self.servers.values():
            if not server.alive or server.postgres is not Postgres.PRIMARY or not server.healthy:
                continue
            if self.rng.random() < 0.3:
                self.written += 1
                server.log.append(self.written)
                server.pending.append(self.written)
            peer = self.peer(server)
            for number in list(server.pending):
                if not server.in_force or (self.streams(server, peer) and number in peer.log):
                    server.pending.remove(number)
                    # A takeover leaves no moment in which one server alone is enough.
                    if self.terms[server.name].strict and server.record.reign > 1 and number not in peer.log:
                        raise BrokenPromiseError(f"{self.now:.2f}: {server.name} alone acknowledges, and is strict")
                    self._acknowledge(server, number)

    def _acknowledge(self, server: Server, number: int) -> None:
        self.acknowledged.add(number)
        lost = self.acknowledged - set(server.log)
        if lost:
            raise BrokenPromiseError(f"{self.now:.2f}: {server.name} goes on without {len(lost)} acknowledged commits")

    def rebuild(self, server: Server) -> bool:
        """Do what rebuild_standby.yml does; return whether it could."""
        peer, engine = self.peer(server), server.engine
        primary = peer.alive and peer.postgres is Postgres.PRIMARY and peer.record.role is Role.PRIMARY
        able = server.alive and primary and self.linked("replication")
        if engine is None or not able or engine.record.role is Role.PRIMARY:
            return False
        try:
            engine.command("leave", self.now)
            server.stop(clean=True)
            server.log, server.clean, server.names = list(peer.log), True, False
            engine.command("join", self.now)
        except PghaError:
            return False
        except AgentDiedError:
            self.stop_agent(server, 0.3)
            return False
        return True

    def run(self, seconds: float) -> Iterator[float]:
        """Let time pass, and hand the control back after each moment."""
        end = self.now + seconds
        while self.now < end:
            self.step()
            yield self.now
