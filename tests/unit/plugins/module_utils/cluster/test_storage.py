# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One disk for two servers, judged by the rules of a primary and its standby."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.failover import failover_verdict
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.failover import server_of as to_fail_over
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.model import Expected, Report, Seen
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.rebuild import chosen
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.rebuild import server_of as to_rebuild
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.storage import (
    complete,
    judge_disks,
    line_of,
    on_one_disk,
)
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.switchover import Situation, switchover_verdict
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Value
from ansible_collections.pgha.cluster.tests.support.drbd import MEMBER
from hypothesis import given
from hypothesis import strategies as st

DISK_STATES = ["UpToDate", "Consistent", "Inconsistent", "Outdated", "Diskless", "Failed", "DUnknown", "Negotiating"]
CONNECTIONS = ["Connected", "Connecting", "StandAlone", "Unconnected", "Timeout"]


Disk = Any


def disk(role: str, **changed: Any) -> dict[str, Any]:
    generations = changed.pop("generations", None)
    resource = {
        "role": role,
        "connection": "Connected",
        "replication": "Established",
        "disk": "UpToDate",
        "peer_disk": "UpToDate",
        "out_of_sync": 0,
        "progress": None,
        "suspended": False,
    }
    return {"resource": resource | changed, "generations": generations, "split_brain_seen": None}


DOWN = {"resource": None, "generations": None, "split_brain_seen": None}


def pair(active: dict[str, Any] | None = None, passive: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    common = MEMBER | {"member": "online"}
    primary = {"role": "primary", "timeline": 1, "system_identifier": "7", "lsn": "0/3000000"}
    return [
        {"name": "n1", "postgres": primary, "disk": active or disk("Primary"), **common},
        {"name": "n2", "postgres": {"role": "none"}, "disk": passive or disk("Secondary"), **common},
    ]


def verdict(found: list[dict[str, Any]]) -> tuple[Value, set[str]]:
    made = switchover_verdict(Situation.of(on_one_disk(found), "sync"), "n2", ())
    return made.value, {reason.code for reason in made.reasons}


@pytest.mark.parametrize("accepted", ["", "n2"])
@pytest.mark.parametrize(
    ("passive", "code"),
    [
        # Whoever accepts to lose what it lacks has to be told what it has.
        (DOWN, {"disk_down": Value.UNKNOWN}),
        (disk("Secondary", connection="Connecting"), {"has_every_commit": Value.SAFE}),
        (
            disk("Secondary", connection="Connecting", disk="Consistent"),
            {"may_lose_commits": Value.UNSAFE, "loss_accepted": Value.SAFE},
        ),
    ],
)
def test_a_failover_waits_for_the_disk_and_asks_what_is_on_it(
    passive: dict[str, Any], code: dict[str, Value], accepted: str
) -> None:
    found = pair(passive=passive)
    found[0] |= {"postgres": {}, "disk": {}, "member": "offline"}
    servers = [to_fail_over({**one, "stack": "drbd"}) for one in on_one_disk(found)]
    made = failover_verdict(servers, "n2", accepted, quorum=True)
    said = {reason.code for reason in made.reasons} & code.keys()
    assert said == {list(code)[-1 if accepted else 0]}
    assert made.value is code[said.pop()]


def test_where_no_disk_is_meant_nothing_changes() -> None:
    found = [{"name": "n1", "postgres": {"role": "none"}, "disk": {}}, {"name": "n2", "postgres": {}}]
    assert on_one_disk(found) == found


def test_the_passive_server_may_take_over() -> None:
    assert verdict(pair()) == (Value.SAFE, {"close_behind"})


SYNCING = disk("Primary", replication="SyncSource", peer_disk="Inconsistent", out_of_sync=4096)
TARGET = disk("Secondary", replication="SyncTarget", disk="Inconsistent", out_of_sync=4096)


@pytest.mark.parametrize(
    ("active", "passive"),
    [
        (SYNCING, TARGET),
        (disk("Primary", connection="Connecting", peer_disk="Outdated"), disk("Secondary", connection="StandAlone")),
        # Each side's word alone would do, and they differ: nobody knows yet.
        (disk("Primary", peer_disk="Outdated"), None),
        (None, disk("Secondary", disk="Consistent")),
        (None, disk("Secondary", disk="Diskless")),
    ],
)
def test_a_disk_that_lacks_commits_may_not_take_over(
    active: dict[str, Any] | None, passive: dict[str, Any] | None
) -> None:
    assert verdict(pair(active, passive)) == (Value.UNSAFE, {"not_streaming"})


def test_a_server_without_its_part_of_the_disk_is_no_standby() -> None:
    value, codes = verdict(pair(None, DOWN))
    assert (value, codes) == (Value.UNKNOWN, {"not_a_standby"})


def test_a_rebuild_chooses_the_disk_that_does_not_follow() -> None:
    assert chosen([to_rebuild(one) for one in on_one_disk(pair())], "") == []
    apart = pair(disk("Primary", connection="StandAlone"), disk("Secondary", connection="StandAlone"))
    assert chosen([to_rebuild(one) for one in on_one_disk(apart)], "") == ["n2"]


def test_a_replica_is_behind_by_what_its_disk_lacks() -> None:
    told = on_one_disk(pair(SYNCING, TARGET))
    assert told[0]["postgres"]["replicas"] == [
        {
            "name": "n2",
            "state": "SyncSource",
            "sync_state": "Inconsistent",
            "lag_bytes": 4096,
            "lag_seconds": 0.0,
        }
    ]


@given(st.sampled_from(CONNECTIONS), st.sampled_from(DISK_STATES), st.sampled_from(DISK_STATES), st.booleans())
def test_nothing_but_two_up_to_date_disks_is_redundant(connection: str, own: str, peer: str, passive_too: bool) -> None:
    one = disk("Primary", connection=connection, disk=own, peer_disk=peer)
    other = disk("Secondary", connection=connection, disk=peer, peer_disk=own) if passive_too else disk("Secondary")
    value, _codes = verdict(pair(one, other))
    if value is Value.SAFE:
        assert (own, peer) == ("UpToDate", "UpToDate")
        assert connection == "Connected"


def test_only_an_up_to_date_disk_is_complete() -> None:
    assert [state for state in DISK_STATES if complete(disk("Secondary", disk=state))] == ["UpToDate"]
    told = on_one_disk(pair(None, disk("Secondary", disk="Consistent")))
    assert [one["attributes"]["postgresql-data-status"] for one in told] == ["LATEST", ""]


EXPECTED = Expected("demo", "drbd", "sync", {}, "v1", frozenset(), False, "play ")


def seen(name: str, one: dict[str, Any]) -> Seen:
    return Seen(name, True, {}, {}, {}, (), one)


def generations(current: str, bitmap: str) -> dict[str, Any]:
    flags = ("consistent", "up_to_date", "was_primary", "was_connected", "peer_outdated", "crashed_primary")
    return {"current": current, "bitmap": bitmap, "history": ["1", "0"], **dict.fromkeys(flags, True)}


def test_a_split_brain_names_what_is_lost_and_the_way_out() -> None:
    report = Report()
    own = {"n1": generations("A0", "10"), "n2": generations("B0", "10")}
    apart = [disk("Primary", connection="StandAlone", out_of_sync=8192, generations=own[name]) for name in own]
    judge_disks(report, [seen(name, one) for name, one in zip(own, apart, strict=True)], EXPECTED)
    assert len(report.problems) == 1 and report.problems[0].startswith("SPLIT BRAIN")
    assert "n2 loses up to 8192 bytes" in report.problems[0]
    assert "play drbd_resolve_split_brain.yml" in report.steps[0]


@pytest.mark.parametrize(
    ("one", "problem"),
    [
        (disk("Primary", disk="Diskless"), "n1 works without its own disk (Diskless)"),
        (disk("Secondary", connection="StandAlone"), "has ended its connection"),
    ],
)
def test_what_is_wrong_with_a_disk_is_said(one: dict[str, Any], problem: str) -> None:
    report = Report()
    judge_disks(report, [seen("n1", one)], EXPECTED)
    assert len(report.problems) == 1 and problem in report.problems[0]


@pytest.mark.parametrize(
    ("role", "changed", "told"),
    [
        ("none", {}, True),
        ("none", {"node": "n2"}, False),
        ("none", {"task": "monitor"}, False),
        ("none", {"resource": "fence-n2"}, False),
        # It runs by now.
        ("primary", {}, False),
    ],
)
def test_a_server_that_could_not_start_the_service_is_no_refuge_for_a_while(
    role: str, changed: dict[str, str], *, told: bool
) -> None:
    failure = {"resource": "postgresql", "task": "start", "node": "n1", "reason": "Can't start PostgreSQL."}
    report = Report()
    crm = {"failures": [failure | changed]}
    judge_disks(report, [Seen("n1", True, {"role": role}, crm, {}, (), disk("Secondary"))], EXPECTED)
    assert bool(report.problems) is told
    if told:
        assert "postgresql could not be started there (Can't start PostgreSQL.)" in report.problems[0]
        assert "crm_resource --cleanup --node n1" in report.steps[0]


@pytest.mark.parametrize("knows", ["both", "primary", "standby"])
def test_disks_that_a_verification_found_to_differ_are_no_safe_place(knows: str) -> None:
    primary = disk("Primary", peer_role="Secondary", out_of_sync=65536 if knows != "standby" else 0)
    standby = disk("Secondary", peer_role="Primary", out_of_sync=65536 if knows != "primary" else 0)
    told = on_one_disk(pair(primary, standby))
    assert verdict(pair(primary, standby)) == (Value.UNSAFE, {"disks_differ"})
    assert told[0]["postgres"]["replicas"][0]["sync_state"] == "differs"
    # It is told of every write: that is another thing, and no problem here.
    assert told[1]["postgres"]["streaming"] is True
    assert chosen([to_rebuild(one) for one in told], "") == ["n2"]
    report = Report()
    judge_disks(report, [seen("n1", primary), seen("n2", standby)], EXPECTED)
    assert len(report.problems) == 1 and report.problems[0].startswith("64 kB of the two disks differ")
    assert "play rebuild_standby.yml -e pgha_target=n2" in report.steps[0]


def test_what_differs_while_the_service_is_down_is_nobody_s_to_repair() -> None:
    report = Report()
    disks = [disk("Secondary", peer_role="Secondary", out_of_sync=4096) for _name in ("n1", "n2")]
    judge_disks(report, [seen("n1", disks[0]), seen("n2", disks[1])], EXPECTED)
    assert len(report.problems) == 1
    assert "pgha_target" not in report.steps[0]


def test_whole_disks_are_no_problem() -> None:
    report = Report()
    judge_disks(report, [seen("n1", disk("Primary")), seen("n2", disk("Secondary")), seen("n3", {})], EXPECTED)
    assert report.problems == []


def test_the_line_of_a_disk_tells_how_far_it_is() -> None:
    progress = {"kind": "resync", "direction": "target", "percent": 43.2, "seconds_left": 12}
    one = disk("Secondary", disk="Inconsistent", progress=progress)
    compared = {"at": 1795418000.0, "seconds": 41, "bytes_out_of_sync": 0}
    whole = "disk of n1: Primary, UpToDate, Connected, "
    assert line_of(seen("n1", disk("Primary"))) == f"{whole}no comparison on record"
    assert line_of(seen("n1", disk("Primary") | {"verified": compared})) == f"{whole}compared 2026-11-23 07:13 UTC"
    found = disk("Primary") | {"verified": compared | {"bytes_out_of_sync": 65536}}
    assert line_of(seen("n1", found)).endswith("UTC and 64 kB differed")
    assert line_of(seen("n2", one)) == "disk of n2: Secondary, Inconsistent, Connected, resync 43 %, 12 s left"
    assert "Connected, 8 kB differ, " in line_of(seen("n1", disk("Primary", out_of_sync=8192)))
    assert "WRITES WAIT" in line_of(seen("n1", disk("Primary", suspended=True)))
    assert line_of(seen("n2", DOWN)) == "disk of n2: down"
    assert line_of(seen("n1", {})) == ""
