# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node's state and attributes, and which failures belong to a resource."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import cib
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.parse import parse_attributes, parse_monitor
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.plan_node import Wanted, failures_of, make_plan
from ansible_collections.pgha.cluster.tests.support.fake_pacemaker import VERSIONS, fixture
from hypothesis import given
from hypothesis import strategies as st

LIFETIMES = st.sampled_from(["forever", "reboot"])
NAMES = st.sampled_from(["a", "b", "standby", "maintenance"])
VALUES = st.sampled_from(["on", "true", "off", "1", "0", "x"])


@pytest.mark.parametrize(
    ("lasting", "transient", "state", "lifetime", "steps"),
    [
        ({}, {}, "unchanged", "forever", []),
        ({}, {}, "online", "forever", []),
        ({}, {}, "standby", "forever", [("standby", "on", "forever")]),
        ({"standby": "off"}, {}, "standby", "forever", [("standby", "on", "forever")]),
        ({"standby": "true"}, {}, "standby", "forever", []),
        ({"standby": "on"}, {}, "standby", "reboot", [("standby", "on", "reboot")]),
        (
            {"standby": "on"},
            {"standby": "on"},
            "online",
            "forever",
            [("standby", None, "forever"), ("standby", None, "reboot")],
        ),
        ({"maintenance": "true"}, {}, "online", "reboot", [("maintenance", None, "forever")]),
        ({"standby": "off"}, {}, "online", "forever", []),
        ({}, {}, "maintenance", "forever", [("maintenance", "true", "forever")]),
    ],
)
def test_states(
    lasting: dict[str, str],
    transient: dict[str, str],
    state: str,
    lifetime: str,
    steps: list[tuple[str, str | None, str]],
) -> None:
    plan = make_plan({"n1": (lasting, transient)}, Wanted("n1", state, {}, lifetime))
    assert [(step.name, step.value, step.lifetime) for step in plan] == steps


@pytest.mark.parametrize(
    ("current", "value", "step"),
    [
        ({}, "ready", [("k", "ready")]),
        ({"k": "ready"}, "ready", []),
        ({"k": "old"}, 7, [("k", "7")]),
        ({"k": "true"}, True, []),
        ({"k": "x"}, None, [("k", None)]),
        ({}, None, []),
        ({"k": ""}, None, [("k", None)]),
    ],
)
def test_attributes(current: dict[str, str], value: object, step: list[tuple[str, str | None]]) -> None:
    plan = make_plan({"n1": (current, {})}, Wanted("n1", "unchanged", {"k": value}, "forever"))
    assert [(s.name, s.value) for s in plan] == step


def test_unknown_nodes_and_states_in_disguise_are_refused() -> None:
    with pytest.raises(PghaError, match="no node named n9"):
        make_plan({"n1": ({}, {})}, Wanted("n9", "online", {}, "forever"))
    with pytest.raises(PghaError, match="standby is a state"):
        make_plan({"n1": ({}, {})}, Wanted("n1", "unchanged", {"standby": "on"}, "forever"))


@given(
    lasting=st.dictionaries(NAMES, VALUES),
    transient=st.dictionaries(NAMES, VALUES),
    state=st.sampled_from(["online", "standby", "maintenance", "unchanged"]),
    attributes=st.dictionaries(st.sampled_from(["a", "b"]), st.one_of(st.none(), VALUES)),
    lifetime=LIFETIMES,
)
def test_what_was_applied_leaves_nothing_to_do(
    lasting: dict[str, str],
    transient: dict[str, str],
    state: str,
    attributes: dict[str, object],
    lifetime: str,
) -> None:
    wanted = Wanted("n1", state, attributes, lifetime)
    values = {"forever": lasting, "reboot": transient}
    for step in make_plan({"n1": (lasting, transient)}, wanted):
        if step.value is None:
            del values[step.lifetime][step.name]
        else:
            values[step.lifetime][step.name] = step.value
    assert make_plan({"n1": (lasting, transient)}, wanted) == ()


@pytest.mark.parametrize("version", VERSIONS)
def test_failures_of_a_real_cluster(version: str) -> None:
    monitor = parse_monitor(fixture(version, "crm_mon-failed.xml"))
    attributes = parse_attributes(cib.read(fixture(version, "cib-failed.xml")))
    (failure,) = failures_of(monitor, attributes, None, None)
    other = next(node.name for node in monitor.nodes if node.name != failure.node)
    assert failures_of(monitor, attributes, "pair", None) == (failure,)
    assert failures_of(monitor, attributes, "ga", failure.node) == (failure,)
    assert failures_of(monitor, attributes, "ga", other) == ()
    assert failures_of(monitor, attributes, "gb", None) == ()
    with pytest.raises(PghaError, match="no resource named nix"):
        failures_of(monitor, attributes, "nix", None)
    with pytest.raises(PghaError, match="no node named nix"):
        failures_of(monitor, attributes, None, "nix")


def test_a_fail_count_without_its_failure_still_counts() -> None:
    monitor = parse_monitor(fixture("2.1", "crm_mon-healthy.xml"))
    counts = {"fail-count-ga#monitor_10000": "2", "fail-count-gb#start_0": "0", "last-failure-ga#monitor_10000": "17"}
    (failure,) = failures_of(monitor, {"n1": ({}, counts)}, None, None)
    assert (failure.resource, failure.task, failure.node) == ("ga", "monitor", "n1")
