# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The VRRP instances of two servers: each sees whether the other one advertises, and the addresses have one owner."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.vrrp.plan import instances, interface_of

NAMES = ["n1", "n2"]
ADDRESSES = {"n1": "10.0.0.11", "n2": "10.0.0.12"}
VIRTUAL = {"write": {"address": "10.0.0.100", "prefix": 24}, "read": {"address": "10.0.0.101", "prefix": 24}}


def of(name: str, addresses: dict[str, str] | None = None, first: int = 51) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in instances(name, NAMES, addresses or ADDRESSES, VIRTUAL, first)}


def test_each_watches_the_beacon_of_the_other_one() -> None:
    one, two = of("n1"), of("n2")
    assert one["beacon"]["router_id"] == two["watch"]["router_id"]
    assert two["beacon"]["router_id"] == one["watch"]["router_id"]
    for here, there in ((one, two), (two, one)):
        # The beacon's server is always its master: it takes it back as soon as it is there again.
        assert here["beacon"]["priority"] > there["watch"]["priority"]
        assert here["beacon"]["preempt"] and here["beacon"]["address"] == there["watch"]["address"]


def test_the_addresses_are_the_same_instance_on_both() -> None:
    one, two = of("n1"), of("n2")
    for kind in ("write", "read"):
        assert one[kind] == two[kind]
        assert one[kind]["address"] == f"{VIRTUAL[kind]['address']}/24"
        assert one[kind]["track_files"] == [kind]
    assert len({instance["router_id"] for instance in (*one.values(), *two.values())}) == 4


def test_only_the_read_address_comes_back() -> None:
    assert (of("n1")["write"]["preempt"], of("n1")["read"]["preempt"]) == (False, True)


def test_what_watches_goes_on_without_the_agent() -> None:
    found = of("n1")
    assert [name for name, one in found.items() if one["tracked"]] == ["write", "read", "beacon"]


@pytest.mark.parametrize("own", [ADDRESSES, {"n1": "2001:db8::11", "n2": "2001:db8::12"}])
def test_the_instances_without_clients_have_an_address_that_no_client_can_use(own: dict[str, str]) -> None:
    for name in NAMES:
        for kind in ("beacon", "watch"):
            one = of(name, own)[kind]
            address = ipaddress.ip_interface(one["address"]).ip
            assert one["loopback"]
            assert address.is_loopback or address.is_link_local
            assert address.version == ipaddress.ip_address(own[name]).version


@pytest.mark.parametrize(("names", "first"), [(["n2", "n3"], 51), (["n1"], 51), (["n1", "n2", "n3"], 51)])
def test_it_is_for_two_servers(names: list[str], first: int) -> None:
    with pytest.raises(PghaError, match="exactly two servers"):
        instances("n1", names, ADDRESSES, VIRTUAL, first)


@pytest.mark.parametrize("first", [0, -1, 253, 255])
def test_four_numbers_are_needed(first: int) -> None:
    with pytest.raises(PghaError, match="the first of four"):
        instances("n1", NAMES, ADDRESSES, VIRTUAL, first)
    assert of("n1", first=252)["watch"]["router_id"] == 255


FACTS = {
    "interfaces": ["lo", "eth0", "br-public", "bond0.7"],
    "lo": {"device": "lo", "ipv4": {"address": "127.0.0.1"}},
    "eth0": {"device": "eth0", "ipv4": {"address": "10.0.1.11"}, "ipv6": [{"address": "2001:db8::11"}]},
    "br_public": {
        "device": "br-public",
        "ipv4": {"address": "10.0.0.5"},
        "ipv4_secondaries": [{"address": "10.0.0.11"}],
    },
    "bond0.7": {"device": "bond0.7"},
}


@pytest.mark.parametrize(
    ("address", "device"), [("10.0.1.11", "eth0"), ("2001:db8::11", "eth0"), ("10.0.0.11", "br-public")]
)
def test_the_interface_of_an_address_is_found(address: str, device: str) -> None:
    assert interface_of(FACTS, address) == device


@pytest.mark.parametrize("facts", [FACTS, {}])
def test_an_address_that_nobody_has_is_refused(facts: dict[str, Any]) -> None:
    with pytest.raises(PghaError, match=r"No interface of this server has the address 10\.9\.9\.9"):
        interface_of(facts, "10.9.9.9")
