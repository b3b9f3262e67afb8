# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One simulated server: its disk, its PostgreSQL, its agent's process, its cables."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.pgha.cluster.plugins.module_utils.agent.engine import Engine
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Fenced, Postgres, Record, Timing

LINKS = ("talk", "replication", "vrrp", "arbiter", "device", "clients")


class BrokenPromiseError(AssertionError):
    """A promise was broken."""


class AgentDiedError(Exception):
    """The agent's process ends here."""


@dataclass(frozen=True)
class Terms:
    """The agent's configuration."""

    name: str
    peer: str
    strict: bool
    fencing: bool
    timing: Timing = field(default_factory=Timing)


@dataclass
class Server:
    """One server: its disk, its PostgreSQL, its agent, its cables.

    :ivar names: commits wait for the other server, as the file says; in force from ``force_at`` on.
    :ivar cut: links that are cut, such as ``talk``; a server sends nothing over them and receives nothing.
    """

    name: str
    on: bool = True
    boot: int = 1
    frozen: bool = False
    log: list[int] = field(default_factory=list)
    postgres: Postgres = Postgres.STOPPED
    clean: bool = True
    names: bool = False
    in_force: bool = False
    force_at: float | None = None
    proven: int | None = None
    healthy: bool = True
    due: list[tuple[float, str]] = field(default_factory=list)
    record: Record = field(default_factory=Record)
    sessions: int = 0
    engine: Engine | None = None
    next_tick: float = 0.0
    agent_back_at: float | None = None
    fence: Fenced = Fenced.NOT_ASKED
    fence_at: float = 0.0
    device: str = "good"
    cut: set[str] = field(default_factory=set)
    heard_vrrp_at: float = -9.0
    wanted: str = ""
    pending: list[int] = field(default_factory=list)
    on_at: float | None = None

    @property
    def alive(self) -> bool:
        """It has power and is not frozen."""
        return self.on and not self.frozen

    def lose_power(self) -> None:
        """Everything but the disk is gone."""
        if self.on:
            self.on, self.frozen, self.engine, self.agent_back_at = False, False, None, None
            self.fence = Fenced.NOT_ASKED
            self.stop(clean=False)

    def stop(self, *, clean: bool) -> None:
        """PostgreSQL ends; a stop in order writes one more record."""
        if self.postgres is Postgres.PRIMARY and clean:
            self.log.append(-len(self.log) - 1)
        if self.postgres is not Postgres.STOPPED:
            self.clean = clean
        self.postgres, self.due, self.pending = Postgres.STOPPED, [], []
        self.in_force, self.force_at, self.proven = False, None, None
