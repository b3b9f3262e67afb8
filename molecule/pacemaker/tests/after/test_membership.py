# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A third server comes and goes under load, and nobody else's PostgreSQL stops for it.

Each test goes on where the one before it ended.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import DATABASE_SERVERS, Cluster
from ansible_collections.pgha.cluster.tests.support.lab import wait_until
from ansible_collections.pgha.cluster.tests.support.playbooks import PROJECT, Playbooks
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = pytest.mark.usefixtures("healed")
full_only = pytest.mark.skipif(os.environ.get("PGHA_FAULTS") == "short", reason="PGHA_FAULTS=short leaves it out")

THIRD = PROJECT / "molecule" / "pacemaker" / "inventory" / "third.yml"
SLOTS = "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'pgha_n3'"


@pytest.fixture(scope="module")
def three(clients: Cluster) -> Iterator[Playbooks]:
    """The playbooks with a third server in their inventory; the lab has that server until these tests end."""
    whole = clients.playbooks
    playbooks = Playbooks(whole.inventory, whole.variables, THIRD)
    playbooks.must("lab")
    clients.lab["n3"].wait_booted()
    try:
        yield playbooks
    finally:
        clients.playbooks, clients.database, clients.watched = whole, DATABASE_SERVERS, ()
        if known(clients):
            # A test has failed in between; the tests after these need two servers.
            playbooks.run("remove_standby", pgha_target="n3")
        whole.must("lab", lab_drop=["n3"])
    clients.wait_whole()


def known(cluster: Cluster) -> bool:
    """Return whether the cluster's configuration or status names the third server."""
    # crm_node --list goes on showing it as lost, out of the memory of a process.
    return 'uname="n3"' in cluster.primary().must("cibadmin --query")


def started(cluster: Cluster) -> dict[str, str]:
    """Return since when PostgreSQL runs on the first two servers."""
    return {name: cluster.must_sql(cluster.lab[name], "SELECT pg_postmaster_start_time()") for name in DATABASE_SERVERS}


def device_daemons(cluster: Cluster) -> dict[str, str]:
    """Return which processes ask the vote host on the first two servers: a restart can hold up a membership."""
    asked = "systemctl show --property MainPID --value corosync-qdevice"
    return {name: cluster.lab[name].must(asked).strip() for name in DATABASE_SERVERS}


def lost_sight(cluster: Cluster) -> dict[str, list[str]]:
    """Return the memberships that one of the first two servers has formed without the other one since it booted.

    A token that comes late, which corosync also calls a failed processor, is none: both are in the next membership.
    """
    formed = "journalctl -u corosync --boot --no-pager | grep -E 'A new membership .* left:.* [12]( |$)'"
    return {name: cluster.lab[name].ssh(formed).stdout.splitlines() for name in DATABASE_SERVERS}


def test_a_server_that_is_only_in_the_inventory_is_to_be_added(clients: Cluster, three: Playbooks) -> None:
    assert "add_standby.yml -e pgha_target=n3" in str(three.status()["next"])
    refused = three.run("add_standby", pgha_target="n9")
    assert refused.rc != 0
    assert "pgha_target names n9" in refused.output
    assert not refused.changed


def test_a_server_is_added_under_load(clients: Cluster, three: Playbooks, book: Book) -> None:
    clients.wait_whole()
    before, daemons, seen = started(clients), device_daemons(clients), lost_sight(clients)
    clients.watched = ("n3",)
    with book.trial(clients, "standby added") as trial:
        trial.strike()
        three.must("add_standby", pgha_target="n3")
        clients.playbooks, clients.database, clients.watched = three, (*DATABASE_SERVERS, "n3"), ()
        trial.primary_is(trial.primary)
    assert started(clients) == before
    assert device_daemons(clients) == daemons
    assert lost_sight(clients) == seen
    told = clients.status()
    assert (told["state"], told["redundant"]) == ("ok", True), told
    assert [server["name"] for server in told["servers"]] == ["n1", "n2", "n3"]
    assert clients.must_sql(clients.primary(), SLOTS) == "1"
    quorum = clients.primary().ssh("corosync-quorumtool -s").stdout
    assert "Expected votes:   4" in quorum, quorum


def test_adding_it_again_and_deploying_change_nothing(clients: Cluster, three: Playbooks) -> None:
    again = three.must("add_standby", pgha_target="n3")
    assert "there is nothing to do" in again.output
    assert not again.changed, again.changes
    deployed = three.must("deploy")
    assert not deployed.changed, deployed.changes


@full_only
def test_the_third_server_loses_power_and_comes_back(clients: Cluster, three: Playbooks, book: Book) -> None:
    with book.trial(clients, "third server's power cut") as trial:
        trial.strike()
        with faults.power_cut(clients.lab["n3"]):
            trial.writes_return(60)
            trial.primary_is(trial.primary)


def test_the_primary_is_not_removed(clients: Cluster, three: Playbooks) -> None:
    primary = clients.primary().name
    others = {"pgha_primary": next(name for name in clients.database if name != primary)}
    refused = three.run("remove_standby", pgha_target=primary, **others)
    assert refused.rc != 0
    assert f"{primary} is the primary: run switchover.yml first" in refused.output
    assert not refused.changed
    assert clients.primary().name == primary


def test_a_server_is_removed_under_load_also_when_that_is_interrupted(
    clients: Cluster, three: Playbooks, book: Book
) -> None:
    clients.wait_whole()
    before, daemons, seen, third = started(clients), device_daemons(clients), lost_sight(clients), clients.lab["n3"]
    with book.trial(clients, "standby removed") as trial:
        trial.strike()
        assert three.interrupted("remove_standby", "Stop the cluster here", pgha_target="n3")
        told = three.status()
        assert "the removal of n3 was begun" in str(told["problems"]), told
        assert "remove_standby.yml -e pgha_target=n3" in str(told["next"]), told
        played = three.must("remove_standby", pgha_target="n3")
        assert "take n3 out of the inventory" in played.output
        clients.playbooks = Playbooks(three.inventory, three.variables)
        clients.database = DATABASE_SERVERS
        trial.primary_is(trial.primary)
    assert started(clients) == before
    assert device_daemons(clients) == daemons
    assert lost_sight(clients) == seen
    assert not known(clients)
    assert [clients.must_sql(server, SLOTS) for server in clients.servers()] == ["0", "0"]
    # What is left there: data, and nothing that would start it.
    third.must("test -s /var/lib/postgresql/*/main/global/pg_control")
    assert third.ssh("pgrep -x postgres").rc == 1
    for unit in ("pacemaker", "corosync"):
        assert third.ssh(f"systemctl is-enabled {unit}").stdout.strip() == "disabled"


def test_without_it_in_the_inventory_nothing_is_left_to_change(clients: Cluster, three: Playbooks) -> None:
    told = clients.status()
    assert (told["state"], told["redundant"]) == ("ok", True), told
    assert told["votes"] == {"expected": 3, "total": 3}, told
    deployed = clients.playbooks.must("deploy")
    assert not deployed.changed, deployed.changes


def test_a_server_that_has_left_starts_nothing_when_it_boots(clients: Cluster, three: Playbooks) -> None:
    third = clients.lab["n3"]
    with faults.power_cut(third):
        assert not third.is_on()
    wait_until(
        lambda: third.ssh("systemctl is-system-running").stdout.strip() in {"running", "degraded"}, 60, "n3 has booted"
    )
    assert third.ssh("pgrep -x 'postgres|corosync|pacemakerd'").rc == 1
    assert not known(clients)
