# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of the kernel, podman and ip."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError
from ansible_collections.pgha.cluster.plugins.module_utils.lab import parse

FIXTURES = Path(__file__).parents[4] / "fixtures"


def test_routes_leave_the_default_route_out() -> None:
    found = parse.routes((FIXTURES / "kernel/6.18/net_route").read_text())
    assert [str(network) for network in found] == ["10.78.0.0/24", "10.78.1.0/24", "10.78.2.0/24"]


def test_a_broken_routing_table_names_the_line() -> None:
    with pytest.raises(ParseError, match="line 2"):
        parse.routes("Iface Destination\neth0 nonsense\n")


def test_containers_are_found_whether_they_run_or_not() -> None:
    found = parse.containers((FIXTURES / "podman/4.3.1/ps.json").read_text())
    assert sorted(container.name for container in found) == ["pgha-demo-n1", "pgha-demo-n2", "pgha-demo-v1"]
    assert all(len(container.id) == 64 for container in found)


def test_podman_networks_with_their_subnets() -> None:
    found = parse.podman_networks((FIXTURES / "podman/4.3.1/network_ls.json").read_text())
    assert {name: [str(subnet) for subnet in subnets] for name, subnets in found.items()} == {
        "pgha-demo-management": ["10.78.2.0/24"],
        "pgha-demo-public": ["10.78.0.0/24"],
        "pgha-demo-replication": ["10.78.1.0/24"],
    }


def test_addresses_of_an_interface_without_those_of_ipv6() -> None:
    text = (FIXTURES / "iproute2/6.1/address_show.json").read_text()
    assert parse.addresses(text) == ["10.78.2.111", "10.78.2.112", "10.78.2.119"]


@pytest.mark.parametrize("read", [parse.containers, parse.podman_networks, parse.addresses])
def test_nothing_is_nothing_and_nonsense_is_refused(read) -> None:  # type: ignore[no-untyped-def]
    assert not read("")
    with pytest.raises(ParseError):
        read("{")


@pytest.mark.parametrize("read", [parse.containers, parse.podman_networks])
def test_an_entry_of_another_kind_is_named(read) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ParseError, match="entry 0"):
        read('[{"subnets": [{}]}]')
