# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles are told about the other servers."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.topology import (
    known_ids,
    numbered,
    servers_of,
    topology,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError

NETWORKS = {"public": "10.78.0.0/24", "replication": "10.78.1.0/25", "management": "10.78.2.0/24"}
VIRTUAL = {"write": "10.78.0.100", "read": "10.78.0.101", "replication": "10.78.1.100"}


def hostvars() -> dict[str, Any]:
    def host(last: int, device: bool) -> dict[str, Any]:
        addresses = {"public": f"10.78.0.{last}", "replication": f"10.78.1.{last}", "management": f"10.78.2.{last}"}
        devices = [{"name": f"fence-{last}", "agent": "fence_ipmilan", "options": {"ip": "10.78.2.200"}}]
        return {"ansible_host": addresses["management"], "pgha_addresses": addresses} | (
            {"pgha_fence_devices": devices} if device else {}
        )

    return {"n1": host(11, True), "n2": host(12, True), "v1": host(19, False)}


def made(variables: dict[str, Any] | None = None, vote: list[str] | None = None) -> dict[str, Any]:
    servers = servers_of(variables or hostvars(), ["n1", "n2"], ["v1"] if vote is None else vote)
    return topology(servers, NETWORKS, VIRTUAL)


def test_corosync_links_start_with_replication() -> None:
    result = made()
    assert result["links"] == ["replication", "public", "management"]
    assert result["nodes"] == [
        {"name": "n1", "id": 1, "addresses": ["10.78.1.11", "10.78.0.11", "10.78.2.11"]},
        {"name": "n2", "id": 2, "addresses": ["10.78.1.12", "10.78.0.12", "10.78.2.12"]},
    ]


def test_a_network_that_one_server_lacks_is_no_link() -> None:
    variables = hostvars()
    del variables["n2"]["pgha_addresses"]["management"]
    assert made(variables)["links"] == ["replication", "public"]


def test_virtual_addresses_take_the_prefix_of_their_network() -> None:
    assert made()["virtual"]["replication"] == {"address": "10.78.1.100", "prefix": 25}
    assert made()["virtual"]["write"] == {"address": "10.78.0.100", "prefix": 24}


def test_fence_devices_know_their_server() -> None:
    assert [(device["name"], device["server"], device["level"]) for device in made()["fence_devices"]] == [
        ("fence-11", "n1", 1),
        ("fence-12", "n2", 1),
    ]


def test_the_vote_host_is_asked_over_management() -> None:
    assert made()["vote_address"] == "10.78.2.19"
    assert made(vote=[])["vote"] is None
    assert made(vote=[])["vote_address"] is None


def test_certificates_name_every_way_to_a_server() -> None:
    names = made()["certificate_names"]["n1"]
    assert {"DNS:n1", "IP:10.78.0.11", "IP:10.78.0.100", "IP:10.78.0.101", "IP:10.78.1.100"} <= set(names)
    assert "IP:10.78.0.12" not in names


def test_a_server_without_any_address_is_named() -> None:
    variables = hostvars()
    variables["v1"]["pgha_addresses"] = {}
    with pytest.raises(PghaError, match="v1"):
        made(variables)


def test_a_server_that_is_being_removed_counts_as_gone() -> None:
    listed = servers_of(hostvars() | {"n3": hostvars()["n2"]}, ["n1", "n2", "n3"], ["v1"], "n2")
    assert [one["name"] for one in listed] == ["n1", "n3", "v1"]
    assert topology(listed, NETWORKS, VIRTUAL)["database"] == ["n1", "n3"]


@pytest.mark.parametrize(
    ("names", "known", "numbers"),
    [
        (["n1", "n2"], {}, {"n1": 1, "n2": 2}),
        (["n1", "n2", "n3"], {"n1": 1, "n2": 2}, {"n1": 1, "n2": 2, "n3": 3}),
        (["n1", "n3"], {"n1": 1, "n3": 3}, {"n1": 1, "n3": 3}),
        (["n0", "n1", "n3"], {"n1": 1, "n3": 3}, {"n0": 4, "n1": 1, "n3": 3}),
    ],
    ids=["a new cluster", "one more", "the second one gone", "one more in front"],
)
def test_a_server_keeps_its_number(names: list[str], known: dict[str, int], numbers: dict[str, int]) -> None:
    assert numbered(names, known) == numbers
    listed = servers_of({name: hostvars()["n1"] for name in names}, names, [])
    made_of = topology(listed, NETWORKS, VIRTUAL, known)["nodes"]
    assert {one["name"]: one["id"] for one in made_of} == numbers


def test_the_numbers_of_a_running_cluster_count_more_than_an_old_file() -> None:
    def told(running: bool, **numbers: int) -> dict[str, Any]:
        return {"stack_x_discovered": {"crm": {"cluster_running": running, "configured_nodes": numbers}}}

    variables = {
        "n1": told(True, n1=1, n4=3),
        "n3": told(False, n1=1, n2=2, n3=3),
        "n4": told(True, n1=1, n4=3),
        "n5": told(False, n5=1),
        "n6": {},
    }
    assert known_ids(variables, list(variables), "x") == {"n1": 1, "n4": 3}
