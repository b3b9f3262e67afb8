# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose data goes on: the decision table, and the promise over all observations."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.data_plan import (
    Action,
    Observed,
    data_plan,
    joining,
    observed,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import Lsn
from hypothesis import given
from hypothesis import strategies as st

A, B = "7300000000000000001", "7300000000000000002"


def found(name: str, identifier: str | None = None, ready: bool = False) -> Observed:
    return Observed(name, identifier, ready, was_primary=True, position=(1, Lsn(16)) if identifier else None)


def holds(name: str, role: str, lsn: int = 16, *, timeline: int = 1, was_primary: bool = False) -> Observed:
    """A server with data that no cluster knows yet."""
    return Observed(name, A, False, role, was_primary, (timeline, Lsn(lsn)))


def disk(name: str, taken: bool) -> Observed:
    """A server that may have the one disk; of one that has not, the disk tells what the other one has."""
    return replace(holds(name, "primary" if taken else "standby"), on_disk=taken)


NEW = ["initialise", "clone"]


@pytest.mark.parametrize(
    ("situation", "servers", "actions"),
    [
        ("nothing anywhere", [found("n1"), found("n2")], ["initialise", "clone"]),
        ("interrupted after the data was made", [found("n1", A), found("n2")], ["adopt", "clone"]),
        ("a pair is taken over", [holds("n1", "primary"), holds("n2", "standby", 99)], ["adopt", "clone"]),
        ("its standby is stopped", [holds("n1", "primary"), holds("n2", "stopped", 99)], ["adopt", "clone"]),
        (
            "its standby was one long ago",
            [holds("n1", "primary"), holds("n2", "stopped", 99, was_primary=True)],
            ["adopt", "clone"],
        ),
        (
            "both are stopped",
            [holds("n1", "stopped", was_primary=True), holds("n2", "stopped", 99)],
            ["adopt", "clone"],
        ),
        (
            "both crashed",
            [holds("n1", "stopped", timeline=2), holds("n2", "stopped", 99, was_primary=True)],
            ["adopt", "clone"],
        ),
        ("a standby alone", [holds("n1", "standby", 99), holds("n2", "stopped", 98)], ["adopt", "clone"]),
        ("a disk, taken", [disk("n1", True), disk("n2", False)], ["adopt", "clone"]),
        ("a disk, taken by the other one", [disk("n1", False), disk("n2", True)], ["adopt", "clone"]),
        ("a disk without data", [replace(found("n1"), on_disk=False), replace(found("n2"), on_disk=False)], NEW),
        ("a standby that joins", [found("n1", A, True), holds("n2", "standby")], ["keep", "clone"]),
        (
            "a disk that is known on one side",
            [replace(disk("n1", False), ready=True), disk("n2", True)],
            ["keep", "clone"],
        ),
        ("deployed", [found("n1", A, True), found("n2", A, True)], ["keep", "keep"]),
        ("interrupted before the standby", [found("n1", A, True), found("n2")], ["keep", "clone"]),
        ("the named primary was replaced by a new server", [found("n1"), found("n2", A, True)], ["clone", "keep"]),
        ("a proven server cannot be read now", [found("n1", None, True), found("n2", A, True)], ["keep", "keep"]),
        ("nor why", [Observed("n1", None, True, unread="no tool"), found("n2", A, True)], ["keep", "keep"]),
    ],
)
def test_actions(situation: str, servers: list[Observed], actions: list[str]) -> None:
    assert [step.action.value for step in data_plan(servers, "n1")] == actions, situation


@pytest.mark.parametrize(
    ("servers", "says"),
    [
        ([found("n1", A), found("n2", B)], "different clusters"),
        ([found("n1", A, True), found("n2", B)], "different clusters"),
        ([found("n1"), found("n2", A)], "set pgha_primary: n2"),
        ([found("n3"), found("n2")], "no database server"),
        ([holds("n1", "standby"), holds("n2", "primary")], "that it lacks: n2 takes writes."),
        ([holds("n1", "primary"), holds("n2", "primary")], "n2 takes writes, and n1 as well"),
        ([holds("n1", "stopped", 99, was_primary=True), holds("n2", "primary")], "set pgha_primary: n2"),
        ([holds("n1", "primary"), holds("n2", "not answering")], "PostgreSQL on n2 runs and does not say what it is"),
        ([holds("n1", "primary"), holds("n2", "stopped", 1, timeline=2)], "n2 is on timeline 2 and n1 on 1"),
        ([holds("n1", "stopped", 99), holds("n2", "stopped", 98, was_primary=True)], "n2 was primary last"),
        ([holds("n1", "stopped", was_primary=True), holds("n2", "stopped", was_primary=True)], "last, and n1 as well"),
        ([holds("n1", "stopped"), holds("n2", "standby", 17)], "n2 is at 0/11 and n1 at 0/10"),
        ([holds("n1", "stopped"), Observed("n2", A, False, "stopped")], "nobody knows how far the data of n2 goes"),
        ([found("n1", A, True), holds("n2", "primary")], "n2 takes writes, and the cluster knows the data of n1 only"),
        ([disk("n1", False), replace(found("n2"), on_disk=False)], "n1 holds PostgreSQL data on a disk of its own"),
        ([replace(holds("n1", "primary"), altered=("port",)), found("n2")], "ALTER SYSTEM RESET port;"),
        ([Observed("n1", None, False, unread="no tool"), found("n2")], "n1 holds PostgreSQL data that cannot be read"),
        ([found("n1", A), Observed("n2", None, False, elsewhere="/pg")], "postgresql_data_directory: /pg"),
        ([found("n1", A, True), Observed("n2", A, True, elsewhere="/pg")], "On n2 another PostgreSQL has the port"),
    ],
)
def test_refusals(servers: list[Observed], says: str) -> None:
    with pytest.raises(PghaError) as refusal:
        data_plan(servers, "n1")
    assert says in refusal.value.as_result()["msg"]


def test_observed_reads_module_results() -> None:
    control = {"state": "in archive recovery"}
    standby = {"system_identifier": A, "role": "standby", "timeline": 2, "lsn": "0/11", "control": control}
    assert observed({"name": "n1", "postgres": standby, "attributes": {"pgha-data": "ready"}}) == Observed(
        "n1", A, True, "standby", False, (2, Lsn(17))
    )
    for state, was_primary in (("in production", True), ("shut down", True), ("shut down in recovery", False)):
        assert observed({"name": "n1", "postgres": {"control": {"state": state}}}).was_primary is was_primary
    for state, role in (
        ("in production", "primary"),
        ("in archive recovery", "standby"),
        ("starting up", "not answering"),
    ):
        silent = {"role": "not answering", "control": {"state": state}}
        assert observed({"name": "n1", "postgres": silent}).role == role, "nothing is installed to ask it with"
    nothing = observed({"name": "n1", "attributes": {"pgha-data": "cloning"}})
    assert (nothing.system_identifier, nothing.ready, nothing.position, nothing.runs) == (None, False, None, False)
    unread = {"role": "stopped", "system_identifier": None, "problem": "no tool", "elsewhere": ""}
    assert observed({"name": "n1", "postgres": unread}).unread == "no tool"
    assert not observed({"name": "n1", "postgres": {"role": "none", "problem": ""}}).unread
    assert observed({"name": "n1", "postgres": {"role": "none", "elsewhere": "/pg"}}).elsewhere == "/pg"


@pytest.mark.parametrize(
    ("stack", "altered"), [("pacemaker", ("port", "primary_conninfo")), ("keepalived", ("port",)), ("vote", ("port",))]
)
def test_what_alter_system_has_set_counts_where_the_cluster_sets_it(stack: str, altered: tuple[str, ...]) -> None:
    """An agent writes the connection to that file itself, so that a run that was interrupted finds it there."""
    postgres = {"altered": ["port", "primary_conninfo", "work_mem"]}
    given = {"name": "n1", "postgres": postgres, "settings": {"Port": 5432, "ssl": True}, "stack": stack}
    assert observed(given).altered == altered


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ({}, False),
        ({"installed": False}, False),
        ({"resource": {"role": "Secondary"}}, False),
        ({"resource": {"role": "Primary"}}, True),
        ({"shared": True, "seen": True, "mounted": ""}, False),
        ({"shared": True, "seen": True, "mounted": "/var/lib/postgresql/15"}, True),
    ],
)
def test_a_server_has_the_disk_or_not(said: dict[str, object], taken: bool) -> None:
    assert observed({"name": "n1", "stack": "drbd", "disk": said}).on_disk is taken
    assert observed({"name": "n1", "stack": "pacemaker", "disk": {}}).on_disk is None


def test_a_database_that_runs_is_taken_over_with_a_word_about_what_its_clients_will_see() -> None:
    (step, _clone) = data_plan([holds("n1", "primary"), found("n2")], "n1")
    assert "restarts there" in step.reason
    (step, _clone) = data_plan([holds("n1", "stopped"), found("n2")], "n1")
    assert "restarts" not in step.reason


servers_strategy = st.lists(
    st.builds(
        Observed,
        name=st.sampled_from(["n1", "n2", "n3"]),
        system_identifier=st.sampled_from([None, A, B]),
        ready=st.booleans(),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda server: server.name,
)


@given(servers_strategy)
def test_no_data_is_ever_made_where_data_exists(servers: list[Observed]) -> None:
    try:
        steps = data_plan(servers, "n1")
    except PghaError:
        return
    made = [step for step in steps if step.action is Action.INITIALISE]
    assert not made or not any(server.system_identifier or server.ready for server in servers)
    assert [step.server for step in steps] == [server.name for server in servers]
    sources = [step for step in steps if step.action is not Action.CLONE]
    assert sources, "somebody must have the data that the others copy"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"n1": "unknown", "n2": "unknown"}, []),
        ({"n1": "online", "n2": "online"}, []),
        ({"n1": "online", "n2": "offline", "n3": "unknown"}, ["n3"]),
        ({"n1": "unclean", "n2": "unknown"}, ["n2"]),
    ],
    ids=["no cluster runs", "all are members", "a new one", "a new one beside a lost one"],
)
def test_a_server_joins_when_a_running_cluster_does_not_know_it(members: dict[str, str], expected: list[str]) -> None:
    assert joining([{"name": name, "member": member} for name, member in members.items()]) == expected
    assert joining([{"name": "n1"}]) == []
