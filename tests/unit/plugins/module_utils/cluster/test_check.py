# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory may be, and everything that it may not: each problem with its place."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.check import announcement, problems, warnings
from hypothesis import given
from hypothesis import strategies as st


def server(name: str, last: int, role: str = "database") -> dict[str, Any]:
    addresses = {"public": f"10.0.0.{last}", "replication": f"10.0.1.{last}"}
    device = {
        "name": f"fence-{name}",
        "agent": "fence_ipmilan",
        "options": {"ip": f"10.0.2.{last}"},
        "secrets": {"password": "s3cret"},
    }
    return {
        "name": name,
        "role": role,
        "addresses": addresses,
        "fence_devices": [device] if role == "database" else [],
    }


def good() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    servers = [server("n1", 11), server("n2", 12), server("v1", 19, "vote")]
    values = {
        "stack": "pacemaker",
        "cluster_name": "demo",
        "primary": "n1",
        "replication_mode": "sync",
        "networks": {"public": "10.0.0.0/24", "replication": "10.0.1.0/24"},
        "virtual_addresses": {"write": "10.0.0.100", "read": "10.0.0.101", "replication": "10.0.1.100"},
        "ping_targets": ["10.0.0.1"],
        "client_networks": ["10.0.0.0/24"],
        "clone_max_rate": "51200",
        "accept_split_brain": False,
    }
    return servers, values


def test_a_good_inventory_has_no_problem() -> None:
    servers, values = good()
    assert problems(servers, values) == []
    assert warnings(values, servers) == []
    assert "fencing: n1, n2; tie-breaker: v1" in announcement(values, servers)


Change = Callable[[list[dict[str, Any]], dict[str, Any]], Any]
WRONG: list[tuple[str, Change, str]] = [
    ("no network", lambda s, v: v.update(networks=None), "pgha_networks"),
    ("a network lacks", lambda s, v: v["networks"].pop("replication"), "has no network replication"),
    ("no CIDR", lambda s, v: v["networks"].update(public="10.0.0.0"), "'10.0.0.0' is no network"),
    ("host bits", lambda s, v: v["networks"].update(public="10.0.0.5/24"), "write 10.0.0.0/24"),
    ("overlap", lambda s, v: v["networks"].update(replication="10.0.0.0/16"), "overlaps"),
    ("wrong type", lambda s, v: s[0].update(addresses="10.0.0.11"), "must map the networks"),
    ("missing address", lambda s, v: s[0]["addresses"].pop("replication"), "n1: pgha_addresses: has no address"),
    ("no address", lambda s, v: s[0]["addresses"].update(public="10.0.0.300"), "'10.0.0.300' is no address"),
    ("outside", lambda s, v: s[0]["addresses"].update(public="10.9.0.1"), "outside of the network public"),
    ("broadcast", lambda s, v: s[0]["addresses"].update(public="10.0.0.255"), "broadcast"),
    ("unknown network", lambda s, v: s[0]["addresses"].update(storage="10.3.0.1"), "no network storage"),
    ("duplicate", lambda s, v: s[1]["addresses"].update(public="10.0.0.11"), "taken already by n1"),
    ("virtual taken", lambda s, v: v["virtual_addresses"].update(write="10.0.0.12"), "taken already by n2"),
    ("virtual lacks", lambda s, v: v["virtual_addresses"].pop("read"), "has no read address"),
    ("virtual outside", lambda s, v: v["virtual_addresses"].update(replication="10.0.0.5"), "outside of the network"),
    ("virtual unknown", lambda s, v: v["virtual_addresses"].update(wirte="10.0.0.7"), "is unknown"),
    ("primary unknown", lambda s, v: v.update(primary="n9"), "'n9' is no server of pgha_database (n1, n2)"),
    ("primary is the vote host", lambda s, v: v.update(primary="v1"), "no server of pgha_database"),
    ("mode", lambda s, v: v.update(replication_mode="quick"), "neither sync nor async"),
    ("stack", lambda s, v: v.update(stack="pacemaker2"), "'pacemaker2' is unknown; known are pacemaker"),
    ("firewall", lambda s, v: v.update(firewall="no"), "pgha_firewall"),
    ("cluster name", lambda s, v: v.update(cluster_name="My Cluster"), "pgha_cluster_name"),
    ("server name", lambda s, v: s[0].update(name="N_1"), "no usable server name"),
    ("ping", lambda s, v: v.update(ping_targets="10.0.0.1"), "pgha_ping_targets"),
    ("clients", lambda s, v: v.update(client_networks=["everyone"]), "pgha_client_networks"),
    ("rate too low", lambda s, v: v.update(clone_max_rate=31), "pgha_clone_max_rate: 31 is no limit; write kilobytes"),
    ("rate too high", lambda s, v: v.update(clone_max_rate=1048577), "pgha_clone_max_rate: 1048577 is no limit"),
    ("rate with a unit", lambda s, v: v.update(clone_max_rate="50M"), "pgha_clone_max_rate: '50M' is no limit"),
    ("rate that is none", lambda s, v: v.update(clone_max_rate=True), "pgha_clone_max_rate: True is no limit"),
    ("no fencing", lambda s, v: s[1].update(fence_devices=[]), "n2 cannot be powered off"),
    ("no BMC address", lambda s, v: s[0]["fence_devices"][0].update(options={}), "management controller's ip"),
    ("no BMC password", lambda s, v: s[0]["fence_devices"][0].update(secrets={}), "secrets.password"),
    ("one server", lambda s, v: s.pop(1), "a cluster needs two or more"),
    ("two vote hosts", lambda s, v: s.append(server("v2", 20, "vote")), "more than one server"),
    ("accept is text", lambda s, v: v.update(accept_split_brain="maybe"), "neither true nor false"),
    (
        "four without a tie-breaker",
        lambda s, v: s.__setitem__(slice(2, 3), [server("n3", 13), server("n4", 14)]),
        "halves",
    ),
]


@pytest.mark.parametrize(("what", "change", "says"), WRONG, ids=[one[0] for one in WRONG])
def test_each_mistake_is_named(what: str, change: Change, says: str) -> None:
    servers, values = copy.deepcopy(good())
    change(servers, values)
    found = [str(problem) for problem in problems(servers, values)]
    assert any(says in problem for problem in found), f"{what}: {found}"


def test_all_mistakes_are_told_at_once() -> None:
    servers, values = good()
    values.update(primary="n9", replication_mode="quick")
    servers[1]["fence_devices"] = []
    assert len(problems(servers, values)) == 3


@pytest.mark.parametrize(("count", "said"), [(2, ["lose the last commits"]), (3, ["lose the last", "promotes nobody"])])
def test_what_commits_that_wait_for_nobody_cost_is_said(count: int, said: list[str]) -> None:
    servers, values = good()
    values["replication_mode"] = "async"
    third = {**servers[1], "name": "n3"}
    found = warnings(values, [*servers, *[third] * (count - 2)])
    assert len(found) == len(said)
    assert all(words in warning for words, warning in zip(said, found, strict=True))


def test_split_brain_may_be_accepted_and_is_warned_about() -> None:
    servers, values = good()
    servers[0]["fence_devices"] = []
    values["accept_split_brain"] = True
    assert problems(servers, values) == []
    assert "two servers may take writes" in warnings(values, servers)[0]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(anything, st.dictionaries(st.sampled_from(sorted(good()[1])), anything))
def test_whatever_is_written_yields_problems_and_no_crash(servers: Any, values: dict[str, Any]) -> None:
    assert problems(servers, values)
