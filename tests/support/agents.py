# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two agents in one process, for tests: real sockets, engines and files; only PostgreSQL is played."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.agent.client import ask
from ansible_collections.pgha.cluster.plugins.module_utils.agent.config import config_of
from ansible_collections.pgha.cluster.plugins.module_utils.agent.daemon import build
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import (
    Action,
    Arbiter,
    Decision,
    Fenced,
    Observation,
    Postgres,
)
from ansible_collections.pgha.cluster.plugins.module_utils.agent.service import Service
from ansible_collections.pgha.cluster.plugins.module_utils.agent.view import View

SECRET = "a secret of more than 32 characters"
SECONDS = 10.0
SHUTDOWN_CHECKPOINT_BYTES = 100
STATUS: dict[str, Any] = {
    "name": "n1",
    "peer": "n2",
    "stack": "keepalived",
    "strict": False,
    "fencing": True,
    "lag_limit_bytes": 1000,
    "role": "primary",
    "reign": 3,
    "offered": False,
    "yielded": False,
    "postgres": "primary",
    "healthy": True,
    "write": True,
    "lag_bytes": 10,
    "redundant": True,
    "arbiter": "alive",
    "fenced": "not asked",
    "fence_device": "ok",
    "peer_state": {
        "fresh": True,
        "silent_for": 0.1,
        "heard": {"role": "standby", "reign": 3, "postgres": "standby"},
    },
    "decision": {
        "action": "nothing",
        "reason": "redundant",
        "text": "all is well",
        "proof": None,
        "for_seconds": 5,
    },
    "paused": False,
    "wanted": "",
    "running": [],
    "error": "",
    "missing_addresses": [],
    "looked_ago": 0.1,
    "at": 100.0,
    "event": 7,
}
"""What a primary with a standby that has every commit answers."""


def settings(**changes: Any) -> dict[str, Any]:
    """Return a whole configuration as it stands in the file, with some values changed."""
    return {
        "name": "n1",
        "peer": "n2",
        "listen": [["10.0.0.11", 5480], ["10.1.0.11", 5480]],
        "peers": [["10.0.0.12", 5480], ["10.1.0.12", 5480]],
        "secret": SECRET,
        "stack": "keepalived",
        "strict": False,
        "fencing": True,
        "port": 5432,
        "data_directory": "/var/lib/postgresql/15/main",
        "bin_directory": "/usr/lib/postgresql/15/bin",
        "unit": "postgresql@15-main.service",
        "socket_directory": "/var/run/postgresql",
        "conninfo": "host=10.1.0.12 user=pgha_replication",
        "slot": "pgha_n1",
        "peer_slot": "pgha_n2",
        "relay": None,
        "addresses": [{"ip": "10.0.0.5", "prefix": 24, "kind": "write"}],
        "hooks": {"command": "/bin/true"},
        **changes,
    }


def some_status(**changes: Any) -> dict[str, Any]:
    """Return what a primary with a standby that has every commit answers, with some values changed."""
    return {**STATUS, **changes}


def free_port(address: str) -> int:
    """Return a UDP port that nobody uses now."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as opened:
        opened.bind((address, 0))
        return int(opened.getsockname()[1])


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Look until it is so; fail when it does not become so."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"it did not become so: {what}"
        time.sleep(0.005)


@dataclass
class PlayedServer:
    """A PostgreSQL that is played, and the eyes and hands that belong to it."""

    name: str
    postgres: Postgres = Postgres.STOPPED
    other: PlayedServer | None = None
    waiting: bool | None = None
    received: int = 1000
    clean: bool = False
    arbiter: Arbiter = Arbiter.ALIVE
    notices: list[tuple[str, str]] = field(default_factory=list)
    done: list[Action] = field(default_factory=list)
    fenced: Fenced = Fenced.FAILED
    on: bool = False
    settled: list[Observation] = field(default_factory=list)
    places_full: bool = False
    stopped: bool = False
    wake: Callable[[], None] = lambda: None

    def start(self, wake: Callable[[], None]) -> None:
        self.wake = wake

    def look(self, last: Observation | None) -> View:
        assert self.other is not None
        pair = {self.postgres, self.other.postgres}
        return View(
            postgres=self.postgres,
            follows=pair == {Postgres.PRIMARY, Postgres.STANDBY},
            waiting=self.waiting,
            caught_up=self.waiting is True,
            received=self.received,
            clean=self.clean,
            arbiter=self.arbiter,
        )

    def settle(self, o: Observation) -> None:
        if self.places_full:
            raise OSError("no space left")
        self.settled.append(o)

    def stop(self) -> None:
        self.stopped = True

    def notice(self, instance: str, state: str) -> None:
        self.notices.append((instance, state))

    def facts(self) -> dict[str, Any]:
        return {"fence_device": "ok"}

    def close(self) -> None:
        self.wake = lambda: None

    def carry_out(self, decision: Decision, observation: Observation, overtaken: threading.Event) -> None:
        action = decision.action
        self.done.append(action)
        if action is Action.OFFER:
            self.clean = True
            if self.postgres is Postgres.PRIMARY and self.other is not None:
                # The checkpoint of the shutdown arrives at the standby before the primary is gone.
                self.other.received = self.received + SHUTDOWN_CHECKPOINT_BYTES
        if action in (Action.OFFER, Action.STOP):
            self.postgres, self.waiting = Postgres.STOPPED, None
        elif action is Action.WAIT_FOR_PEER:
            self.waiting = True
        elif action is Action.GO_ON_ALONE:
            self.waiting = False
        elif action is Action.START_STANDBY:
            self.postgres = Postgres.STANDBY
        else:
            self.postgres, self.waiting = Postgres.PRIMARY, False

    def fence(self, observation: Observation) -> Fenced:
        self.done.append(Action.FENCE)
        return self.fenced

    def power_on(self) -> None:
        self.on = True


@dataclass
class RunningAgent:
    """An agent whose loop turns in a thread."""

    service: Service
    thread: threading.Thread
    server: PlayedServer
    run_directory: str
    listen: tuple[str, int]
    peer_port: int
    lines: list[str]

    def ask(self, verb: str, **more: object) -> dict[str, Any]:
        """Ask it over its control socket."""
        return ask(self.run_directory, verb, **more)

    def status(self) -> dict[str, Any]:
        return self.ask("status")

    def stop(self) -> None:
        """End it in order; not to end is a failure."""
        self.service.stop()
        self.thread.join(SECONDS)
        assert not self.thread.is_alive(), "the agent did not end"


def start_agent(data: dict[str, Any], server: PlayedServer) -> RunningAgent:
    """Start an agent with what its configuration file would hold."""
    config = config_of(data)
    for directory in (config.state_directory, config.run_directory):
        Path(directory).mkdir(parents=True, exist_ok=True)
    lines: list[str] = []
    service = build(config, eyes=server, hands=server, places=server, say=lambda _level, line: lines.append(line))
    thread = threading.Thread(target=service.run, name=config.name, daemon=True)
    thread.start()
    return RunningAgent(service, thread, server, config.run_directory, config.listen[0], config.peers[0][1], lines)


def pair_settings(base: Path, **changes: Any) -> list[dict[str, Any]]:
    """Return the configurations of two servers that hear each other on loopback addresses."""
    places = [[address, free_port(address)] for address in ("127.0.0.31", "127.0.0.32")]
    own = {"hooks": {}, **changes}
    return [
        settings(
            name=f"n{number + 1}",
            peer=f"n{2 - number}",
            listen=[places[number]],
            peers=[places[1 - number]],
            state_directory=str(base / f"n{number + 1}" / "state"),
            run_directory=str(base / f"n{number + 1}" / "run"),
            **own,
        )
        for number in (0, 1)
    ]


def played_pair() -> tuple[PlayedServer, PlayedServer]:
    """Return two servers that follow each other."""
    one, two = PlayedServer("n1"), PlayedServer("n2")
    one.other, two.other = two, one
    return one, two


@contextlib.contextmanager
def agents(base: Path, **changes: Any) -> Iterator[list[RunningAgent]]:
    """Run two agents for as long as the block lasts; the list may be changed, what is in it is ended."""
    running: list[RunningAgent] = []
    try:
        for data, server in zip(pair_settings(base, **changes), played_pair(), strict=True):
            running.append(start_agent(data, server))
        for agent in running:
            wait_until((Path(agent.run_directory) / "control").exists, "its socket is there")
        yield running
    finally:
        for agent in running:
            agent.stop()


def alone(path: str) -> None:
    """Run one agent in this process, from a file. ``python -m`` calls it, so that its cost can be measured."""
    data = json.loads(Path(path).read_text(encoding="utf-8"))
    agent = start_agent(data, played_pair()[0])
    agent.thread.join()


if __name__ == "__main__":
    alone(sys.argv[1])
