# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fault must lead to, as data, and the test that every fault has to pass."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from . import faults
from .client import DATABASE
from .cluster import Cluster
from .lab import Server, wait_until
from .trial import Book, Measured, Trial

State = Callable[[Cluster], contextlib.AbstractContextManager[None]]
"""Something that a cluster is brought into, and out of again."""


@contextlib.contextmanager
def as_it_is(_cluster: Cluster) -> Iterator[None]:
    """No other state than the one that is there."""
    yield


# short: the most telling faults. full: every fault, the default.
SHORT = os.environ.get("PGHA_FAULTS", "full") == "short"
full_only = pytest.mark.skipif(SHORT, reason="only PGHA_FAULTS=full runs it")


@dataclass(frozen=True)
class Fault:
    """A fault and what has to come of it.

    :ivar moves: whether the other server becomes primary; None where staying is as good as moving.
    :ivar alone: whether the primary has no standby while the fault lasts.
    :ivar steady: whether the primary's PostgreSQL has to go on all the time as if nothing had happened.
    :ivar short: whether the short list has it.
    """

    name: str
    strike: Callable[[Trial], contextlib.AbstractContextManager[None]]
    moves: bool | None
    deadline: float = 30
    alone: bool = True
    steady: bool = False
    short: bool = False


def each(faults: Iterable[Fault]) -> pytest.MarkDecorator:
    """Return the mark that lets a test run once with each fault."""
    parameters = [
        pytest.param(fault, id=fault.name.replace(" ", "-"), marks=() if fault.short else full_only) for fault in faults
    ]
    return pytest.mark.parametrize("fault", parameters)


def must_survive(clients: Cluster, book: Book, fault: Fault) -> Trial:
    """Strike under traffic; fail unless writes go on where they should, and the cluster is whole again."""
    with book.trial(clients, fault.name) as trial:
        trial.strike()
        with fault.strike(trial):
            trial.writes_return(fault.deadline)
            if fault.steady:
                trial.must_stay()
            if fault.moves is not None:
                expected = trial.standby if fault.moves else trial.primary
                trial.primary_is(expected)
                told = clients.status()
                assert told["primary"] == expected.name, told
                assert not (fault.alone and told["redundant"]), "status calls a cluster of one server redundant"
    if not trial.measured.commands:
        # Else the last command has ended with the status.
        told = clients.status()
        assert told["redundant"], told
        assert told["primary"] == clients.primary().name, told
    # Whatever became of it, an old primary comes back without being copied anew.
    assert not [command for command in trial.measured.commands if "(clone)" in command], trial.measured.commands
    return trial


def must_survive_both_power_cuts(clients: Cluster, book: Book, deadline: float) -> None:
    """Cut the power of both servers under traffic, give it back, and fail unless clients commit again by themselves."""
    with book.trial(clients, "both servers' power cut") as trial:
        trial.strike()
        with faults.power_cut(trial.primary, trial.standby):
            assert not any(server.is_on() for server in clients.servers())
        trial.writes_return(deadline)


def must_switch_in_a_row(
    clients: Cluster, book: Book, times: int, *, whole: Callable[[], None], then: Callable[[Server], None] | None = None
) -> None:
    """Exchange the roles again and again under traffic; fail unless each playbook ends with a cluster that is whole.

    :param whole: waits for what is still to come after a playbook has ended, as a part of what is measured.
    :param then: looks at the new primary after each of them.
    """
    with book.trial(clients, "switchovers in a row") as trial:
        trial.strike()
        before, after = trial.primary, trial.standby
        for number in range(1, times + 1):
            moment = time.monotonic()
            played = clients.playbooks.must("switchover")
            trial.primary_is(after)
            writes, reads = trial.traffic.outages(moment)
            whole()
            if ": OK: everything is as it should be" not in played.output:
                # A fence device or a heartbeat may be late on a busy machine: that is told, and passes by itself.
                warnings.warn(f"switchover {number}: {played.output.partition('Problems')[2][:1000]}", stacklevel=2)
                wait_until_ok(clients, 120)
            book.measured.append(
                Measured(f"switchover {number}", before.name, after.name, writes, reads, time.monotonic() - moment)
            )
            if then is not None:
                then(after)
            before, after = after, before


def wait_until_ok(clients: Cluster, deadline: float) -> None:
    """Wait until the status is OK; fail with what it names as problems."""
    told: dict[str, Any] = {}

    def is_ok() -> bool:
        told.update(clients.status())
        return bool(told["state"] == "ok")

    try:
        wait_until(is_ok, deadline, "the status is OK")
    except AssertionError as late:
        raise AssertionError(f"{late}: {told['state']}: {told['problems']}\n{clients.shown()}") from None


def must_refuse_switchover(clients: Cluster, state: State, target: str, said: Iterable[str]) -> None:
    """Ask for a switchover in a state in which it cannot be; fail unless it is refused, and why."""
    clients.wait_whole()
    primary = clients.primary()
    with state(clients):
        resting = clients.stack.resting(primary)
        refused = clients.playbooks.run("switchover", **({"pgha_target": target} if target else {}))
        assert refused.rc != 0
        assert "The switchover is refused" in refused.output
        for words in said:
            assert words in refused.output, refused.output[-3000:]
        assert clients.roles()[primary.name] == "primary"
        assert clients.stack.resting(primary) == resting


def boot_and_vouch(clients: Cluster, server: Server, lost: Server, deadline: float) -> None:
    """Give a server its power back, alone, and say as a person that the other one is off, as its own device cannot.

    :param deadline: seconds until the cluster has tried to fence it; before it has a leader it hears nobody's word.
    """
    server.power_on()
    server.wait_booted()
    wait_until(lambda: clients.stack.fencing_failed(server, lost), deadline, "fencing has failed")
    server.must(f"stonith_admin --confirm {lost.name}")


def written(cluster: Cluster, server: Server) -> str:
    """Write something on a server that no other one has yet; return the SQL that tells whether it is there."""
    table = f"written_{secrets.token_hex(4)}"
    cluster.must_sql(server, f"CREATE TABLE {table} AS SELECT 1", DATABASE, timeout=60)
    return f"SELECT to_regclass('{table}') IS NOT NULL"


def data_of(server: Server) -> str:
    """Return the data directory of a server."""
    return server.must("ls -d /var/lib/postgresql/[0-9]*/main").strip()


def lose_the_primary(cluster: Cluster) -> Server:
    """Kill PostgreSQL on the primary; return that server when the other one has taken over."""
    old = cluster.primary()
    old.must("pkill -KILL -o -x postgres")
    other = cluster.other(old)
    wait_until(lambda: cluster.roles()[other.name] == "primary", 60, f"{other.name} is primary")
    wait_until(lambda: f"rebuild_standby.yml -e pgha_target={old.name}" in str(cluster.status()["next"]), 60, "advice")
    return old
