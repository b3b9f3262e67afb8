# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server played for the agent's eyes and hands: its sessions, its processes, its commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import (
    Action,
    Decision,
    Observation,
    Postgres,
    Record,
    Role,
)
from ansible_collections.pgha.cluster.plugins.module_utils.agent.processes import Postmaster
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed


class DriverError(Exception):
    """What the driver raises, as far as the agent looks at it."""

    def __init__(self, code: str | None) -> None:
        super().__init__(code)
        self.pgcode = code


def refusal(code: str | None, said: str = "refused") -> PghaError:
    """Return an error in the server's own words."""
    error = PghaError("PostgreSQL gave no answer to a question.", said=said)
    error.__cause__ = DriverError(code)
    return error


def silence() -> PghaError:
    """Return the error of an answer that did not come in time."""
    return PghaError("PostgreSQL does not answer.", said="no answer within 2 seconds")


class FakeSession:
    """Answers statements by a function."""

    def __init__(self, answer: Callable[[str, tuple[Any, ...]], Any]) -> None:
        self._answer = answer
        self.closed = False

    def ask(self, statement: str, values: tuple[Any, ...] = (), *, seconds: float = 5) -> list[Any]:
        """Answer."""
        found = self._answer(statement, values)
        if isinstance(found, Exception):
            raise found
        return list(found)

    def close(self) -> None:
        """End."""
        self.closed = True


class FakeProcesses:
    """Says which processes run; each list is used up, and its last value stays."""

    def __init__(self, *postmasters: Postmaster | None, left: Sequence[list[int]] = ([],)) -> None:
        self.postmasters, self.left = list(postmasters), list(left)

    def postmaster(self) -> Postmaster | None:
        """Return the next one."""
        return self.postmasters.pop(0) if len(self.postmasters) > 1 else self.postmasters[0]

    def running(self) -> list[int]:
        """Return the next ones."""
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]


@dataclass
class FakeRunner:
    """Notes the commands; answers by the words that they end with, else with success."""

    answers: dict[str, Completed | PghaError] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    then: Callable[[str], None] = lambda command: None

    def __call__(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        stdin: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Completed:
        command = " ".join(argv)
        self.ran.append(command)
        self.then(command)
        found = next((answer for end, answer in self.answers.items() if command.endswith(end)), None)
        if isinstance(found, PghaError):
            raise found
        return found or Completed(0, "", "")


@dataclass(frozen=True)
class Terms:
    """The agent's configuration, as far as its eyes and hands read it."""

    name: str = "n1"
    peer: str = "n2"
    strict: bool = False
    unit: str = "postgresql@15-main.service"
    peer_slot: str = "pgha_n2"
    port: int = 5432
    data_directory: str = "/var/lib/postgresql/15/main"
    socket_directory: str = "/var/run/postgresql"
    stack: str = "vote"
    peers: tuple[tuple[str, int], ...] = (("10.0.0.12", 5480), ("10.1.0.12", 5480))
    ping_targets: tuple[str, ...] = ("10.0.0.1", "10.0.0.2")
    relay: tuple[str, int] | None = ("10.0.0.19", 5433)
    addresses: tuple[Any, ...] = ()
    client_interface_address: str = "10.0.0.11"
    run_directory: str = "/run/pgha-agent"


def observed(postgres: Postgres = Postgres.PRIMARY, role: Role = Role.PRIMARY, **changes: Any) -> Observation:
    """Return an observation of a server that is well."""
    record = changes.pop("record", Record(3, role, "b"))
    return Observation(strict=False, fencing=True, boot="b", record=record, postgres=postgres, **changes)


def decided(action: Action) -> Decision:
    """Return a decision to do something."""
    return Decision(action, "test", "a test wants it")
