# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What else forbids a switchover under pacemaker: every reason that a state of real servers can give.

Not here: a standby that streams on another timeline, and one of which the primary does not know how far it is behind.
PostgreSQL leaves no server in either for longer than a moment.
"""

from __future__ import annotations

import contextlib
import datetime
import shlex
from collections.abc import Iterator

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.handover import WINDOW, window_xml
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import wait_until
from ansible_collections.pgha.cluster.tests.support.pacemaker import in_maintenance
from ansible_collections.pgha.cluster.tests.support.strikes import State, full_only, must_refuse_switchover

pytestmark = pytest.mark.usefixtures("healed")


@contextlib.contextmanager
def unproven_standby(cluster: Cluster) -> Iterator[None]:
    """A standby that nobody vouches for any more, while somebody works on it: else the cluster would stop it."""
    standby = cluster.other(cluster.primary())
    with in_maintenance(cluster):
        standby.must(f"crm_attribute --node {standby.name} --name pgha-data --delete")
        try:
            yield
        finally:
            standby.must(f"crm_attribute --node {standby.name} --name pgha-data --update ready")


@contextlib.contextmanager
def unguarded_standby(cluster: Cluster) -> Iterator[None]:
    """A standby whose copy of the records nobody vouches for."""
    standby = cluster.other(cluster.primary())
    standby.must("systemctl stop pgha-guard && attrd_updater --name pgha-current --delete")
    try:
        yield
    finally:
        standby.must("systemctl start pgha-guard")
        wait_until(lambda: "yes" in standby.must("attrd_updater --name pgha-current --query"), 30, "it is vouched for")


@contextlib.contextmanager
def failed_standby(cluster: Cluster) -> Iterator[None]:
    """A standby that has failed while somebody works on it: else it would not run before that is forgotten."""
    standby = cluster.other(cluster.primary())
    with in_maintenance(cluster):
        standby.must(f"crm_resource --fail --resource postgresql --node {standby.name}")
        wait_until(lambda: "postgresql" in failures(cluster), 30, "the cluster has noticed it")
        try:
            yield
        finally:
            standby.must(f"crm_resource --cleanup --resource postgresql --node {standby.name}")
            wait_until(lambda: "postgresql" not in failures(cluster), 30, "it is forgotten")


def failures(cluster: Cluster) -> str:
    """Return the failures that the cluster remembers."""
    return cluster.primary().must("crm_mon -1 --include=none,failures")


@contextlib.contextmanager
def late_standby(cluster: Cluster) -> Iterator[None]:
    """A standby that is far behind, and whose connection the primary has not given up."""
    primary, standby = cluster.primary(), cluster.other(cluster.primary())
    cluster.must_sql(primary, "ALTER SYSTEM SET wal_sender_timeout = '10min'")
    cluster.must_sql(primary, "SELECT pg_reload_conf()")
    wait_until(lambda: cluster.sql(primary, "SHOW wal_sender_timeout") == "10min", 15, "the primary is patient")
    standby.must("pkill -STOP -f 'postgres.*walreceiver'")
    try:
        # No commit, which would wait for the standby: so that nothing but the distance forbids it.
        written = (
            "SELECT count(pg_logical_emit_message(false, 'far', repeat('x', 1048576))) FROM generate_series(1, 24)"
        )
        cluster.must_sql(primary, f"SET synchronous_commit = local; {written}", timeout=60)
        yield
    finally:
        standby.must("pkill -CONT -f 'postgres.*walreceiver'")
        cluster.must_sql(primary, "ALTER SYSTEM RESET wal_sender_timeout")
        cluster.must_sql(primary, "SELECT pg_reload_conf()")
        cluster.wait_whole()


@contextlib.contextmanager
def broken_off(cluster: Cluster) -> Iterator[None]:
    """A cluster that rests, as a switchover leaves it that was lost on both servers."""
    primary = cluster.primary()
    until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=5)
    primary.must(f"cibadmin --create --scope=crm_config --xml-text={shlex.quote(window_xml(until))}")
    try:
        yield
    finally:
        mark = shlex.quote(f'<cluster_property_set id="{WINDOW}"/>')
        primary.must(f"cibadmin --delete --scope=crm_config --xml-text={mark}")
        cluster.wait_whole()


@contextlib.contextmanager
def no_quorum(cluster: Cluster) -> Iterator[None]:
    """A standby that was shut down in order, and a vote host that is away, too."""
    standby, vote = cluster.other(cluster.primary()), cluster.lab["v1"]
    standby.must("systemctl stop pacemaker corosync-qdevice corosync", timeout=120)
    vote.must("systemctl stop corosync-qnetd")
    try:
        lost = "corosync-quorumtool -s | grep -q 'Quorate: *No'"
        wait_until(lambda: cluster.primary().ssh(lost).rc == 0, 60, "the primary has no quorum")
        yield
    finally:
        vote.must("systemctl start corosync-qnetd")
        standby.must("systemctl start corosync && systemctl start corosync-qdevice pacemaker", timeout=120)
        cluster.make_whole()


@contextlib.contextmanager
def two_primaries(cluster: Cluster) -> Iterator[None]:
    """A standby that somebody has promoted by hand, past the cluster."""
    standby = cluster.other(cluster.primary())
    standby.must(f"crm --force node maintenance {standby.name}")
    cluster.must_sql(standby, "SELECT pg_promote(true)", timeout=60)
    try:
        yield
    finally:
        # Its data went another way, and so it is rebuilt as the status says.
        standby.must("pkill -QUIT -o -x postgres")
        wait_until(lambda: standby.ssh("pgrep -x postgres").rc == 1, 30, "it takes no more writes")
        standby.must(f"crm node ready {standby.name}")
        cluster.make_whole()


REFUSALS: dict[str, tuple[State, str]] = {
    "the standby is not proven": (unproven_standby, "is not proven; rebuild it first"),
    "nobody vouches for the standby": (unguarded_standby, "pgha-guard does not vouch for"),
    "the standby has failed": (failed_standby, "operations have failed on"),
    "the standby is far behind": (late_standby, "bytes behind; wait until it has caught up"),
    "another one is under way": (broken_off, "is under way, or was broken off; the cluster rests until"),
    "there is no quorum": (no_quorum, "have no quorum"),
    "there are two primaries": (two_primaries, "both take writes"),
}


@full_only
@pytest.mark.parametrize("reason", [pytest.param(reason, id=reason.replace(" ", "-")) for reason in REFUSALS])
def test_a_switchover_is_refused(clients: Cluster, reason: str) -> None:
    state, said = REFUSALS[reason]
    must_refuse_switchover(clients, state, "", [said])


@full_only
def test_a_switchover_without_a_primary_is_refused(clients: Cluster) -> None:
    clients.wait_whole()
    server = clients.primary()
    server.must("crm_resource --resource postgresql-clone --meta --set-parameter target-role --parameter-value Stopped")
    try:
        wait_until(lambda: "primary" not in clients.roles().values(), 60, "nobody takes writes")
        refused = clients.playbooks.run("switchover")
        assert refused.rc != 0
        assert "No server that answers takes writes" in refused.output, refused.output[-3000:]
    finally:
        server.must("crm_resource --resource postgresql-clone --meta --delete-parameter target-role")
        clients.make_whole()
