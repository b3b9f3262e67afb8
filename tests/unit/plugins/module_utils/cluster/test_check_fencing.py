# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fence devices and values of any kind, as an operator may have written them: refused before a server is touched."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.check import problems
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.check_fencing import devices, shared_devices
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.topology import topology
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.written import address, network, same
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.fencing.device import IPMITOOL_AGENTS, devices_of, files
from ansible_collections.pgha.cluster.tests.unit.plugins.module_utils.cluster.test_check import good, server
from hypothesis import example, given
from hypothesis import strategies as st

Change = Callable[[dict[str, Any]], Any]
WRONG: list[tuple[str, Change, str]] = [
    ("agent", lambda d: d.update(agent="/bin/fence"), "is no fence agent"),
    ("name", lambda d: d.update(name="Fence 1"), "needs a name of small letters"),
    ("level is text", lambda d: d.update(level="first"), "the level 'first' is no number"),
    ("level is a truth", lambda d: d.update(level=True), "the level True is no number"),
    ("level too high", lambda d: d.update(level=10), "the level 10 is no number"),
    ("password for all to read", lambda d: d["options"].update(password="p"), "put it under secrets"),
    ("option", lambda d: d["options"].update({"ip address": "10.0.2.1"}), "no agent can have"),
    ("two lines", lambda d: d["secrets"].update(password="one\ntwo"), "more than one line"),
    ("longer than IPMI knows", lambda d: d["secrets"].update(password="p" * 21), "longer than the 20 bytes"),
    ("iLO without address", lambda d: d.update(agent="fence_ilo5", options={}), "management controller's ip is None"),
]


@pytest.mark.parametrize(("what", "change", "says"), WRONG, ids=[one[0] for one in WRONG])
def test_each_mistake_in_a_device_is_named(what: str, change: Change, says: str) -> None:
    servers, values = good()
    change(servers[0]["fence_devices"][0])
    found = [str(problem) for problem in problems(servers, values)]
    assert [problem for problem in found if problem.startswith("n1: pgha_fence_devices") and says in problem], found


def test_no_problem_tells_a_secret() -> None:
    servers, values = good()
    servers[0]["fence_devices"][0].update(secrets={"password": "s3cr3t-" * 9}, agent="fence_ilo5", options={})
    assert not [problem for problem in problems(servers, values) if "s3cr3t" in str(problem)]


def shared(first: dict[str, Any], second: dict[str, Any]) -> list[str]:
    servers = [server("n1", 11), server("n2", 12)]
    for one, options in zip(servers, (first, second), strict=True):
        one["fence_devices"][0]["options"] = options
    return [problem.what for problem in shared_devices(servers)]


@pytest.mark.parametrize(
    ("first", "second", "problem"),
    [
        ({"ip": "10.0.2.1"}, {"ip": "10.0.2.2"}, False),
        ({"ip": "10.0.2.1"}, {"ip": "10.0.2.1"}, True),
        ({"ip": "10.0.2.1", "ipport": 623}, {"ip": "10.0.2.1", "ipport": 624}, False),
        ({"ip": "10.0.2.1", "plug": 3}, {"ip": "10.0.2.1", "plug": 4}, False),
        ({"ip": "10.0.2.1", "plug": 3}, {"ip": "10.0.2.1", "plug": "3"}, True),
        ({"ip": "10.0.2.1", "port": "n"}, {"ip": "10.0.2.1", "plug": "n"}, True),
        ({"ip": "fd00::1"}, {"ip": "fd00:0::1"}, True),
    ],
)
def test_one_plug_is_not_the_device_of_two_servers(
    first: dict[str, Any], second: dict[str, Any], problem: bool
) -> None:
    assert bool(shared(first, second)) is problem


def test_one_controller_may_be_asked_in_two_ways_for_one_server() -> None:
    servers, values = good()
    spare = {**copy.deepcopy(servers[0]["fence_devices"][0]), "name": "fence-n1-spare", "level": 2}
    servers[0]["fence_devices"].append(spare)
    assert problems(servers, values) == []


def test_two_devices_of_one_name_would_overwrite_each_other() -> None:
    servers, values = good()
    servers[1]["fence_devices"][0]["name"] = "fence-n1"
    assert any("fence-n1 is taken already by a device of n1" in str(one) for one in problems(servers, values))


def test_a_controller_does_not_have_the_address_of_a_server() -> None:
    servers, values = good()
    servers[0]["fence_devices"][0]["options"]["ip"] = "10.0.1.12"
    assert any("10.0.1.12 is taken already by n2" in str(one) for one in problems(servers, values))


def test_a_database_server_is_not_its_own_tie_breaker() -> None:
    servers, values = good()
    servers[2]["name"] = "n1"
    assert any(str(one).startswith("n1: is in pgha_database and in pgha_vote") for one in problems(servers, values))


def test_one_address_in_two_spellings_is_one_address() -> None:
    servers, values = good()
    values["networks"]["management"] = "fd00::/64"
    servers[0]["addresses"]["management"] = "fd00::12"
    servers[1]["addresses"]["management"] = "fd00:0:0::12"
    assert any("taken already by n1" in str(one) for one in problems(servers, values))


@pytest.mark.parametrize("text", ["10/8", "10.0.0.0/ 24", "10.0.0.0/24\n", "10.0.0.0/٢٤", "0.0.0.0", "", None, 24])
def test_what_only_netaddr_takes_for_a_network_is_none(text: Any) -> None:
    assert network(text) is None


def test_addresses_and_how_they_are_compared() -> None:
    assert address("10.0.0.1\x00") is None
    assert same("fd00:0::1") == same("fd00::1")
    assert same(7) == "7"


def test_the_role_and_the_check_know_the_same_ipmitool_agents() -> None:
    path = Path(__file__).parents[5] / "roles" / "fencing" / "vars" / "main.yml"
    assert set(yaml.safe_load(path.read_text(encoding="utf-8"))["__fencing_ipmitool_agents"]) == IPMITOOL_AGENTS


junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["10.0.0.11", "n1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | st.integers(), inner, max_size=3),
    max_leaves=6,
)
device_like = st.fixed_dictionaries({}, optional=dict.fromkeys(("name", "agent", "level", "options", "secrets"), junk))
server_like = st.fixed_dictionaries(
    {"role": st.sampled_from(["database", "vote", "other"])},
    optional={"name": junk, "addresses": junk, "fence_devices": junk | st.lists(device_like | junk, max_size=2)},
)


@example(
    [{"role": "database", "addresses": {"public": None}}, {"role": "database", "fence_devices": [{"options": {}}]}], {}
)
@given(st.lists(server_like | junk, max_size=3), st.dictionaries(st.sampled_from(sorted(good()[1])), junk))
def test_servers_of_any_shape_yield_problems_and_no_crash(servers: list[Any], values: dict[str, Any]) -> None:
    assert problems(servers, values)


@given(device_like)
def test_a_device_without_a_problem_is_one_that_the_role_takes(device: dict[str, Any]) -> None:
    written = {"agent": "fence_ipmilan", "name": "fence-n1", **device}
    if list(devices({"name": "n1", "fence_devices": [written]})):
        return
    taken = devices_of([{**written, "server": "n1"}])
    assert all(files(one, "/etc/pgha", sorted(IPMITOOL_AGENTS), "/usr/bin/ipmitool") is not None for one in taken)


@given(st.sampled_from(["10.0.0.0", "10.0.0.0/24", "10.0.1.0/24", "fd00::/64", "10.0.0.0/ 24", "10/8", "0.0.0.0/0"]))
def test_what_passes_can_be_joined_to_a_topology(text: str) -> None:
    servers, values = good()
    values["networks"]["public"] = text
    try:
        joined = topology(servers, values["networks"], values["virtual_addresses"])
    except (ValueError, PghaError):
        assert problems(servers, values)
    else:
        assert joined["database"] == ["n1", "n2"]
