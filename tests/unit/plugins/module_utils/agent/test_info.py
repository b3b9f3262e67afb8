# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the failover agent says, in the words of the judging modules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.info import EMPTY, stopped, view_of
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.failover import failover_verdict, server_of
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.model import Expected, Seen, membership
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.render import lines
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.status import status as judged
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.switchover import Situation, choose
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.topology import discovered_of
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import state

HEARD = {
    "n1": {"reign": 3, "role": "standby", "postgres": "standby", "eligible": True},
    "n2": {"reign": 3, "role": "primary", "postgres": "primary", "waits": True, "granting": True},
}


def said(name: str, role: str, **changed: Any) -> dict[str, Any]:
    """What an agent of a whole cluster says."""
    return {
        "name": name,
        "peer": "n2" if name == "n1" else "n1",
        "role": role,
        "reign": 3,
        "postgres": role,
        "waits": role == "primary",
        "eligible": role == "standby",
        "follows": True,
        "paused": False,
        "fencing": True,
        "arbiter": "alive",
        "fenced": "not asked",
        "decision": {"action": "nothing", "reason": "redundant", "text": "all is well"},
        "peer_state": {"fresh": True, "silent_for": 0.2, "heard": HEARD[name]},
    } | changed


PRIMARY, STANDBY = said("n1", "primary"), said("n2", "standby")
SILENT = {"fresh": False, "silent_for": 9.0, "heard": HEARD["n1"]}


def test_it_has_the_shape_that_pacemaker_has() -> None:
    assert set(state.STOPPED) <= set(EMPTY) == set(view_of(PRIMARY)) == set(stopped("n1", {}, {}, ""))


def test_a_whole_cluster_says_the_same_from_both_sides() -> None:
    for view in (view_of({**PRIMARY, "fencing": False}), view_of({**STANDBY, "fencing": False})):
        assert (view["cluster_running"], view["with_quorum"], view["promoted"]) == (True, True, ["n1"])
        assert view["votes"] == {"expected": 3, "total": 3}
        assert {node["name"]: membership(node) for node in view["nodes"]} == {"n1": "online", "n2": "online"}
        assert view["node_attributes"]["n1"] == {
            "pgha-data": "ready",
            "pgha-role": "primary",
            "postgresql-data-status": "LATEST",
            "postgresql-status": "PRI",
        }
        assert view["node_attributes"]["n2"] == {
            "pgha-data": "ready",
            "pgha-role": "standby",
            "postgresql-data-status": "STREAMING|SYNC",
            "postgresql-status": "HS:sync",
        }


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"peer_state": {**PRIMARY["peer_state"], "heard": {**HEARD["n1"], "paused": True}}}, "maintenance"),
        ({"peer_state": SILENT}, "pending"),
        ({"peer_state": SILENT, "follows": False}, "unclean"),
        ({"peer_state": SILENT, "follows": False, "fenced": "under way"}, "unclean"),
        ({"peer_state": SILENT, "follows": False, "fenced": "failed"}, "unclean"),
        ({"peer_state": SILENT, "follows": False, "fenced": "off"}, "offline"),
        ({"peer_state": {"fresh": False, "silent_for": 3.0, "heard": None}, "follows": False}, "unclean"),
    ],
)
def test_a_silent_server_is_off_only_when_the_device_has_said_so(changed: dict[str, Any], word: str) -> None:
    view = view_of({**PRIMARY, **changed})
    assert membership(view["nodes"][1]) == word
    assert view["promoted"] == ["n1"]


@pytest.mark.parametrize(
    ("arbiter", "fresh", "quorum"),
    [("silent", True, True), ("gone", False, True), ("alive", False, True), ("silent", False, False)],
)
def test_a_server_that_sees_nobody_has_no_quorum(arbiter: str, fresh: bool, quorum: bool) -> None:
    view = view_of({**PRIMARY, "arbiter": arbiter, "peer_state": {**PRIMARY["peer_state"], "fresh": fresh}})
    assert view["with_quorum"] is quorum


def test_what_an_old_message_said_of_the_other_server_counts_no_more() -> None:
    view = view_of(
        {**STANDBY, "fencing": False, "peer_state": {"fresh": False, "silent_for": 2.0, "heard": HEARD["n2"]}}
    )
    assert view["promoted"] == []
    assert view["node_attributes"]["n1"] == {}


@pytest.mark.parametrize(
    ("status", "record"),
    [
        (PRIMARY, "LATEST"),
        ({**PRIMARY, "peer_state": SILENT}, "DISCONNECT"),
        ({**PRIMARY, "waits": False, "peer_state": SILENT}, "LATEST"),
        ({**PRIMARY, "peer_state": {"fresh": True, "heard": {**HEARD["n1"], "reign": 4}}}, "DISCONNECT"),
        (STANDBY, "STREAMING|SYNC"),
        ({**STANDBY, "eligible": False}, "DISCONNECT"),
    ],
)
def test_who_has_every_commit(status: dict[str, Any], record: str) -> None:
    """A primary whose standby may have taken over meanwhile is not known to have the newest data."""
    assert view_of(status)["itself"][status["name"]]["postgresql-data-status"] == record


@pytest.mark.parametrize("changed", [{"role": "out"}, {"reign": 0}])
def test_data_that_nobody_has_proven_is_not_ready(changed: dict[str, Any]) -> None:
    assert view_of({**STANDBY, **changed})["node_attributes"]["n2"] == {}


def test_why_a_server_is_held_is_told() -> None:
    decision = {"action": "nothing", "reason": "returned", "text": "only the other one can say what came after"}
    view = view_of({**PRIMARY, "postgres": "stopped", "decision": decision})
    assert view["itself"]["n1"]["pgha-held"] == "only the other one can say what came after"
    assert "pgha-held" not in view_of(PRIMARY)["itself"]["n1"]


@pytest.mark.parametrize(
    ("fenced", "status"), [("not asked", []), ("under way", ["pending"]), ("failed", ["failed"]), ("off", ["success"])]
)
def test_fencing_is_told(fenced: str, status: list[str]) -> None:
    events = view_of({**PRIMARY, "fenced": fenced})["fencing"]
    assert [event["status"] for event in events] == status
    assert all(event["target"] == "n2" for event in events)


def test_notes_are_known_of_servers_that_say_nothing() -> None:
    notes = {"n1": {"pgha-hardware": "a"}, "n2": {"pgha-hardware": "b", "pgha-fence-tested": "c"}}
    view = view_of({**PRIMARY, "fencing": False, "peer_state": SILENT}, notes, "a")
    assert view["node_attributes"]["n2"] == notes["n2"]
    assert (view["itself"]["n1"]["pgha-hardware"], view["hardware"]) == ("a", "a")


def test_a_stopped_agent_leaves_its_record() -> None:
    """Without it, a deploy would take the data of both servers for unknown, and begin with the one it names."""
    itself = stopped("n1", {"reign": 3, "role": "standby"}, {}, "")["itself"]
    assert itself == {"n1": {"pgha-data": "ready", "pgha-role": "standby"}}
    for record in ({}, {"reign": 0, "role": "primary"}, {"reign": 3, "role": "out"}):
        assert stopped("n1", record, {}, "")["itself"] == {}


def hostvars(*views: dict[str, Any]) -> dict[str, Any]:
    names = ("n1", "n2")
    return {name: {"stack_keepalived_discovered": {"crm": view}} for name, view in zip(names, views, strict=True)}


def test_a_server_s_own_word_on_its_data_counts() -> None:
    stale = view_of({**PRIMARY, "peer_state": {"fresh": True, "heard": {**HEARD["n1"], "role": "out"}}})
    found = discovered_of(hostvars(stale, view_of(STANDBY)), ["n1", "n2"], "keepalived")
    assert found[1]["attributes"]["pgha-data"] == "ready"
    down = stopped("n2", {"reign": 3, "role": "standby"}, {}, "")
    found = discovered_of(hostvars(stopped("n1", {}, {}, ""), down), ["n1", "n2"], "keepalived")
    assert [one["attributes"] for one in found] == [{}, {"pgha-data": "ready", "pgha-role": "standby"}]


EXPECTED = Expected(
    cluster="demo",
    stack="keepalived",
    mode="sync",
    virtual={"write": "10.0.0.100", "read": "10.0.0.101"},
    vote="",
    fenced=frozenset({"n1", "n2"}),
    accept_split_brain=False,
    command="",
)
SAFE = {"verdict": "safe", "reasons": []}
REPLICA = {"name": "n2", "state": "streaming", "sync_state": "sync", "lag_bytes": 0, "lag_seconds": 0.0}
N1 = Seen(
    "n1",
    True,
    {"role": "primary", "timeline": 1, "replicas": [REPLICA]},
    view_of(PRIMARY),
    {"n2": SAFE},
    ("10.0.0.100",),
)
N2 = Seen(
    "n2", True, {"role": "standby", "timeline": 1, "streaming": True}, view_of(STANDBY), {"n1": SAFE}, ("10.0.0.101",)
)


def test_the_status_of_a_whole_cluster_is_ok() -> None:
    report = judged([N1, N2], EXPECTED)
    assert (report["state"], report["problems"], report["quorum"]) == ("ok", [], True)
    assert "tie-breaker: VRRP and the ping targets" in str(lines(report, []))


def test_a_cluster_without_devices_is_whole_in_strict_mode() -> None:
    report = judged([N1, N2], replace(EXPECTED, mode="strict", fenced=frozenset()))
    assert (report["state"], report["problems"]) == ("ok", [])
    report = judged([N1, N2], replace(EXPECTED, fenced=frozenset()))
    assert "fencing of n1: there is no device" in report["problems"]


@pytest.mark.parametrize(
    ("view", "problem", "step"),
    [
        ({"cluster_running": False}, "the failover agent does not run on n2", "on n2: systemctl start pgha-agent"),
        (view_of({**STANDBY, "paused": True}), "n2 is in maintenance", "on n2: pgha-agent resume"),
    ],
)
def test_advice_is_for_this_stack(view: dict[str, Any], problem: str, step: str) -> None:
    # The primary hears of the pause from the other agent.
    paused = {"fresh": True, "heard": {**HEARD["n1"], "paused": bool(view["cluster_running"])}}
    first = Seen(**{**vars(N1), "crm": view_of({**PRIMARY, "peer_state": paused})})
    report = judged([first, Seen(**{**vars(N2), "crm": view})], EXPECTED)
    assert problem in report["problems"]
    assert step in report["next"]
    assert "crm " not in str(report["next"])


def test_a_lost_primary_is_confirmed_by_this_stack_s_own_command() -> None:
    lost = view_of({**STANDBY, "follows": False, "fenced": "failed", "peer_state": SILENT})
    servers = [Seen("n1", False, {}, {}, {}, ()), Seen(**{**vars(N2), "crm": lost})]
    report = judged(servers, EXPECTED)
    assert "n1 is lost and nobody has proven that it is off: its fencing failed" in str(report["problems"])
    # With a device only its word counts; a person's counts where there is none.
    assert "make the fence device of n1 answer" in str(report["next"])
    assert "own eyes" not in str(report["next"])
    bare = judged(servers, replace(EXPECTED, fenced=frozenset(), mode="strict"))
    assert "it has no fence device" in str(bare["problems"])
    assert "own eyes that n1 is off, on the server that is to go on: pgha-agent failover" in str(bare["next"])
    assert "stonith" not in str([report, bare])


def test_a_returned_primary_says_what_it_waits_for() -> None:
    decision = {"action": "nothing", "reason": "returned", "text": "only the other one can say what came after"}
    view = view_of({**PRIMARY, "postgres": "stopped", "waits": False, "decision": decision, "peer_state": SILENT})
    server = Seen("n1", True, {"role": "stopped"}, view, {}, ())
    report = judged([server, Seen("n2", False, {}, {}, {}, ())], EXPECTED)
    assert "PostgreSQL does not run on n1: only the other one can say what came after" in report["problems"]
    assert "failover.yml -e pgha_target=n1" in report["next"]


def test_a_switchover_finds_its_standby_in_strict_mode_too() -> None:
    found = discovered_of(hostvars(view_of(PRIMARY), view_of(STANDBY)), ["n1", "n2"], "keepalived")
    for one, server in zip(found, (N1, N2), strict=True):
        one["postgres"] = server.postgres
    for mode in ("sync", "strict"):
        assert choose(Situation.of(found, mode)) == "n2"
    unproven = {**N1.postgres, "replicas": [{**REPLICA, "sync_state": "async"}]}
    found[0]["postgres"] = unproven
    assert choose(Situation.of(found, "strict")) == ""


def lost_primary(**changed: Any) -> list[dict[str, Any]]:
    """Return what is known when only the standby answers, and no arbiter does."""
    lost = view_of({**STANDBY, **changed, "follows": False, "peer_state": SILENT, "arbiter": "silent"})
    found = discovered_of(hostvars({}, lost), ["n1", "n2"], "keepalived")
    found[1]["postgres"] = {"role": "standby"}
    return found


def test_a_failover_names_this_stack_s_command() -> None:
    found = lost_primary(fencing=False)
    verdict = failover_verdict([server_of(one) for one in found], "n2", "", quorum=True)
    text = " ".join(reason.message for reason in verdict.reasons)
    assert verdict.blocks
    assert "pgha-agent failover" in text
    assert "stonith_admin" not in text


def test_a_person_may_decide_without_an_arbiter_where_the_agent_can_have_the_other_server_powered_off() -> None:
    verdict = failover_verdict([server_of(one) for one in lost_primary(fencing=True)], "n2", "", quorum=False)
    assert not verdict.blocks
    assert "fence device has said that it is off" in " ".join(reason.message for reason in verdict.reasons)
