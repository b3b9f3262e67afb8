# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The truth about a cluster, situation by situation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.down import GUARD
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.model import Expected, Seen
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.render import lines, size
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.status import status
from hypothesis import given
from hypothesis import strategies as st

EXPECTED = Expected(
    cluster="demo",
    stack="pacemaker",
    mode="sync",
    virtual={"write": "10.0.0.100", "read": "10.0.0.101", "replication": "10.0.1.100"},
    vote="v1",
    fenced=frozenset({"n1", "n2"}),
    accept_split_brain=False,
    command="ansible-playbook -i hosts playbooks/",
)
UNFENCED = {"target": "n2", "status": "failed"}
SAFE = {"verdict": "safe", "reasons": []}


def node(name: str, **changed: Any) -> dict[str, Any]:
    flags = dict.fromkeys(("unclean", "pending", "standby", "maintenance"), False)
    return {"name": name, "online": True} | flags | changed


def crm(**changed: Any) -> dict[str, Any]:
    return {
        "cluster_running": True,
        "with_quorum": True,
        "votes": {"expected": 3, "total": 3},
        "nodes": [node("n1"), node("n2")],
        "node_attributes": {
            "n1": {"pgha-data": "ready", "pgha-current": "yes"},
            "n2": {"pgha-data": "ready", "pgha-current": "yes"},
        },
        "failures": [],
        "fencing": [],
    } | changed


def primary(name: str, replicas: list[dict[str, Any]] | None = None, **changed: Any) -> Seen:
    follower = {"name": "n2" if name == "n1" else "n1", "sync_state": "sync", "lag_bytes": 0, "lag_seconds": 0.0}
    postgres = {
        "role": "primary",
        "timeline": 3,
        "lsn": "0/5000148",
        "replicas": [follower] if replicas is None else replicas,
    }
    other = follower["name"]
    return Seen(
        name=name,
        reached=True,
        postgres=postgres,
        crm=changed.pop("crm", crm()),
        fencing=changed.pop("fencing", {str(other): SAFE}),
        addresses=("10.0.0.100", "10.0.1.100", *changed.pop("addresses", ())),
        unheard=changed.pop("unheard", ()),
    )


def standby(name: str, view: dict[str, Any] | None = None) -> Seen:
    other = "n1" if name == "n2" else "n2"
    postgres = {"role": "standby", "streaming": True, "timeline": 3, "lsn": "0/5000148"}
    return Seen(name, True, postgres, view or crm(), {other: SAFE}, ("10.0.0.101",))


def stopped(name: str, view: dict[str, Any], role: str = "stopped") -> Seen:
    return Seen(name, True, {"role": role}, view, {"n1" if name == "n2" else "n2": SAFE}, ())


def gone(name: str) -> Seen:
    return Seen(name, False, {}, {}, {}, ())


def says(report: dict[str, Any], words: str) -> bool:
    return any(words in text for text in (*report["problems"], *report["next"]))


def test_a_whole_cluster_has_no_problem() -> None:
    report = status([primary("n1"), standby("n2")], EXPECTED)
    assert (report["state"], report["primary"], report["redundant"], report["problems"]) == ("ok", "n1", True, [])
    text = "\n".join(lines(report, ["try this"]))
    assert "OK" in text
    assert "write address 10.0.0.100: n1" in text
    assert "0 B, 0.0 s" in text


def test_a_lost_standby_leaves_writes_and_no_redundancy() -> None:
    view = crm(nodes=[node("n1"), node("n2", online=False)])
    report = status([primary("n1", [], crm=view, addresses=("10.0.0.101",)), gone("n2")], EXPECTED)
    assert (report["state"], report["redundant"]) == ("degraded", False)
    assert says(report, "NOT REDUNDANT: n1")
    assert says(report, "n2 gave no answer")


def test_strict_says_what_it_costs_and_that_writes_wait_now() -> None:
    strict = replace(EXPECTED, stack="vote", mode="strict", fenced=frozenset(), virtual={"write": "10.0.0.100"})
    whole = status([primary("n1"), standby("n2")], strict)
    assert (whole["state"], whole["problems"]) == ("ok", [])
    assert "strict: while the standby is away, writes wait" in "\n".join(lines(whole, []))
    view = crm(nodes=[node("n1"), node("n2", online=False)])
    unwatched = status([primary("n1", [], crm=view), gone("n2")], strict)
    assert unwatched["state"] == "degraded"
    assert says(unwatched, "commits wait for nobody")
    waiting = primary("n1", [], crm=view)
    waiting = replace(waiting, postgres={**waiting.postgres, "synchronous_standby_names": '"n2"'})
    alone = status([waiting, gone("n2")], strict)
    assert (alone["state"], alone["redundant"]) == ("waiting", False)
    assert says(alone, "writes wait")
    assert "writes are taken" not in "\n".join(lines(alone, []))


def test_an_old_primary_waits_for_its_rebuild() -> None:
    view = crm(failures=[{"node": "n1", "resource": "postgresql", "reason": GUARD + ". You have to remove"}])
    report = status([stopped("n1", view), primary("n2", [], crm=view, addresses=("10.0.0.101",))], EXPECTED)
    assert says(report, "n1 was primary and did not stop in order")
    assert "ansible-playbook -i hosts playbooks/rebuild_standby.yml -e pgha_target=n1" in report["next"]


def test_unproven_data_is_named() -> None:
    view = crm(node_attributes={"n1": {"pgha-data": "ready", "pgha-current": "yes"}, "n2": {}})
    report = status([primary("n1", [], crm=view), stopped("n2", view, "none")], EXPECTED)
    assert says(report, "the data of n2 is not proven")
    assert says(report, "rebuild_standby.yml -e pgha_target=n2")


def test_failed_fencing_blocks_the_promotion_and_says_so() -> None:
    failed = {"target": "n1", "status": "failed", "action": "reboot"}
    view = crm(nodes=[node("n1", online=False, unclean=True), node("n2")], fencing=[failed])
    bad = {"n1": {"verdict": "unsafe", "reasons": [{"message": "does not answer", "verdict": "unsafe"}]}}
    waiting = Seen("n2", True, {"role": "standby", "streaming": False}, view, bad, ())
    report = status([gone("n1"), waiting], EXPECTED)
    assert (report["state"], report["primary"]) == ("down", None)
    assert says(report, "its fencing failed. No server is promoted before that.")
    assert says(report, "stonith_admin --confirm n1")
    assert says(report, "fencing of n1 is unsafe: does not answer")


def test_two_primaries_are_dangerous() -> None:
    report = status([primary("n1"), primary("n2")], EXPECTED)
    assert (report["state"], report["primary"]) == ("dangerous", None)
    assert says(report, "TWO SERVERS TAKE WRITES: n1 and n2")


def test_when_no_server_answers_nobody_knows_whether_writes_are_taken() -> None:
    report = status([gone("n1"), gone("n2")], EXPECTED)
    assert (report["state"], report["primary"]) == ("unknown", None)
    assert says(report, "no server gave an answer")
    assert not says(report, "takes writes")
    # An aborted run asks nobody: that no answer came does not mean that a server is down.
    assert not says(report, "does not answer over SSH")
    assert says(report, "status.yml by itself")


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (crm(votes={"expected": 3, "total": 2}), "2 of 3 votes are present"),
        (crm(nodes=[node("n1"), node("n2", standby=True)]), "n2 is in standby"),
        (crm(nodes=[node("n1"), node("n2", maintenance=True)]), "n2 is in maintenance"),
        (crm(fencing=[{"target": "n2", "status": "pending"}]), "fencing of n2 is under way"),
        (crm(unfencing=[UNFENCED]), "n2 has no key on the disk"),
        (crm(nodes=[node("n1"), node("n2", unclean=True)], unfencing=[UNFENCED]), "its fencing has not succeeded yet"),
    ],
)
def test_what_degrades_is_named(view: dict[str, Any], words: str) -> None:
    report = status([primary("n1", crm=view), standby("n2", view)], EXPECTED)
    assert report["state"] == "degraded"
    assert says(report, words)


@pytest.mark.parametrize("history", [["pending"], ["success", "failed"], ["pending", "success", "failed"]])
def test_a_server_that_was_let_back_to_its_disk_is_as_it_should_be(history: list[str]) -> None:
    view = crm(unfencing=[{"target": "n2", "status": one} for one in history])
    assert status([primary("n1", crm=view), standby("n2", view)], EXPECTED)["state"] == "ok"


def test_accepted_split_brain_is_repeated_for_ever() -> None:
    careless = Expected(**{**vars(EXPECTED), "accept_split_brain": True})
    assert says(status([primary("n1"), standby("n2")], careless), "pgha_accept_split_brain is true")


def test_a_stopped_cluster_manager_is_named() -> None:
    alone = Seen("n2", True, {"role": "standby", "streaming": True}, {"cluster_running": False}, {}, ("10.0.0.101",))
    assert says(status([primary("n1"), alone], EXPECTED), "the cluster manager does not run on n2")


@pytest.mark.parametrize(
    ("count", "text"), [(None, "-"), (0, "0 B"), (2048, "2 kB"), (5 << 20, "5 MB"), (1 << 41, "2048 GB")]
)
def test_sizes(count: int | None, text: str) -> None:
    assert size(count) == text


situations = st.lists(
    st.sampled_from([primary("n1"), standby("n1"), gone("n1"), stopped("n1", crm())]), min_size=1, max_size=1
)


@given(situations, st.sampled_from([primary("n2"), standby("n2"), gone("n2"), stopped("n2", crm())]))
def test_ok_means_one_primary_and_a_copy(first: list[Seen], second: Seen) -> None:
    servers = [*first, second]
    report = status(servers, EXPECTED)
    assert lines(report, [])
    writers = sum(server.role == "primary" for server in servers)
    assert (report["state"] == "dangerous") == (writers == 2)
    if report["state"] == "ok":
        assert writers == 1
        assert report["redundant"]


def test_a_setting_that_waits_for_a_restart_is_named_and_no_problem() -> None:
    one = primary("n1")
    one = replace(one, postgres={**one.postgres, "restart_pending": ["max_connections"]})
    report = status([one, standby("n2")], EXPECTED)
    assert (report["state"], report["restart_pending"]) == ("ok", {"n1": ["max_connections"]})
    assert "In force on n1 only after a restart of PostgreSQL there: max_connections" in lines(report, [])


def test_a_standby_that_is_about_to_come_up_is_not_to_be_rebuilt() -> None:
    report = status([primary("n1", []), stopped("n2", crm())], EXPECTED)
    assert says(report, "nothing keeps the cluster from starting it")
    assert not says(report, "rebuild_standby")


def test_a_standby_that_failed_to_start_is_to_be_rebuilt() -> None:
    view = crm(failures=[{"node": "n2", "resource": "postgresql", "reason": "timeout"}])
    report = status([primary("n1", [], crm=view), stopped("n2", view)], EXPECTED)
    assert says(report, "rebuild_standby.yml -e pgha_target=n2")


@pytest.mark.parametrize("record", ["LATEST", "STREAMING|SYNC"])
def test_the_last_primary_that_was_alone_is_to_go_on(record: str) -> None:
    """The second is what a server leaves behind that lost its power in the middle of taking over."""
    attributes = {
        "n1": {"pgha-data": "ready", "pgha-current": "yes", "postgresql-data-status": record},
        "n2": {"pgha-data": "ready", "pgha-current": "yes", "postgresql-data-status": "DISCONNECT"},
    }
    failures = [{"node": name, "resource": "postgresql", "reason": GUARD} for name in ("n1", "n2")]
    view = crm(node_attributes=attributes, failures=failures)
    report = status([stopped("n1", view), stopped("n2", view)], EXPECTED)
    assert report["state"] == "down"
    assert says(report, "failover.yml -e pgha_target=n1")
    assert not says(report, "pgha_target=n2")


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (node("n2"), "systemctl status pgha-guard"),
        (node("n2", online=False), "n1 has not met the other servers since it came back"),
    ],
    ids=["beside another one", "alone"],
)
def test_a_server_that_would_not_be_promoted_is_named(second: dict[str, Any], said: str) -> None:
    attributes = {"n1": {"pgha-data": "ready"}, "n2": {"pgha-data": "ready", "pgha-current": "yes"}}
    view = crm(nodes=[node("n1"), second], node_attributes=attributes)
    report = status([primary("n1", crm=view), standby("n2", view)], EXPECTED)
    assert says(report, said)
    assert not says(report, "n2 would not be promoted")


def test_a_removal_that_was_interrupted_is_named_and_no_rebuild_advised() -> None:
    nodes = [node("n1"), node("n2"), node("n3", online=False)]
    attributes = {
        "n1": {"pgha-data": "ready", "pgha-current": "yes"},
        "n2": {"pgha-data": "ready", "pgha-current": "yes"},
        "n3": {"pgha-leaving": "begun"},
    }
    view = crm(nodes=nodes, node_attributes=attributes)
    servers = [primary("n1", crm=view), standby("n2", view), stopped("n3", {"cluster_running": False})]
    report = status(servers, EXPECTED)
    assert says(report, "the removal of n3 was begun and has not ended")
    assert "remove_standby.yml -e pgha_target=n3" in str(report["next"])
    assert "rebuild_standby" not in str(report["next"])
    assert "systemctl start" not in str(report["next"])


def test_a_server_that_was_only_added_to_the_inventory_is_to_be_added() -> None:
    servers = [primary("n1"), standby("n2"), stopped("n3", {"cluster_running": False}, role="none")]
    report = status(servers, EXPECTED)
    assert says(report, "n3 is in the inventory and no member of the cluster")
    assert any(step.endswith("add_standby.yml -e pgha_target=n3") for step in report["next"])
    assert "systemctl start" not in str(report["next"])
