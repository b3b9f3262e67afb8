# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may take over on purpose, and everything that speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.switchover import (
    ACCEPTABLE,
    Situation,
    choose,
    switchover_verdict,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Value, Verdict
from hypothesis import given
from hypothesis import strategies as st


def replica(name: str, **changed: Any) -> dict[str, Any]:
    return {"name": name, "state": "streaming", "sync_state": "sync", "lag_bytes": 0} | changed


def primary(*replicas: dict[str, Any], **changed: Any) -> dict[str, Any]:
    postgres = {
        "role": "primary",
        "timeline": 3,
        "replicas": replicas or [replica("n2")],
        "slots": [{"name": "pgha_n2", "temporary": False}],
        "longest_transaction_seconds": 0.2,
        "backups": 0,
    } | changed
    return {
        "name": "n1",
        "postgres": postgres,
        "attributes": {"pgha-data": "ready", "pgha-current": "yes"},
        "member": "online",
    }


def standby(name: str = "n2", *, found: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    postgres = {"role": "standby", "timeline": 3, "streaming": True} | changed
    return {
        "name": name,
        "postgres": postgres,
        "attributes": {"pgha-data": "ready", "pgha-current": "yes"},
        "member": "online",
    } | (found or {})


def situation(*servers: dict[str, Any], mode: str = "sync", quorum: bool = True, window: str = "") -> Situation:
    return Situation.of([{**one, "quorum": quorum, "window": window} for one in servers], mode)


def judged(*servers: dict[str, Any], target: str = "n2", accepted: Sequence[str] = (), **more: Any) -> Verdict:
    return switchover_verdict(situation(*servers, **more), target, accepted)


LONG = primary(longest_transaction_seconds=31.0)
BACKUP = primary(backups=1)
LOGICAL = primary(slots=[{"name": "warehouse", "temporary": False}, {"name": "pgha_n2", "temporary": False}])
NOT_READY = {"attributes": {"pgha-data": "cloning"}}
NOT_CURRENT = {"attributes": {"pgha-data": "ready"}}
TABLE = [
    ("all is well", [primary(), standby()], {}, Value.SAFE, "close_behind"),
    ("no primary", [standby("n1"), standby()], {}, Value.UNKNOWN, "no_primary"),
    ("two primaries", [primary(), primary() | {"name": "n2"}], {}, Value.UNSAFE, "two_primaries"),
    ("no quorum", [primary(), standby()], {"quorum": False}, Value.UNKNOWN, "no_quorum"),
    ("another one is under way", [primary(), standby()], {"window": "10:00"}, Value.UNSAFE, "under_way"),
    ("no such server", [primary(), standby()], {"target": "n9"}, Value.UNSAFE, "no_such_server"),
    ("nobody is named", [primary(), standby()], {"target": ""}, Value.UNSAFE, "no_such_server"),
    ("it gives no answer", [primary(), standby(role="")], {}, Value.UNKNOWN, "not_a_standby"),
    ("it is stopped", [primary(), standby(role="stopped")], {}, Value.UNKNOWN, "not_a_standby"),
    ("it is in maintenance", [primary(), standby(found={"member": "maintenance"})], {}, Value.UNSAFE, "not_online"),
    ("it is fenced", [primary(), standby(found={"member": "unclean"})], {}, Value.UNSAFE, "not_online"),
    ("its data is not proven", [primary(), standby(found=NOT_READY)], {}, Value.UNSAFE, "not_proven"),
    ("nobody vouches for it", [primary(), standby(found=NOT_CURRENT)], {}, Value.UNKNOWN, "not_current"),
    ("it has failed", [primary(), standby(found={"failures": ["monitor: timeout"]})], {}, Value.UNSAFE, "failed"),
    ("nobody sends to it", [primary(replica("n3")), standby()], {}, Value.UNSAFE, "not_streaming"),
    ("it catches up", [primary(replica("n2", state="catchup")), standby()], {}, Value.UNSAFE, "not_streaming"),
    ("it receives nothing", [primary(), standby(streaming=False)], {}, Value.UNSAFE, "not_streaming"),
    ("another timeline", [primary(), standby(timeline=2)], {}, Value.UNSAFE, "other_timeline"),
    ("not synchronous", [primary(replica("n2", sync_state="async")), standby()], {}, Value.UNSAFE, "not_synchronous"),
    ("asynchronous", [primary(replica("n2", sync_state="async")), standby()], {"mode": "async"}, Value.SAFE, ""),
    ("far behind", [primary(replica("n2", lag_bytes=2**24 + 1)), standby()], {}, Value.UNSAFE, "far_behind"),
    ("nobody knows how far", [primary(replica("n2", lag_bytes=None)), standby()], {}, Value.UNKNOWN, "lag_unknown"),
    ("a long transaction", [LONG, standby()], {}, Value.UNSAFE, "long_transaction"),
    ("that is accepted", [LONG, standby()], {"accepted": ["long_transaction"]}, Value.SAFE, "long_transaction"),
    ("another is accepted", [LONG, standby()], {"accepted": ["backup_running"]}, Value.UNSAFE, "long_transaction"),
    ("a backup", [BACKUP, standby()], {}, Value.UNSAFE, "backup_running"),
    ("a slot of others", [LOGICAL, standby()], {}, Value.UNSAFE, "slot_left_behind"),
    ("it is given up", [LOGICAL, standby()], {"accepted": ["slot_left_behind"]}, Value.SAFE, "slot_left_behind"),
]


@pytest.mark.parametrize(
    ("servers", "asked", "value", "code"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_who_may_take_over(servers: list[dict[str, Any]], asked: dict[str, Any], value: Value, code: str) -> None:
    verdict = judged(*servers, **asked)
    assert verdict.value is value, verdict
    assert not code or code in {reason.code for reason in verdict.reasons}, verdict


@given(
    role=st.sampled_from(["primary", "standby", "stopped", "not answering", ""]),
    state=st.sampled_from(["streaming", "catchup", "startup"]),
    sync_state=st.sampled_from(["sync", "quorum", "async", "potential"]),
    behind=st.one_of(st.none(), st.integers(0, 2**30)),
    member=st.sampled_from(["online", "offline", "unclean", "standby", "maintenance", "pending"]),
    quorum=st.booleans(),
    accepted=st.sets(st.sampled_from(sorted(ACCEPTABLE))),
)
def test_safe_means_that_every_commit_is_there(
    *, role: str, state: str, sync_state: str, behind: int | None, member: str, quorum: bool, accepted: set[str]
) -> None:
    giver = primary(replica("n2", state=state, sync_state=sync_state, lag_bytes=behind))
    taker = standby(role=role, found={"member": member})
    if judged(giver, taker, quorum=quorum, accepted=sorted(accepted)).value is Value.SAFE:
        assert (role, state, member, quorum) == ("standby", "streaming", "online", True)
        assert sync_state in {"sync", "quorum"}
        assert behind is not None


def test_the_standby_that_is_least_behind_is_chosen() -> None:
    giver = primary(replica("n2", lag_bytes=500), replica("n3", lag_bytes=100), replica("n4", sync_state="potential"))
    servers = [giver, standby("n2"), standby("n3"), standby("n4")]
    assert choose(situation(*servers)) == "n3"
    assert choose(situation(*servers, quorum=False)) == ""
    assert choose(situation(*servers[1:])) == ""


def test_what_a_person_may_accept_does_not_keep_a_standby_from_being_chosen() -> None:
    """So that the refusal names the transaction, and not that there was nobody to choose."""
    assert choose(situation(LONG, standby())) == "n2"
