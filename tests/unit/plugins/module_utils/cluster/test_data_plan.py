# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose data goes on: the decision table, and the promise over all observations."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.data_plan import (
    Action,
    Observed,
    data_plan,
    joining,
    observed,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from hypothesis import given
from hypothesis import strategies as st

A, B = "7300000000000000001", "7300000000000000002"


def found(name: str, identifier: str | None = None, ready: bool = False) -> Observed:
    return Observed(name, identifier, ready)


@pytest.mark.parametrize(
    ("situation", "servers", "actions"),
    [
        ("nothing anywhere", [found("n1"), found("n2")], ["initialise", "clone"]),
        ("interrupted after the data was made", [found("n1", A), found("n2")], ["adopt", "clone"]),
        ("a replicating pair is taken over", [found("n1", A), found("n2", A)], ["adopt", "clone"]),
        ("deployed", [found("n1", A, True), found("n2", A, True)], ["keep", "keep"]),
        ("interrupted before the standby", [found("n1", A, True), found("n2")], ["keep", "clone"]),
        ("the named primary was replaced by a new server", [found("n1"), found("n2", A, True)], ["clone", "keep"]),
        ("a proven server cannot be read now", [found("n1", None, True), found("n2", A, True)], ["keep", "keep"]),
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
    ],
)
def test_refusals(servers: list[Observed], says: str) -> None:
    with pytest.raises(PghaError) as refusal:
        data_plan(servers, "n1")
    assert says in refusal.value.as_result()["msg"]


def test_observed_reads_module_results() -> None:
    assert observed("n1", {"system_identifier": A}, {"pgha-data": "ready"}) == found("n1", A, True)
    assert observed("n1", {}, {"pgha-data": "cloning"}) == found("n1")
    assert observed("n1", None, None) == found("n1")


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
