# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's body on a server: its eyes, its hands, and what shows clients the way.

This module util is private to the collection.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.agent.addresses import Addresses, Announcer, TrackFiles
from ansible_collections.pgha.cluster.plugins.module_utils.agent.hands import ServerHands
from ansible_collections.pgha.cluster.plugins.module_utils.agent.look import Waiting
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Observation
from ansible_collections.pgha.cluster.plugins.module_utils.agent.probes import Probes
from ansible_collections.pgha.cluster.plugins.module_utils.agent.processes import Processes
from ansible_collections.pgha.cluster.plugins.module_utils.agent.server import Server
from ansible_collections.pgha.cluster.plugins.module_utils.agent.sessions import connector, pid_file_of
from ansible_collections.pgha.cluster.plugins.module_utils.agent.view import View
from ansible_collections.pgha.cluster.plugins.module_utils.agent.watch import Watch
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner, run


class ServerEyes:
    """Looks and asks in threads of their own; to be asked for a view costs nothing."""

    def __init__(
        self,
        watch: Callable[[Callable[[], None]], Watch],
        probes: Callable[[Callable[[], None], Callable[[], float]], Probes],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wake: Callable[[], None] = lambda: None
        self._clock, self._heard_at = clock, clock()
        self.watch = watch(self.wake)
        self.probes = probes(self.wake, self.silent_for)

    def wake(self) -> None:
        """Tell the loop that something has changed."""
        self._wake()

    def silent_for(self) -> float:
        """Return how long the other agent has been silent."""
        return self._clock() - self._heard_at

    def start(self, wake: Callable[[], None]) -> None:
        """Begin to look; what is to be asked of others is asked at each look of the loop."""
        self._wake = wake
        self.watch.start()

    def close(self) -> None:
        """Look no more."""
        self.watch.stop()
        self.probes.stop()

    def notice(self, instance: str, state: str) -> None:
        """Take what VRRP says."""
        self.probes.note_vrrp(instance, state)

    def look(self, last: Observation | None) -> View:
        """Return what is so at this moment, apart from what only the loop knows.

        :param last: what the last decision rested upon: for how long the other server is silent.
        """
        if last is not None:
            self._heard_at = self._clock() - last.silent_for
        self.probes.turn()
        local = self.watch.local
        return View(
            postgres=local.postgres,
            healthy=local.healthy,
            reach=self.probes.reach,
            follows=local.follows,
            waiting=local.waiting,
            caught_up=local.caught_up,
            received=local.received,
            clean=local.clean,
            answers=self.probes.answers,
            arbiter=self.probes.arbiter,
        )

    def facts(self) -> dict[str, Any]:
        """Return what else a person may want to know."""
        local = self.watch.local
        return {"behind_bytes": local.behind, "complaint": local.complaint, "vrrp": self.probes.vrrp}


def body(
    config: Any, tell: Callable[[str], None] = lambda text: None, runner: Runner = run
) -> tuple[ServerEyes, ServerHands, Announcer]:
    """Put the body of one server's agent together.

    :param config: the agent's configuration.
    :param tell: called with what was done to addresses.
    """
    connect, waiting = connector(config), Waiting()
    processes = Processes(pid_file_of(config), config.unit, config.data_directory)
    eyes = ServerEyes(
        lambda wake: Watch(
            config, (config.name, config.peer), processes, waiting, runner=runner, connect=connect, wake=wake
        ),
        lambda wake, silent_for: Probes(config, runner=runner, silent_for=silent_for, wake=wake),
    )
    server = Server(
        config, processes, waiting, runner=runner, connect=connect, changed=eyes.watch.look_now
    )  # fmt: skip
    hands = ServerHands(server, eyes.probes.peer_is_there)
    taking = config.stack == "vote"
    addresses = Addresses(config.addresses, config.client_interface_address, runner) if taking else None
    return eyes, hands, Announcer(TrackFiles(config.run_directory), addresses, tell)
