# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent asks of others: the other server, the arbiter, the clients' network.

No answer is never a good one (S3), and neither is one from before the present silence of the other server.

This module util is private to the collection.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from ansible_collections.pgha.cluster.plugins.module_utils.agent.greeting import Answer, knock
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Arbiter
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner

Endpoint = tuple[str, int]

KNOCK_SECONDS = 0.5
RELAY_SECONDS = 1.5
"""Longer than the relay takes for its no (role vote_relay: 1.2 s)."""
RELAY_CALM_SECONDS = 30.0
"""Between two questions through a vote host while all is well: PostgreSQL notes each one in its log."""
PING_WAIT_SECONDS = 0.5
PING_SECONDS = 3.0
"""Until a ping that has its own, shorter limit is given up."""
AGAIN_SECONDS = 0.5
"""Between two rounds of questions while the other server is silent."""
UNUSUAL_SECONDS = 0.7
"""Longer than between two of the other agent's messages, one of which was lost."""
CALM_SECONDS = 4.0
"""Between two looks at the clients' network while it is there: each costs a process."""
RUNS_SECONDS = 2.0
"""Between two looks at whether keepalived runs, while the other agent speaks."""
WATCH_INSTANCE = "watch"
KEEPALIVED = Path("/run/keepalived.pid")


class Terms(Protocol):
    """What has to be known of the configuration."""

    @property
    def stack(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def peers(self) -> tuple[Endpoint, ...]: ...
    @property
    def ping_targets(self) -> tuple[str, ...]: ...
    @property
    def relay(self) -> Endpoint | None: ...


def reach_of(pings: Sequence[bool | None]) -> bool | None:
    """Judge whether the clients' network is reached; None when there is nobody to ask."""
    if any(pings):
        return True
    return False if pings else None


def arbiter_of_relay(answer: Answer) -> Arbiter:
    """Judge what came of a connection through the vote host, which takes one even when no primary is behind it.

    Its no is that it closes the connection, sooner than anybody stops waiting. One on which nothing comes is the
    silence of a vote host that hangs.
    """
    return {Answer.POSTGRES: Arbiter.ALIVE, Answer.CLOSED: Arbiter.GONE}.get(answer, Arbiter.SILENT)


def arbiter_of_vrrp(state: str, keepalived: bool, reach: bool | None) -> Arbiter:
    """Judge by VRRP and the ping targets.

    :param state: the last notice of the instance that both servers send and only watch.
    :param keepalived: it runs: a state that nobody keeps up to date says nothing.
    """
    if not keepalived or state not in ("BACKUP", "MASTER"):
        return Arbiter.SILENT
    if state == "BACKUP":
        return Arbiter.ALIVE
    # Nothing of the other server is heard: it is gone, or this one is cut off. The ping targets tell which.
    return Arbiter.GONE if reach else Arbiter.SILENT


def answered(pings: Sequence[bool | None]) -> bool | None:
    """Judge whether anything of a server answers; None when no question could even be sent."""
    if any(pings):
        return True
    return False if any(one is False for one in pings) else None


def ping(host: str, runner: Runner, questions: int = 1) -> bool | None:
    """Ask one address whether it is there; None when no question could be sent."""
    argv = ["ping", "-n", "-q", "-c", str(questions), "-i", "0.2", "-W", f"{PING_WAIT_SECONDS:g}", host]
    try:
        done = runner(argv, timeout=PING_SECONDS)
    except PghaError:
        return None
    return {0: True, 1: False}.get(done.rc)


def runs(pid_file: Path, name: str, proc: Path = Path("/proc")) -> bool:
    """Tell whether the process of a pid file runs and is what it is taken for."""
    try:
        pid = int(pid_file.read_text(encoding="ascii"))
        return (proc / str(pid) / "comm").read_text(encoding="utf-8").strip() == name
    except (OSError, ValueError):
        return False


class Probes:
    """Asks in threads, so that nobody waits for an answer.

    :param silent_for: how long the other agent has been silent, in seconds.
    :param wake: called when an answer has changed.
    :ivar vrrp: the last notice of the instance that both servers watch; empty before the first.
    """

    def __init__(
        self,
        terms: Terms,
        *,
        runner: Runner,
        silent_for: Callable[[], float],
        wake: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
        knocker: Callable[[str, int, float], Answer] = knock,
        keepalived: Callable[[], bool] = lambda: runs(KEEPALIVED, "keepalived"),
    ) -> None:
        self._terms, self._runner, self._silent_for, self._wake = terms, runner, silent_for, wake
        self._clock, self._knock, self._keepalived = clock, knocker, keepalived
        self._pool = ThreadPoolExecutor(max_workers=16, thread_name_prefix="probe")
        self._keepalived_seen = (float("-inf"), False)
        self._asking: dict[str, Future[None]] = {}
        self.vrrp = ""
        # Each with the time at which it was asked.
        self._relay: tuple[float, Arbiter] = (float("-inf"), Arbiter.SILENT)
        self._calm_relay: tuple[float, Arbiter] = (float("-inf"), Arbiter.SILENT)
        self._pings: tuple[float, tuple[bool | None, ...]] = (float("-inf"), ())
        self._answers: tuple[float, bool] = (float("-inf"), True)

    def turn(self) -> None:
        """Let be asked what is due. Called at each turn of the loop; waits for nothing."""
        for name, due, ask in (
            ("reach", self._reach_due, self.turn_reach),
            ("peer", self._peer_due, self.turn_peer),
            ("relay", self._relay_due, self.turn_relay),
        ):
            asking = self._asking.get(name)
            if due() and (asking is None or asking.done()):
                self._asking[name] = self._pool.submit(self._ask, ask)

    def stop(self) -> None:
        """End."""
        self._pool.shutdown(wait=False)

    def _ask(self, ask: Callable[[], None]) -> None:
        before = self._told()
        ask()
        if before != self._told():
            self._wake()

    def _told(self) -> tuple[object, ...]:
        return (self.reach, self._relay[1], self._answers[1])

    def note_vrrp(self, instance: str, state: str) -> None:
        """Take a notice of keepalived's."""
        if instance == WATCH_INSTANCE:
            self.vrrp = state
            self._wake()

    @property
    def silent(self) -> bool:
        """Whether the other agent, which speaks some three times a second, has missed a word."""
        return self._silent_for() > UNUSUAL_SECONDS

    def _in_this_silence(self, asked_at: float) -> bool:
        return asked_at >= self._clock() - self._silent_for()

    @property
    def reach(self) -> bool | None:
        """Whether this server reaches the clients' network; None when nothing tells."""
        return reach_of(self._pings[1])

    @property
    def arbiter(self) -> Arbiter:
        """What the third party says of the other server; in a silence only what was asked in this one."""
        if self._terms.stack == "vote":
            if not self.silent:
                return self._calm_relay[1]
            asked_at, arbiter = self._relay
            return arbiter if self._in_this_silence(asked_at) else Arbiter.SILENT
        reach = self.reach if self._in_this_silence(self._pings[0]) else None
        return arbiter_of_vrrp(self.vrrp, self._keepalived_runs(), reach)

    def _keepalived_runs(self) -> bool:
        """Look whether it does; in a silence each time, and else now and then."""
        looked_at, now = self._keepalived_seen[0], self._clock()
        if self.silent or now - looked_at >= RUNS_SECONDS:
            self._keepalived_seen = (now, self._keepalived())
        return self._keepalived_seen[1]

    @property
    def answers(self) -> bool:
        """Whether the other server's PostgreSQL answers; what was not asked in this silence counts as a yes."""
        asked_at, answers = self._answers
        return answers or not self._in_this_silence(asked_at)

    def peer_is_there(self) -> bool | None:
        """Ask now whether anything of the other server answers; None when that cannot be told."""
        knocks = self._pool.map(self._knocked, self._terms.peers)
        pings = list(self._pool.map(lambda peer: ping(peer[0], self._runner, 2), self._terms.peers))
        # Not every network lets a ping through; a machine that refuses a connection is there as well.
        return True if any(one is not Answer.NONE for one in knocks) else answered(pings)

    def _knocked(self, peer: Endpoint) -> Answer:
        return self._knock(peer[0], self._terms.port, KNOCK_SECONDS)

    def turn_reach(self) -> None:
        """Ask the ping targets when it is time; one that answers is enough, and is asked alone as long as it does."""
        if not self._reach_due():
            return
        targets, now = self._terms.ping_targets, self._clock()
        found: tuple[bool | None, ...] = (ping(targets[0], self._runner),) if self._calm else ()
        if not any(found):
            found = tuple(self._pool.map(lambda target: ping(target, self._runner), targets))
        self._pings = (now, found)

    def turn_peer(self) -> None:
        """Ask the other server's PostgreSQL, and the arbiter, while its agent is silent."""
        if not self._peer_due():
            return
        relay, now = self._terms.relay, self._clock()
        through = self._pool.submit(self._knock, *relay, RELAY_SECONDS) if relay else None
        answers = [one is Answer.POSTGRES for one in self._pool.map(self._knocked, self._terms.peers)]
        self._answers = (now, any(answers))
        if through is not None:
            self._relay = (now, arbiter_of_relay(through.result()))

    def turn_relay(self) -> None:
        """Ask the vote host while all is well: that it is away has to be known before it is needed."""
        relay, now = self._terms.relay, self._clock()
        if relay is not None and self._relay_due():
            self._calm_relay = (now, arbiter_of_relay(self._knock(*relay, RELAY_SECONDS)))

    @property
    def _calm(self) -> bool:
        """Whether the first ping target answers, and the other agent speaks."""
        return any(self._pings[1][:1]) and not self.silent

    def _reach_due(self) -> bool:
        asked_at = self._pings[0]
        anew = self.silent and not self._in_this_silence(asked_at)
        old = self._clock() - asked_at >= (CALM_SECONDS if self._calm else AGAIN_SECONDS)
        return bool(self._terms.ping_targets) and (old or anew)

    def _peer_due(self) -> bool:
        asked_at = self._answers[0]
        old = self._clock() - asked_at >= AGAIN_SECONDS
        return self.silent and (old or not self._in_this_silence(asked_at))

    def _relay_due(self) -> bool:
        asked_at, arbiter = self._calm_relay
        pause = RELAY_CALM_SECONDS if arbiter is Arbiter.ALIVE else CALM_SECONDS
        return self._terms.relay is not None and not self.silent and self._clock() - asked_at >= pause
