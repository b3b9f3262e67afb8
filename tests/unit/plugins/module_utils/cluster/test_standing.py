# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the status says when it cannot see everything, and what stands in a cluster's way apart from its servers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.model import Seen, members, membership, witness
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.render import lines
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.standing import remembered
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.status import status
from ansible_collections.pgha.cluster.tests.unit.plugins.module_utils.cluster.test_status import (
    EXPECTED,
    SAFE,
    crm,
    gone,
    node,
    primary,
    says,
    standby,
    stopped,
)
from hypothesis import given
from hypothesis import strategies as st


def resource(**changed: Any) -> dict[str, Any]:
    usual = {"id": "write-address", "role": "Started", "nodes": ["n1"], "blocked": False, "managed": True}
    return usual | changed


def test_a_primary_that_we_cannot_ask_is_not_reported_as_down() -> None:
    report = status([gone("n1"), standby("n2", crm(promoted=["n1"]))], EXPECTED)
    assert (report["state"], report["primary"], report["redundant"]) == ("degraded", "n1", False)
    assert says(report, "n1 is primary by the word of the cluster only")
    assert not says(report, "no server that answers takes writes")
    assert not says(report, "NOT REDUNDANT")
    assert says(report, "the write address 10.0.0.100 is on no server that answers")
    text = lines(report, [])
    assert text[0].endswith("DEGRADED: n1 is primary but does not answer; redundancy unknown")
    assert "write address 10.0.0.100: not seen" in text


def test_an_address_that_nobody_has_is_nowhere_only_when_all_were_asked() -> None:
    view = crm()
    asked = lines(status([stopped("n1", view), stopped("n2", view)], EXPECTED), [])
    assert "write address 10.0.0.100: NOWHERE" in asked
    assert asked[0].endswith("NOT REDUNDANT")


@pytest.mark.parametrize(
    "view",
    [
        crm(promoted=["n1"], with_quorum=False),
        crm(promoted=["n1"], nodes=[node("n1", online=False, unclean=True), node("n2")]),
        crm(promoted=["n1"], nodes=[node("n1", online=False), node("n2")]),
        crm(promoted=[]),
    ],
    ids=["no quorum", "lost", "off", "nobody promoted"],
)
def test_the_word_of_a_cluster_that_cannot_know_is_not_taken(view: dict[str, Any]) -> None:
    report = status([gone("n1"), standby("n2", view)], EXPECTED)
    assert (report["state"], report["primary"]) == ("down", None)
    assert says(report, "no server that answers takes writes; n1 could not be asked")


def test_what_a_server_says_outweighs_the_word_of_the_cluster() -> None:
    view = crm(promoted=["n1"])
    report = status([stopped("n1", view), standby("n2", view)], EXPECTED)
    assert (report["state"], report["primary"]) == ("down", None)
    assert says(report, "no server takes writes")


@pytest.mark.parametrize(
    ("changed", "problem", "step"),
    [
        ({"with_quorum": False}, "have no quorum", "bring back another server"),
        ({"votes": {"expected": 3, "total": 2}}, "v1 does not vote", "see that v1 is up"),
        ({"properties": {"maintenance-mode": "true"}}, "whole cluster is in maintenance", "crm maintenance off"),
        ({"resources": [resource(blocked=True)]}, "write-address on n1 is blocked", "cleanup write-address"),
        ({"resources": [resource(managed=False)]}, "write-address on n1 is not managed", "manage write-address"),
        (
            {"constraints": [{"id": "cli-ban-x", "resources": ["read-address"], "leftover": True}]},
            "cli-ban-x, left by a move or ban command",
            "crm resource clear read-address",
        ),
        ({"nodes": [node("n1"), node("n2", maintenance=True)]}, "n2 is in maintenance", "crm node ready n2"),
        ({"nodes": [node("n1"), node("n2", standby=True)]}, "n2 is in standby", "crm node online n2"),
        ({"nodes": [node("n1"), node("n2", online=False)]}, "n2 answers, and the cluster counts it as offline", ""),
    ],
)
def test_what_stands_in_the_way_is_named_with_its_next_step(changed: dict[str, Any], problem: str, step: str) -> None:
    view = crm(**changed)
    report = status([primary("n1", crm=view), standby("n2", view)], EXPECTED)
    assert report["state"] == "degraded"
    assert any(problem in one for one in report["problems"]), report["problems"]
    assert not step or any(step in one for one in report["next"]), report["next"]


def test_an_absent_servers_vote_is_not_the_vote_hosts() -> None:
    view = crm(votes={"expected": 3, "total": 2}, nodes=[node("n1"), node("n2", online=False)])
    report = status([primary("n1", [], crm=view), gone("n2")], EXPECTED)
    assert says(report, "2 of 3 votes are present")
    assert not says(report, "v1")


@pytest.mark.parametrize(
    "view",
    [
        crm(properties={"maintenance-mode": "true"}, resources=[resource(managed=False)]),
        crm(nodes=[node("n1", maintenance=True), node("n2")], resources=[resource(managed=False)]),
    ],
)
def test_maintenance_is_told_once_and_not_for_each_resource(view: dict[str, Any]) -> None:
    report = status([primary("n1", crm=view), standby("n2", view)], EXPECTED)
    assert says(report, "in maintenance")
    assert not says(report, "not managed")


def test_a_remembered_failure_is_told_and_is_no_problem() -> None:
    view = crm(failures=[{"resource": "postgresql", "task": "monitor", "node": "n2", "reason": "", "status": "error"}])
    report = status([primary("n1", crm=view), standby("n2", view)], EXPECTED)
    assert (report["state"], report["problems"]) == ("ok", [])
    assert "  - postgresql: monitor on n2 at ?: error" in lines(report, [])
    assert remembered({}) == []


def test_data_of_another_cluster_is_named() -> None:
    ours, theirs = primary("n1"), standby("n2")
    servers = [
        Seen(one.name, True, {**one.postgres, "system_identifier": number}, one.crm, one.fencing, one.addresses)
        for one, number in ((ours, "7"), (theirs, "8"))
    ]
    assert says(status(servers, EXPECTED), "data of different clusters (system identifiers n1: 7, n2: 8)")


def test_a_postgresql_that_hangs_is_not_called_stopped() -> None:
    report = status([stopped("n1", crm(), "not answering"), primary("n2", [])], EXPECTED)
    assert says(report, "PostgreSQL on n1 runs and does not answer")


def test_who_finds_another_server_behind_a_device_outweighs_who_does_not() -> None:
    wrong = {
        "verdict": "unsafe",
        "reasons": [{"code": "wrong_plug", "message": "another server's device", "verdict": "unsafe"}],
    }
    third = Seen("n3", True, {"role": "standby", "streaming": True}, crm(), {"n1": wrong, "n2": SAFE}, ())
    report = status([primary("n1"), standby("n2"), third], EXPECTED)
    assert report["fencing"]["n1"]["verdict"] == "unsafe"
    assert report["fencing"]["n2"]["verdict"] == "safe"


def test_a_view_with_quorum_is_believed_before_one_without() -> None:
    alone, many = crm(with_quorum=False), crm()
    assert witness([alone, many]) is many
    assert witness([alone, {}]) is alone
    assert witness([{}]) == {}
    assert membership(members(many)["n1"]) == "online"
    assert membership(None) == "unknown"


flags = st.fixed_dictionaries(
    {key: st.booleans() for key in ("online", "unclean", "pending", "standby", "maintenance")}
)
views = st.builds(
    lambda one, two, quorum, promoted, votes: crm(
        nodes=[node("n1", **one), node("n2", **two)],
        with_quorum=quorum,
        promoted=promoted,
        votes={"expected": 3, "total": votes},
    ),
    flags,
    flags,
    st.booleans(),
    st.lists(st.sampled_from(["n1", "n2"]), unique=True),
    st.integers(0, 3),
)


@given(
    views, st.sampled_from(["primary", "standby", "stopped", "gone"]), st.sampled_from(["standby", "stopped", "gone"])
)
def test_whatever_is_seen_the_first_line_is_true(view: dict[str, Any], first: str, second: str) -> None:
    makers = {
        "primary": lambda name: primary(name, crm=view),
        "standby": lambda name: standby(name, view),
        "stopped": lambda name: stopped(name, view),
        "gone": gone,
    }
    report = status([makers[first]("n1"), makers[second]("n2")], EXPECTED)
    assert lines(report, ["status"])
    assert (report["state"] == "unknown") == (first == second == "gone")
    if first == "primary":
        assert report["primary"] == "n1"
    # Whoever is called primary without having said so is a server that could not be asked, in a cluster with quorum.
    elif report["primary"]:
        assert view["with_quorum"]
        assert {"n1": first, "n2": second}[report["primary"]] == "gone"
    if report["state"] == "ok":
        assert (first, second, report["problems"]) == ("primary", "standby", [])


@pytest.mark.parametrize(
    ("setting", "mode", "stack", "told"),
    [
        ({"synchronous_commit": "on", "fsync": "on", "full_page_writes": "on"}, "sync", "pacemaker", False),
        ({"synchronous_commit": "remote_apply"}, "sync", "pacemaker", False),
        ({"synchronous_commit": "off"}, "sync", "pacemaker", True),
        ({"synchronous_commit": "off"}, "async", "pacemaker", True),
        ({"synchronous_commit": "local"}, "sync", "pacemaker", True),
        ({"synchronous_commit": "local"}, "strict", "vote", True),
        ({"synchronous_commit": "local"}, "async", "pacemaker", False),
        ({"synchronous_commit": "local"}, "sync", "drbd", False),
        ({"fsync": "off"}, "async", "pacemaker", True),
        ({"full_page_writes": "off"}, "sync", "drbd", True),
    ],
)
def test_a_setting_that_breaks_the_promise_is_named(setting: dict[str, str], mode: str, stack: str, told: bool) -> None:
    one = replace(primary("n1"), postgres={**primary("n1").postgres, "settings": setting})
    said = status([one, standby("n2")], replace(EXPECTED, mode=mode, stack=stack))
    name = next(iter(setting))
    assert any(f"{name} is {setting[name]} on n1" in problem for problem in said["problems"]) is told
    # What a standby would say of itself counts when it is primary.
    other = replace(standby("n2"), postgres={**standby("n2").postgres, "settings": setting})
    assert not any(name in problem for problem in status([primary("n1"), other], EXPECTED)["problems"])
