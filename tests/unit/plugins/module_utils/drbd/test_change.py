# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which steps lead to a state, and which are refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.change import STATES, Situation, reached, steps
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.model import Disk, Progress, Role
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.parse import parse_generations, parse_proc

_OLD = Path(__file__).parents[4] / "fixtures" / "drbd" / "8.4.11"


def _now(state: str, *adjustments: str) -> Situation:
    resource = parse_proc((_OLD / f"{state}.txt").read_text(), 0)
    generations = (_OLD / f"{state}.gi").read_text()
    return Situation(resource, parse_generations(generations) if resource else None, adjustments)


_DOWN = "wfconnection-n2"


@pytest.mark.parametrize(
    ("wanted", "state", "expected"),
    [
        ("up", _DOWN, ("up",)),
        ("up", "connected-n1", ()),
        ("down", "connected-n1", ("down",)),
        ("down", _DOWN, ()),
        ("adjusted", _DOWN, ()),
        ("connected", "connected-n1", ()),
        ("connected", "wfconnection-n1", ()),
        ("connected", "split_brain-n1", ("disconnect", "connect")),
        ("disconnected", "connected-n1", ("disconnect",)),
        ("disconnected", "split_brain-n1", ()),
        ("primary", "connected-n1", ("primary",)),
        ("primary", "primary-n1", ()),
        ("secondary", "primary-n1", ("secondary",)),
        ("secondary", "primary-n2", ()),
        ("first_sync_skipped", "fresh-n1", ("skip_first_sync",)),
        ("first_sync_skipped", "connected-n1", ()),
        ("first_sync_started", "fresh-n1", ("force_primary", "secondary")),
        ("first_sync_started", "syncing-n1", ()),
        ("synchronized", "syncing-n1", ()),
        ("discarding", "split_brain-n2", ("keep_copy", "disconnect", "discard")),
        ("discarding", "resolved-n2", ()),
        ("invalidated", "resolved-n2", ("invalidate",)),
        ("invalidated", "syncing-n2", ()),
        ("repaired", "differs-n2", ("disconnect", "connect")),
        ("repaired", "primary-n2", ()),
        ("repaired", "primary-n1", ()),
        # What is behind is copied by itself.
        ("repaired", "syncing-n2", ()),
        ("repaired", "ahead-n2", ()),
    ],
)
def test_each_state_and_its_steps(wanted: str, state: str, expected: tuple[str, ...]) -> None:
    assert wanted in STATES
    assert steps(wanted, _now(state)) == expected


def test_a_changed_file_is_put_in_force_where_the_device_is_up() -> None:
    assert steps("adjusted", _now("connected-n1", "drbdsetup-84 disk-options 0")) == ("adjust",)
    assert steps("up", _now("connected-n1", "drbdsetup-84 disk-options 0")) == ("adjust",)


@pytest.mark.parametrize(
    ("wanted", "state", "message"),
    [
        ("primary", "syncing-n2", "Inconsistent"),
        ("primary", "primary-n2", "the other server is Primary"),
        ("primary", _DOWN, "not up"),
        ("secondary", _DOWN, "not up"),
        ("first_sync_skipped", "syncing-n2", "not both fresh"),
        ("first_sync_started", "inconsistent-n2", "not both fresh"),
        ("discarding", "split_brain-n1", "its data is in use"),
        ("invalidated", "primary-n1", "its data is in use"),
        ("invalidated", "split_brain-n2", "refused"),
        # The primary's blocks are the ones that count.
        ("repaired", "differs-n1", "not copied now: this server is Primary"),
        ("repaired", _DOWN, "not up"),
    ],
)
def test_what_would_lose_data_is_refused(wanted: str, state: str, message: str) -> None:
    with pytest.raises(PghaError, match=message):
        steps(wanted, _now(state))


@pytest.mark.parametrize(
    ("wanted", "state", "there"),
    [
        ("down", _DOWN, True),
        ("down", "connected-n1", False),
        ("up", _DOWN, False),
        ("up", "wfconnection-n1", True),
        ("up", "diskless-n2", False),
        ("connected", "wfconnection-n1", False),
        ("connected", "fresh-n1", True),
        ("disconnected", "split_brain-n1", True),
        ("primary", "primary-n1", True),
        ("secondary", "primary-n1", False),
        ("synchronized", "syncing-n1", False),
        ("synchronized", "resolved-n2", True),
        ("repaired", "differs-n2", False),
        ("repaired", "standalone-secondary-n2", False),
        ("repaired", "syncing-n2", True),
        ("repaired", "primary-n2", True),
        ("first_sync_skipped", "connected-n1", True),
        ("first_sync_started", "fresh-n1", False),
        ("discarding", "split_brain-n2", False),
        ("discarding", "wfconnection-n1", True),
        ("invalidated", "diskless-n2", False),
    ],
)
def test_when_a_state_is_reached(wanted: str, state: str, there: bool) -> None:
    assert reached(wanted, _now(state).resource) is there


@pytest.mark.parametrize(
    "changed",
    [
        # Two that were Secondary all the time copy nothing when they meet again.
        {"peer_role": Role.SECONDARY},
        {"peer_role": Role.UNKNOWN},
        # A verification would be broken off.
        {"progress": Progress("verify", "target", 10.0, 5)},
    ],
)
def test_nothing_is_repaired_from_a_server_that_does_not_write_or_in_a_verification(changed: dict[str, Any]) -> None:
    resource = _now("differs-n2").resource
    assert resource is not None
    with pytest.raises(PghaError, match="not copied now"):
        steps("repaired", Situation(replace(resource, **changed), None))


def _alone(disk: Disk, **changed: Any) -> Situation:
    now = _now("wfconnection-n1")
    assert now.resource is not None
    return replace(now, resource=replace(now.resource, disk=disk, peer_role=Role.UNKNOWN, **changed))


def test_a_person_may_vouch_for_a_disk_that_came_back_alone() -> None:
    assert "vouched" in STATES
    assert steps("vouched", _alone(Disk.CONSISTENT)) == ("force_primary", "secondary")
    assert steps("vouched", _alone(Disk.OUTDATED)) == ("force_primary", "secondary")
    assert steps("vouched", _alone(Disk.UP_TO_DATE)) == ()


@pytest.mark.parametrize(
    "now",
    [
        # It never was whole, or is not there at all.
        _alone(Disk.INCONSISTENT),
        _alone(Disk.DISKLESS),
        _alone(Disk.CONSISTENT, connection="Connected"),
    ],
)
def test_nobody_can_vouch_for_a_disk_that_was_never_whole_or_is_not_alone(now: Situation) -> None:
    with pytest.raises(PghaError, match="Nobody can vouch"):
        steps("vouched", now)


def test_vouching_has_worked_when_the_disk_counts_as_up_to_date() -> None:
    assert not reached("vouched", _alone(Disk.CONSISTENT).resource)
    assert reached("vouched", _alone(Disk.UP_TO_DATE).resource)
