# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two servers that share one disk, judged by the rules of a primary and its standby."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.failover import failover_verdict
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.failover import server_of as to_fail_over
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.model import Expected, Seen
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.shared import follows, line_of, sees
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.status import status
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.storage import on_one_disk
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.switchover import (
    Situation,
    choose,
    switchover_verdict,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Value
from ansible_collections.pgha.cluster.plugins.module_utils.shared_disk.model import FileSystem, Look
from ansible_collections.pgha.cluster.tests.support.drbd import MEMBER
from hypothesis import given
from hypothesis import strategies as st

FILES = FileSystem("b244f42f", "pgha-1", protected=True, holder="n1")
ACTIVE = Look("/dev/mapper/a", "n1", seen=True, size=100, filesystem=FILES, mounted=("/var/lib/postgresql/15",))
PASSIVE = replace(ACTIVE, node="n2", mounted=())
GONE = Look("/dev/mapper/a", "n2", seen=False, problem="/dev/mapper/a does not exist")
OTHER = replace(PASSIVE, filesystem=replace(FILES, uuid="c355"))
PRIMARY = {"role": "primary", "timeline": 1, "system_identifier": "7", "lsn": "0/3000000"}
NONE = {"role": "none"}


def pair(passive: Look = PASSIVE, active: Look = ACTIVE, member: str = "online") -> list[dict[str, Any]]:
    return [
        {"name": "n1", "postgres": PRIMARY, "disk": active.as_result(), "member": "online", **MEMBER},
        {"name": "n2", "postgres": NONE, "disk": passive.as_result(), "member": member, **MEMBER},
    ]


@pytest.mark.parametrize(
    ("found", "value", "code"),
    [
        (pair(), Value.SAFE, "close_behind"),
        (pair(GONE), Value.UNKNOWN, "not_a_standby"),
        (pair(OTHER), Value.UNSAFE, "not_streaming"),
        (pair(replace(PASSIVE, filesystem=None)), Value.UNSAFE, "not_streaming"),
        (pair(replace(PASSIVE, size=99)), Value.UNSAFE, "not_streaming"),
        (pair(member="standby"), Value.UNSAFE, "not_online"),
        (pair(member="offline"), Value.UNSAFE, "not_online"),
    ],
)
def test_the_service_moves_only_to_a_server_that_sees_the_same_disk(
    found: list[dict[str, Any]], value: Value, code: str
) -> None:
    now = Situation.of(on_one_disk(found), "sync")
    made = switchover_verdict(now, "n2", ())
    assert made.value is value
    assert code in {reason.code for reason in made.reasons}
    assert choose(now) == ("n2" if value is Value.SAFE else "")


def down(passive: Look = PASSIVE, member: str = "offline") -> list[dict[str, Any]]:
    """n1 is away without a word, and n2 is back alone."""
    found = pair(passive)
    found[0] |= {"postgres": {}, "disk": {}, "member": member}
    return found


@pytest.mark.parametrize(
    ("found", "value", "code"),
    [
        # One disk has every commit: what counts is only that nobody else writes to it.
        (down(), Value.SAFE, "has_every_commit"),
        (down(member="unclean"), Value.UNKNOWN, "not_proven_off"),
        (down(GONE), Value.UNSAFE, "no_disk"),
        (down(replace(PASSIVE, filesystem=None)), Value.UNSAFE, "may_lose_commits"),
    ],
)
def test_a_failover_asks_for_fencing_and_for_the_disk(found: list[dict[str, Any]], value: Value, code: str) -> None:
    servers = [to_fail_over({**one, "stack": "drbd"}) for one in on_one_disk(found)]
    made = failover_verdict(servers, "n2", "", quorum=True)
    assert made.value is value
    assert code in {reason.code for reason in made.reasons}


_FILES = st.one_of(st.none(), st.sampled_from("ab").map(lambda uuid: replace(FILES, uuid=uuid)))
_LOOKS = st.builds(
    Look,
    device=st.just("/dev/mapper/a"),
    node=st.just("n"),
    seen=st.booleans(),
    size=st.integers(1, 2),
    identity=st.sampled_from(["", "ID_WWN=1", "ID_WWN=2"]),
    filesystem=_FILES,
)


@given(_LOOKS, _LOOKS)
def test_following_is_mutual_and_means_the_same_file_system(one: Look, other: Look) -> None:
    forth, back = (follows(a.as_result(), b.as_result()) for a, b in ((one, other), (other, one)))
    assert forth == back
    if forth:
        assert sees(one.as_result()) and sees(other.as_result())
        assert one.filesystem == other.filesystem
        assert one.size == other.size


def observed(found: list[dict[str, Any]], *, cluster: bool = True) -> dict[str, Any]:
    """Return the status of what the servers say."""
    nodes = [{"name": one["name"], "online": one["member"] == "online"} for one in found]
    attributes = {one["name"]: MEMBER["attributes"] for one in found}
    crm = {"cluster_running": cluster, "with_quorum": True, "nodes": nodes, "node_attributes": attributes}
    told = [{key: one[key] for key in ("name", "postgres", "disk")} | {"crm": crm} for one in found]
    fencing = {one["name"]: {"verdict": "safe", "reasons": []} for one in found}
    servers = [
        Seen(one["name"], bool(one["postgres"]), one["postgres"], crm, fencing, (), one["disk"])
        for one in on_one_disk(told)
    ]
    expected = Expected("demo", "drbd", "sync", {}, "v1", frozenset({"n1", "n2"}), False, "play ")
    return status(servers, expected)


def test_two_members_that_see_the_disk_are_redundant() -> None:
    told = observed(pair())
    assert (told["primary"], told["redundant"], told["problems"]) == ("n1", True, [])
    assert told["disks"] == [
        "disk of n1: mounted on /var/lib/postgresql/15; file system b244f42f, by the disk itself held by n1",
        "disk of n2: seen, not mounted here; file system b244f42f, by the disk itself held by n1",
    ]


def test_a_server_that_is_no_member_or_does_not_see_the_disk_is_not() -> None:
    assert observed(pair(member="offline"))["redundant"] is False
    told = observed(pair(GONE))
    assert told["redundant"] is False
    assert any("n2 does not see the shared disk: /dev/mapper/a does not exist" in one for one in told["problems"])
    # There is no copy that could be made anew.
    assert not any("rebuild" in step for step in told["next"])


def test_two_disks_and_two_mounts_are_shouted_out() -> None:
    for passive in (OTHER, replace(PASSIVE, size=99)):
        assert any("TWO DIFFERENT DISKS" in one for one in observed(pair(passive))["problems"])
    twice = observed(pair(replace(PASSIVE, mounted=("/mnt",))))
    assert any("MOUNTED ON n1 AND n2" in one for one in twice["problems"])
    bare = replace(FILES, protected=False)
    told = observed(pair(replace(PASSIVE, filesystem=bare), replace(ACTIVE, filesystem=bare)))
    assert any("no multi-mount protection" in one for one in told["problems"])


def test_a_line_says_what_a_server_sees() -> None:
    assert line_of("n2", GONE.as_result()) == "disk of n2: NOT SEEN (/dev/mapper/a does not exist)"
    assert "without the cluster's file system" in line_of("n2", replace(PASSIVE, filesystem=None).as_result())
    nobody = replace(PASSIVE, filesystem=replace(FILES, holder=""))
    assert line_of("n2", nobody.as_result()).endswith("held by nobody")
