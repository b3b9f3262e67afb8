# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may become primary, whose data may go, and when the first sync may be left out: the tables of the decisions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Value
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.model import Disk, Generations, Resource, Role
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.parse import parse_generations, parse_proc
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.plan import (
    Pristine,
    Sync,
    discard,
    first_sync,
    promotion,
    sizes,
)
from hypothesis import given
from hypothesis import strategies as st

_OLD = Path(__file__).parents[4] / "fixtures" / "drbd" / "8.4.11"


def _state(name: str) -> Resource | None:
    return parse_proc((_OLD / f"{name}.txt").read_text(), 0)


def _generations(name: str) -> Generations:
    return parse_generations((_OLD / f"{name}.gi").read_text())


@pytest.mark.parametrize(
    ("state", "value", "code"),
    [
        ("connected-n1", Value.SAFE, "peer_secondary"),
        ("primary-n1", Value.SAFE, "peer_secondary"),
        ("primary-n2", Value.UNSAFE, "peer_primary"),
        ("ahead-n1", Value.SAFE, "peer_outdated"),
        ("ahead-n2", Value.UNSAFE, "disk_outdated"),
        ("syncing-n1", Value.SAFE, "peer_secondary"),
        ("syncing-n2", Value.UNSAFE, "disk_inconsistent"),
        ("inconsistent-n2", Value.UNSAFE, "disk_inconsistent"),
        ("diskless-n2", Value.UNSAFE, "disk_diskless"),
        ("fresh-n1", Value.UNSAFE, "disk_inconsistent"),
        ("wfconnection-n1", Value.UNSAFE, "peer_unknown"),
        ("wfconnection-n2", Value.UNKNOWN, "not_up"),
    ],
)
def test_promotion_in_real_states(state: str, value: Value, code: str) -> None:
    verdict = promotion(_state(state))
    assert verdict.value is value
    assert code in {reason.code for reason in verdict.reasons}


_RESOURCES = st.builds(
    Resource,
    minor=st.just(0),
    connection=st.sampled_from(["Connected", "Connecting", "StandAlone", "New"]),
    replication=st.sampled_from(["Off", "Established", "SyncTarget", "SyncSource", "WFBitMapT", "New"]),
    role=st.sampled_from(Role),
    peer_role=st.sampled_from(Role),
    disk=st.sampled_from(Disk),
    peer_disk=st.sampled_from(Disk),
    out_of_sync=st.none(),
    progress=st.none(),
    suspended=st.booleans(),
)


@given(_RESOURCES)
def test_promotion_is_never_safe_without_the_latest_data_and_a_peer_that_does_not_write(one: Resource) -> None:
    if promotion(one).value is Value.SAFE:
        assert one.disk is Disk.UP_TO_DATE
        assert one.peer_role is not Role.PRIMARY
        assert one.connected or one.peer_disk in (Disk.OUTDATED, Disk.INCONSISTENT)
        assert not one.suspended


@pytest.mark.parametrize("disk", [Disk.CONSISTENT, Disk.UNKNOWN, Disk.ATTACHING])
def test_what_nobody_knows_is_unknown(disk: Disk) -> None:
    one = _state("connected-n1")
    assert one is not None
    assert promotion(replace(one, disk=disk)).value is Value.UNKNOWN
    assert promotion(replace(one, suspended=True)).value is Value.UNKNOWN


def test_only_a_server_that_nobody_writes_to_gives_its_data_up() -> None:
    assert discard(_state("split_brain-n2")).value is Value.SAFE
    assert discard(_state("split_brain-n1")).value is Value.UNSAFE
    assert discard(_state("fresh-n1")).value is Value.UNSAFE
    assert discard(None).value is Value.UNKNOWN


def _pair(first: str, second: str, blank: tuple[bool, bool] = (True, True)) -> list[Pristine]:
    named = zip(("n1", "n2"), (first, second), blank, strict=True)
    return [Pristine(name, 100, zero, _generations(one) if one else None) for name, one, zero in named]


@pytest.mark.parametrize(
    ("servers", "action"),
    [
        (_pair("fresh-n1", "fresh-n2"), Sync.SKIP),
        (_pair("fresh-n1", "fresh-n2", (True, False)), Sync.FULL),
        (_pair("fresh-n1", "fresh-n2", (False, False)), Sync.FULL),
        (_pair("connected-n1", "fresh-n2"), Sync.NONE),
        (_pair("connected-n1", "connected-n2"), Sync.NONE),
        (_pair("fresh-n1", ""), Sync.NONE),
        (_pair("fresh-n1", "fresh-n2")[:1], Sync.NONE),
    ],
)
def test_the_first_sync_is_left_out_only_where_both_are_known_to_be_zero(servers: list[Pristine], action: Sync) -> None:
    decided = first_sync(servers, "n1")
    assert decided.action is action
    assert decided.primary == ("n1" if action is Sync.FULL else "")
    assert first_sync(servers[::-1], "n1") == decided


def test_devices_of_two_sizes_do_not_fit() -> None:
    pair = _pair("fresh-n1", "fresh-n2")
    assert sizes(pair).value is Value.SAFE
    assert sizes([pair[0], replace(pair[1], size=101)]).value is Value.UNSAFE
    assert sizes([pair[0], replace(pair[1], size=0)]).value is Value.UNKNOWN
