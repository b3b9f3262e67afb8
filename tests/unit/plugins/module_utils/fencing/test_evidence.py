# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a device is, several devices of one server, and views that contradict each other."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Value, Verdict, judge, safe, unsafe
from ansible_collections.pgha.cluster.plugins.module_utils.fencing.check import (
    Asked,
    Target,
    View,
    addressed,
    combine,
    fingerprint,
    join,
    verdict,
)
from hypothesis import given
from hypothesis import strategies as st

OWN = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
OTHER = "3f2504e0-4f89-11d3-9a0c-0305e82c3302"
MARK = fingerprint("fence_apc", {"ip": "10.0.2.5", "plug": "3"})


def target(**changed: Any) -> Target:
    usual: dict[str, Any] = {"name": "n1", "configured": True, "online": True, "hardware": OWN, "failed": False}
    return Target(**usual | {"others": frozenset({"n2"})} | changed)


def asked(guid: str = "", *names: str, seconds: float = 0.2) -> Asked:
    return Asked("on", "", seconds, guid, frozenset(names))


@pytest.mark.parametrize(
    ("who", "answer", "value", "code"),
    [
        (target(), asked(OWN), Value.SAFE, "identity_agrees"),
        (target(), asked("", "n1"), Value.SAFE, "named"),
        (target(), asked("", "3", "n1"), Value.SAFE, "named"),
        (target(), asked("", "n2"), Value.UNSAFE, "named_differently"),
        (target(), asked("", "3", "rack 4 left"), Value.UNKNOWN, "no_identity"),
        (target(tested=MARK), asked(), Value.SAFE, "tested"),
        (target(tested="made with other parameters"), asked(), Value.UNKNOWN, "no_identity"),
        (target(hardware="", tested=MARK), asked(OWN), Value.SAFE, "tested"),
        (target(hardware=""), asked(OWN), Value.UNKNOWN, "not_asked"),
        # What the hardware says outweighs what somebody has typed or tested earlier: plugs are moved.
        (target(tested=MARK), asked(OTHER, "n1"), Value.UNSAFE, "identity_differs"),
        (target(tested=MARK), asked("", "n2"), Value.UNSAFE, "named_differently"),
    ],
)
def test_the_best_evidence_says_whose_a_device_is(who: Target, answer: Asked, value: Value, code: str) -> None:
    found = verdict(who, answer, {}, MARK)
    assert found.value is value
    assert code in [reason.code for reason in found.reasons]


def test_a_test_without_a_fingerprint_proves_nothing() -> None:
    assert verdict(target(tested=""), asked(), {}, "").value is Value.UNKNOWN


@pytest.mark.parametrize(
    ("limit", "seconds", "value"), [("", 5.0, Value.SAFE), ("20s", 5.0, Value.UNSAFE), ("2min", 11.0, Value.SAFE)]
)
def test_the_devices_own_time_limit_counts_before_the_clusters(limit: str, seconds: float, value: Value) -> None:
    found = verdict(target(), asked(OWN, seconds=seconds), {"stonith-timeout": "60s"}, MARK, limit)
    assert found.value is value


def test_a_fingerprint_stands_for_agent_and_parameters() -> None:
    assert fingerprint("fence_apc", {"plug": "3", "ip": "10.0.2.5"}) == MARK
    assert fingerprint("fence_apc", {"plug": "4", "ip": "10.0.2.5"}) != MARK
    assert fingerprint("fence_apc_snmp", {"plug": "3", "ip": "10.0.2.5"}) != MARK


@pytest.mark.parametrize(
    ("params", "plug"),
    [
        ({"pcmk_host_map": "n1:3;n2:4"}, "3"),
        ({"pcmk_host_map": "n2:4, n1:7"}, "7"),
        ({"pcmk_host_map": "n2:4"}, None),
        ({"pcmk_host_map": "n1:3", "plug": "9"}, "9"),
        ({}, None),
    ],
)
def test_the_plug_is_the_one_that_the_cluster_would_switch(params: dict[str, str], plug: str | None) -> None:
    assert addressed(params, "n1").get("plug") == plug


GOOD, DEAD = judge([safe("identity_agrees", "")]), judge([unsafe("no_answer", "no route")])
FOREIGN = judge([unsafe("identity_differs", "another server's")])


@pytest.mark.parametrize(
    ("views", "value"),
    [
        ([], Value.UNKNOWN),
        ([View("a", 1, GOOD)], Value.SAFE),
        # Both of one level are needed: two power supplies.
        ([View("a", 1, GOOD), View("b", 1, DEAD)], Value.UNSAFE),
        ([View("a", 1, GOOD), View("b", 2, DEAD)], Value.SAFE),
        ([View("a", 1, DEAD), View("b", 2, GOOD)], Value.SAFE),
        ([View("a", 1, DEAD), View("b", 2, DEAD)], Value.UNSAFE),
        ([View("a", 1, GOOD), View("b", 2, FOREIGN)], Value.UNSAFE),
    ],
)
def test_devices_of_one_server(views: list[View], value: Value) -> None:
    assert combine(views).value is value


def test_a_spare_device_that_fails_is_told() -> None:
    found = combine([View("a", 1, GOOD), View("spare", 2, DEAD)])
    assert [reason.message for reason in found.reasons if reason.code == "spare"] == ["spare, level 2: no route"]


verdicts = st.lists(st.sampled_from([GOOD, DEAD, FOREIGN, judge([])]), max_size=4)


@given(verdicts)
def test_who_finds_another_server_behind_the_device_is_always_heard(views: list[Verdict]) -> None:
    assert (join(views).value is Value.SAFE) == (GOOD in views and FOREIGN not in views)
    levels = [View(str(number), number, view) for number, view in enumerate(views)]
    assert FOREIGN not in views or combine(levels).value is Value.UNSAFE
