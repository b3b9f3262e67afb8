# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each stack needs and refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.check import announcement, problems, warnings
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.check_stack import STACKS, rules_of


def server(name: str, last: int, role: str = "database") -> dict[str, Any]:
    device = {
        "name": f"fence-{name}",
        "agent": "fence_ipmilan",
        "options": {"ip": f"10.0.2.{last}"},
        "secrets": {"password": "s3cret"},
    }
    return {
        "name": name,
        "role": role,
        "addresses": {"public": f"10.0.0.{last}", "replication": f"10.0.1.{last}"},
        "fence_devices": [device] if role == "database" else [],
    }


def good(stack: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    servers = [server("n1", 11), server("n2", 12)] + ([server("v1", 19, "vote")] if stack == "vote" else [])
    values = {
        "stack": stack,
        "cluster_name": "demo",
        "primary": "n1",
        "replication_mode": "sync",
        "networks": {"public": "10.0.0.0/24", "replication": "10.0.1.0/24"},
        "virtual_addresses": {"write": "10.0.0.100", "read": "10.0.0.101"},
        "ping_targets": ["10.0.0.1"],
        "client_networks": ["10.0.0.0/24"],
        "accept_split_brain": False,
        "relay_port": 5433,
    }
    return servers, values


def bare(servers: list[dict[str, Any]], *names: str) -> None:
    for one in servers:
        if one["name"] in names:
            one["fence_devices"] = []


def asked_over_management(servers: list[dict[str, Any]], values: dict[str, Any]) -> None:
    values["networks"]["management"] = "10.0.2.0/24"
    servers[2]["addresses"]["management"] = "10.0.2.19"


@pytest.mark.parametrize("stack", ["keepalived", "vote"])
def test_two_servers_two_addresses_and_a_third_party_are_enough(stack: str) -> None:
    servers, values = good(stack)
    assert problems(servers, values) == []
    assert warnings(values, servers) == []
    assert "addresses: write 10.0.0.100, read 10.0.0.101" in announcement(values, servers)


def test_what_breaks_a_tie_is_announced() -> None:
    servers, values = good("keepalived")
    assert "tie-breaker: VRRP and 10.0.0.1" in announcement(values, servers)[2]
    servers, values = good("vote")
    assert "tie-breaker: v1" in announcement(values, servers)[2]


Change = Callable[[list[dict[str, Any]], dict[str, Any]], Any]
BOTH = ("keepalived", "vote")
WRONG: list[tuple[tuple[str, ...], Change, str]] = [
    (BOTH, lambda s, v: s.append(server("n3", 13)), "has 3 server(s); the stack {} has exactly two"),
    (BOTH, lambda s, v: s.pop(1), "none can be added or removed"),
    (BOTH, lambda s, v: v.update(replication_mode="async"), "async is refused on the stack {}"),
    (BOTH, lambda s, v: v.update(replication_mode="quick"), "'quick' is neither sync nor strict"),
    (BOTH, lambda s, v: v.update(replication_mode=["sync"]), "is neither sync nor strict"),
    (BOTH, lambda s, v: bare(s, "n2"), "n2 cannot be powered off"),
    (BOTH, lambda s, v: bare(s, "n1", "n2"), "n1, n2 cannot be powered off"),
    (BOTH, lambda s, v: v.update(replication_mode="strict") or s[1].update(fence_devices=[]), "give both one, or none"),
    (BOTH, lambda s, v: v.update(accept_split_brain=True), "pgha_accept_split_brain: has no use"),
    (BOTH, lambda s, v: v["virtual_addresses"].update(replication="10.0.1.100"), "known are write, read"),
    (BOTH, lambda s, v: v.update(ping_targets=["10.0.0.12"]), "10.0.0.12 belongs to the cluster itself"),
    (BOTH, lambda s, v: v.update(ping_targets=["10.0.0.100"]), "10.0.0.100 belongs to the cluster itself"),
    (("keepalived",), lambda s, v: v.update(ping_targets=[]), "pgha_ping_targets: is empty"),
    (("keepalived",), lambda s, v: s.append(server("v1", 19, "vote")), "pgha_vote: has no use"),
    (("vote",), lambda s, v: s.pop(2), "pgha_vote: has 0 server(s)"),
    (
        ("vote",),
        lambda s, v: v.update(relay_port=5403),
        "pgha_relay_port: 5403 is that of the vote host",
    ),
    (("vote",), lambda s, v: v.update(relay_port=433), "pgha_relay_port: 433 is no port from 1024 to 65535"),
    (("vote",), lambda s, v: v.update(relay_port=65536), "pgha_relay_port: 65536 is no port"),
    (("vote",), lambda s, v: v.update(relay_port="5433"), "pgha_relay_port: '5433' is no port"),
    (("vote",), lambda s, v: v.update(relay_port=True), "pgha_relay_port: True is no port"),
    (
        ("vote",),
        asked_over_management,
        "n1: pgha_addresses: has no address in the network management",
    ),
    (("vote",), lambda s, v: s[2].update(addresses=None), "v1: pgha_addresses: must map"),
    (("vote",), lambda s, v: s.append(server("v2", 20, "vote")), "pgha_vote: has 2 server(s)"),
]


@pytest.mark.parametrize(
    ("stack", "change", "says"), [(stack, change, says) for stacks, change, says in WRONG for stack in stacks]
)
def test_each_mistake_is_named(stack: str, change: Change, says: str) -> None:
    servers, values = good(stack)
    change(servers, values)
    found = [str(problem) for problem in problems(servers, values)]
    assert any(says.format(stack) in problem for problem in found), found


@pytest.mark.parametrize("stack", BOTH)
def test_strict_needs_no_fence_device_and_says_what_it_costs(stack: str) -> None:
    servers, values = good(stack)
    bare(servers, "n1", "n2")
    values["replication_mode"] = "strict"
    assert problems(servers, values) == []
    assert "writes wait until it is back" in warnings(values, servers)[0]


def test_the_vote_stack_needs_no_ping_target() -> None:
    servers, values = good("vote")
    values["ping_targets"] = []
    assert problems(servers, values) == []
    assert "is not noticed" in warnings(values, servers)[0]


def test_pacemaker_knows_no_strict() -> None:
    servers, values = good("vote")
    values.update(stack="pacemaker", replication_mode="strict")
    values["virtual_addresses"]["replication"] = "10.0.1.100"
    assert [str(one) for one in problems(servers, values)] == [
        "pgha_replication_mode: strict is refused on the stack pacemaker: the resource agent lets the primary go on "
        "alone when the standby is lost; keepalived and vote can be strict"
    ]


def test_a_stack_that_nobody_knows_has_rules_all_the_same() -> None:
    assert rules_of("galera") is rules_of(None) is rules_of(["keepalived"]) is STACKS["pacemaker"]


def on_disk() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    servers, values = good("vote")
    values |= {"stack": "drbd", "virtual_addresses": {"write": "10.0.0.100"}}
    for one in servers[:2]:
        one["disk"] = "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4"
    return servers, values


def test_two_servers_with_a_disk_and_one_address_are_enough() -> None:
    servers, values = on_disk()
    assert problems(servers, values) == []
    said = announcement(values, servers)
    assert "one disk, replicated by DRBD" in said[0]
    assert said[1] == "addresses: write 10.0.0.100"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s, v: s.insert(0, s[0] | server("n3", 13)), "has 3 servers; the stack drbd has two"),
        (lambda s, v: s.pop(1), "a cluster needs two or more"),
        (lambda s, v: s[0].update(disk=None), "n1: pgha_disk: None is no device"),
        (lambda s, v: s[0].update(disk="sdb"), "'sdb' is no device"),
        (lambda s, v: v.update(replication_mode="async"), "async is refused on the stack drbd"),
        (lambda s, v: v["virtual_addresses"].update(read="10.0.0.101"), "read: is unknown; known are write"),
        (lambda s, v: bare(s, "n1"), "cannot be powered off by another server"),
    ],
)
def test_what_a_disk_that_moves_needs_is_asked_for(change: Change, said: str) -> None:
    servers, values = on_disk()
    change(servers, values)
    assert said in "\n".join(str(problem) for problem in problems(servers, values))


def on_shared_disk() -> tuple[list[dict[str, Any]], dict[str, Any]]:
    servers, values = on_disk()
    return servers, values | {"storage": "shared", "filesystem": "ext4"}


@pytest.mark.parametrize("device", ["/dev/disk/by-id/wwn-0x5000c500a1b2c3d4", "/dev/mapper/mpatha"])
def test_one_disk_for_two_servers_is_enough(device: str) -> None:
    servers, values = on_shared_disk()
    for one in servers[:2]:
        one["disk"] = device
    assert problems(servers, values) == []
    assert "one disk that both reach" in announcement(values, servers)[0]
    assert problems([one for one in servers if one["role"] == "database"], values) == []


def disks(servers: list[dict[str, Any]], device: str) -> None:
    for one in servers[:2]:
        one["disk"] = device


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s, v: v.update(storage="san"), "pgha_storage: 'san' is neither replicated nor shared"),
        (lambda s, v: v.update(stack="pacemaker"), "shared is for the stack drbd"),
        (lambda s, v: disks(s, "/dev/sdb"), "n1: pgha_disk: /dev/sdb may be another disk after the next boot"),
        (lambda s, v: disks(s, "/dev/disk/by-id/"), "may be another disk"),
        (lambda s, v: disks(s, "/dev/disk/by-uuid/b244f42f"), "names a file system, which an empty disk has not"),
        (lambda s, v: s[1].update(disk="/dev/mapper/mpatha"), "one disk under one name, and the servers have 2"),
        (lambda s, v: s[0].update(disk=None), "n1: pgha_disk: None is no device"),
        (lambda s, v: bare(s, "n1"), "n1 cannot be powered off by another server. Nothing else keeps"),
        (lambda s, v: v.update(accept_split_brain=True), "pgha_accept_split_brain: is refused without exception"),
        (lambda s, v: v.update(filesystem="xfs"), "stack_drbd_filesystem: 'xfs' is refused on a shared disk"),
    ],
)
def test_what_a_shared_disk_needs_is_asked_for(change: Change, said: str) -> None:
    servers, values = on_shared_disk()
    change(servers, values)
    assert said in "\n".join(str(problem) for problem in problems(servers, values))


def test_nothing_can_be_accepted_in_place_of_fencing_on_a_shared_disk() -> None:
    servers, values = on_shared_disk()
    bare(servers, "n1")
    values["accept_split_brain"] = True
    said = [str(problem) for problem in problems(servers, values)]
    assert len(said) == 2
    assert not any("pgha_accept_split_brain: true" in one for one in said)
    servers, values = on_disk()
    bare(servers, "n1")
    assert problems(servers, values | {"accept_split_brain": True}) == []


def barring(servers: list[dict[str, Any]], *names: str, **changes: Any) -> None:
    """Give servers a second device, which takes their disk away."""
    for one in servers:
        if one["name"] in names:
            device = {
                "name": f"disk-{one['name']}",
                "agent": "fence_scsi",
                "level": 2,
                "options": {"devices": one["disk"]},
            }
            one["fence_devices"].append(device | changes)


def test_a_disk_may_bar_its_servers_behind_a_power_switch_or_in_its_place() -> None:
    servers, values = on_shared_disk()
    barring(servers, "n1", "n2")
    assert problems(servers, values) == []
    servers, values = on_shared_disk()
    bare(servers, "n1")
    bare(servers, "n2")
    barring(servers, "n1", "n2", level=1)
    assert problems(servers, values) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s, v: barring(s, "n1"), "n2: pgha_fence_devices: has no fence_scsi, and n1 has"),
        (lambda s, v: barring(s, "n1", "n2", options={"devices": "/dev/sdb"}), "bars the server from '/dev/sdb'"),
        (lambda s, v: barring(s, "n1", "n2", options={}), "bars the server from None"),
        (lambda s, v: barring(s, "n1", "n2", level=1), "fence_scsi needs a level of its own"),
        (lambda s, v: barring(s, "n1", "n2", options={"devices": s[0]["disk"], "key": "1"}), "leave it out"),
    ],
)
def test_what_a_disk_that_bars_needs_is_asked_for(change: Change, said: str) -> None:
    servers, values = on_shared_disk()
    change(servers, values)
    assert said in "\n".join(str(problem) for problem in problems(servers, values))


@pytest.mark.parametrize(("servers", "values"), [good("vote"), on_disk()], ids=["streaming", "drbd"])
def test_a_reservation_is_refused_where_each_server_has_its_own_disk(
    servers: list[dict[str, Any]], values: dict[str, Any]
) -> None:
    barring([one | {"disk": one.get("disk")} for one in servers], "n1", "n2")
    found = [str(problem) for problem in problems(servers, values)]
    assert len(found) == 2
    assert all("fence_scsi is for pgha_storage: shared" in one for one in found)
