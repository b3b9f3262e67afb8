# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault with a writer, a reader and observers running; the cluster whole again by documented commands only."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server, wait_until
from ansible_collections.pgha.cluster.tests.support.trial import Book, Trial

# short: the most telling faults. full: every fault, the default.
SHORT = os.environ.get("PGHA_FAULTS", "full") == "short"
pytestmark = pytest.mark.usefixtures("healed")
full_only = pytest.mark.skipif(SHORT, reason="only PGHA_FAULTS=full runs it")


@contextlib.contextmanager
def killed(server: Server, program: str, sign: str = "") -> Iterator[None]:
    """Kill the oldest process of a program: that is the one which watches over the others.

    :param sign: a command of which the server has to say something else before the fault is over: until somebody has
        noticed, a cluster still looks whole.
    """
    before = server.must(sign or "true")
    server.must(f"pkill -KILL -o -x {program}")
    yield
    if sign:
        wait_until(
            lambda: server.ssh(sign, timeout=10).stdout.strip() not in {"", before}, 120, f"{program} is noticed"
        )


WATCHED = "pgrep -x pacemakerd"
JOINED = "pgrep -x pacemaker-based"
"""What starts anew when a server has lost its cluster, whether it is fenced or back in time to be only demoted."""


@dataclass(frozen=True)
class Fault:
    """A fault and what has to come of it.

    :ivar moves: whether the other server becomes primary; None where staying is as good as moving.
    :ivar alone: whether the primary has no standby while the fault lasts.
    """

    name: str
    strike: Callable[[Trial], contextlib.AbstractContextManager[None]]
    moves: bool | None
    deadline: float = 30
    alone: bool = True


FAULTS = [
    Fault("postgres killed", lambda trial: killed(trial.primary, "postgres"), None),
    Fault("primary's power cut", lambda trial: faults.power_cut(trial.primary), True),
    Fault("primary frozen", lambda trial: faults.frozen(trial.primary), True),
    Fault("primary's public cable cut", lambda trial: faults.cables_cut(trial.primary, "public"), True, 60, False),
    Fault("primary's replication cable cut", lambda trial: faults.cables_cut(trial.primary, "replication"), False, 60),
    Fault("all the primary's cables cut", lambda trial: faults.cables_cut(trial.primary), True, 60),
    Fault("standby's power cut", lambda trial: faults.power_cut(trial.standby), False, 60),
    Fault("pacemaker killed", lambda trial: killed(trial.primary, "pacemakerd", WATCHED), None),
    Fault("corosync killed", lambda trial: killed(trial.primary, "corosync", JOINED), None, 60),
]
IN_SHORT = {"postgres killed", "primary's power cut", "all the primary's cables cut"}


@pytest.mark.parametrize("fault", [pytest.param(fault, id=fault.name.replace(" ", "-")) for fault in FAULTS])
def test_fault(clients: Cluster, book: Book, fault: Fault) -> None:
    if SHORT and fault.name not in IN_SHORT:
        pytest.skip("PGHA_FAULTS=short leaves it out; full runs it")
    with book.trial(clients, fault.name) as trial:
        trial.strike()
        with fault.strike(trial):
            trial.writes_return(fault.deadline)
            if fault.moves is not None:
                trial.primary_is(trial.standby if fault.moves else trial.primary)
                told = clients.status()
                expected = trial.standby if fault.moves else trial.primary
                assert told["primary"] == expected.name, told
                assert not (fault.alone and told["redundant"]), "status calls a cluster of one server redundant"
    told = clients.status()
    assert told["redundant"], told
    assert told["primary"] == clients.primary().name, told
    # Whatever became of it, an old primary comes back without being copied anew.
    assert not [command for command in trial.measured.commands if "(clone)" in command], trial.measured.commands


@full_only
def test_both_servers_lose_power_and_come_back(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "both servers' power cut") as trial:
        trial.strike()
        with faults.power_cut(trial.primary, trial.standby):
            assert not any(server.is_on() for server in clients.servers())
        trial.writes_return(180)


@full_only
def test_the_old_primary_reboots_and_takes_no_write_before_it_is_a_standby(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "primary rebooted") as trial:
        trial.strike()
        with faults.shut_down(trial.primary):
            # Not since the strike: until its manager stops it, the old primary goes on taking writes.
            trial.traffic.wait_writes(time.monotonic(), 60, "clients commit on the other server")
            trial.primary_is(trial.standby)


@full_only
def test_the_distribution_starts_no_postgresql_at_boot(clients: Cluster, book: Book) -> None:
    """A server that comes back without its cluster manager has to come back without PostgreSQL (S2)."""
    with book.trial(clients, "standby boots without manager") as trial, contextlib.ExitStack() as undo:
        standby = trial.standby
        undo.callback(standby.must, "systemctl start pacemaker")
        undo.callback(standby.must, "systemctl enable pacemaker")
        standby.must("systemctl disable pacemaker")
        trial.strike()
        with faults.power_cut(standby):
            trial.writes_return(60)
        # "degraded" is as good an end of booting as "running" is.
        state = standby.ssh("systemctl is-system-running --wait").stdout.strip()
        assert state in {"running", "degraded"}
        assert standby.ssh("pgrep -x postgres").rc == 1, "PostgreSQL was started by the distribution"


@full_only
def test_without_a_working_fence_device_nothing_is_promoted(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "power cut, fence device dead") as trial:
        primary, standby = trial.primary, trial.standby
        with faults.bmc_dead(primary):
            trial.strike()
            with faults.power_cut(primary):
                history = f"stonith_admin --history {primary.name} --verbose"
                wait_until(lambda: "failed" in standby.ssh(history).stdout, 120, "fencing has failed")
                trial.nobody_takes_writes()
                told = clients.status()
                assert told["primary"] is None, told
                assert "fenc" in str(told["problems"]).lower(), told
                trial.nobody_takes_writes()
                primary.bmc_start()
                trial.writes_return(120)
                trial.primary_is(standby)


@full_only
def test_a_primary_that_was_alone_loses_power_and_goes_on_where_it_was(clients: Cluster, book: Book) -> None:
    """Nobody starts by itself: the old primary is guarded, and the other one lacks what was committed without it."""
    with book.trial(clients, "the last server's power cut") as trial:
        primary, standby = trial.primary, trial.standby
        trial.strike()
        with faults.power_cut(standby):
            # Not since the strike: commits of the moment before the cut would do for that.
            trial.traffic.wait_writes(time.monotonic(), 60, "clients commit on the last server")
            assert f"{standby.name} streaming sync" not in clients.followers(primary)
            # The other one as well: it was fenced, and is about to be back.
            with faults.power_cut(primary, standby):
                assert not any(server.is_on() for server in clients.servers())
        wait_until(lambda: f"failover.yml -e pgha_target={primary.name}" in str(clients.status()["next"]), 90, "advice")
        refused = clients.playbooks.run("failover", pgha_target=standby.name)
        assert refused.rc != 0
        assert "may lack acknowledged commits" in refused.output
        clients.playbooks.must("failover", pgha_target=primary.name)
        trial.writes_return(60)
        trial.primary_is(primary)
