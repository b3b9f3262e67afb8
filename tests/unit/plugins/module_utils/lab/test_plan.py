# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against a lab, and what is missing of it."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.lab.parse import Container
from ansible_collections.pgha.cluster.plugins.module_utils.lab.plan import (
    Mould,
    Observed,
    absent_plan,
    collisions,
    create_argv,
    differences,
    drop_plan,
    lab_problems,
    present_plan,
)
from ansible_collections.pgha.cluster.tests.support.labs import lab_options, server, some_lab

LAB = some_lab()
NAMES = [one.name for one in LAB.servers]
MOULD = Mould("image", "crun", 1024)
NOTHING = Observed(containers={}, bmc_addresses=None, power={}, bmc={})
ALL_ADDRESSES = frozenset(one.bmc_address for one in LAB.servers)
CONTAINERS = {LAB.container(one): Container(LAB.container(one), "id") for one in LAB.servers}


def whole(**changes: Any) -> Observed:
    """Return a lab that lacks nothing, with changes."""
    values: dict[str, Any] = {
        "containers": CONTAINERS,
        "bmc_addresses": ALL_ADDRESSES,
        "power": dict.fromkeys(NAMES, ("on",)),
        "bmc": dict.fromkeys(NAMES, "on"),
    }
    return Observed(**values | changes)


def todo(seen: Observed) -> list[str]:
    """Return the titles of the steps."""
    return [step.title for step in present_plan(LAB, seen, MOULD)]


def test_an_ordinary_lab_has_no_problem() -> None:
    assert lab_problems(LAB) == []


@pytest.mark.parametrize("name", ["", "Demo", "1lab", "my-lab", "abcdefghijkl", "a/b", "..", "demo\n"])
def test_a_name_that_would_break_an_interface_or_a_path(name: str) -> None:
    assert any("lab_name" in problem for problem in lab_problems(some_lab(name)))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"release": "sid"}, "lab_release 'sid'"),
        ({"servers": []}, "no servers"),
        ({"networks": {"public": "10.999.0.0/24"}}, "is no IPv4 network"),
        ({"networks": {"public": "10.78.0.1/24"}}, "is no IPv4 network"),
        ({"networks": {"public": "10.78.0.0/16", "replication": "10.78.1.0/24"}}, "overlap"),
        ({"servers": [server("n1", 11), server("n1", 12)]}, "two servers are called n1"),
        ({"servers": [server("N_1", 11)]}, "'N_1' is no server name"),
        ({"servers": [server("n1", 11), server("n2", 11)]}, "10.78.0.11 is used twice: by n1 (public) and by n2"),
        ({"servers": [server("n1", 1)]}, "10.78.0.1 is used twice: by this machine"),
        ({"servers": [server("n1", 11) | {"addresses": {"public": "10.79.0.11"}}]}, "no usable address of 10.78.0.0"),
        ({"servers": [server("n1", 11) | {"addresses": {"public": "10.78.0.255"}}]}, "no usable address"),
        ({"servers": [server("n1", 11) | {"addresses": {"public": "n1"}}]}, "'n1' is no IPv4 address"),
        ({"servers": [server("n1", 11) | {"addresses": {"backup": "10.78.0.11"}}]}, "no network of the lab"),
        ({"servers": [server("n1", 11) | {"bmc_address": "10.78.0.50"}]}, "10.78.0.50 of n1's BMC is no usable"),
    ],
)
def test_wrong_settings_are_named(changes: dict[str, Any], problem: str) -> None:
    assert [text for text in lab_problems(some_lab(**changes)) if problem in text]


def test_a_subnet_of_another_lab_is_taken() -> None:
    problems = collisions(some_lab("new"), [some_lab("old")], [], {})
    assert len(problems) == 3
    assert problems[0] == "10.78.0.0/24 (public) belongs to the lab old"


@pytest.mark.parametrize("route", ["10.78.1.0/24", "10.78.1.128/25", "10.0.0.0/8"])
def test_a_routed_subnet_is_taken_by_its_part_and_by_its_whole(route: str) -> None:
    assert any(f"route to {route}" in text for text in collisions(LAB, [], [ipaddress.IPv4Network(route)], {}))


def test_a_subnet_of_a_podman_network_is_taken_unless_it_is_our_own() -> None:
    taken = [ipaddress.IPv4Network("10.78.0.0/16")]
    assert len(collisions(LAB, [], [], {"podman": taken})) == 3
    assert collisions(LAB, [], [], {"pgha-demo-public": [ipaddress.IPv4Network("10.78.0.0/24")]}) == []


def test_a_free_subnet_is_free() -> None:
    assert collisions(LAB, [some_lab("other", "10.79")], [ipaddress.IPv4Network("192.0.2.0/24")], {}) == []


def test_an_existing_lab_is_not_silently_made_another() -> None:
    assert differences(LAB, LAB) == []
    assert differences(LAB, some_lab(release="trixie")) == ["its release is bookworm, not trixie"]
    assert len(differences(LAB, some_lab(prefix="10.79"))) == 2


def test_a_lab_may_get_more_servers_and_loses_only_those_that_are_named() -> None:
    larger = some_lab(servers=[*lab_options()["servers"], server("n3", 13)])
    assert differences(LAB, larger) == []
    assert differences(larger, LAB) == ["it has n3, too; lab_drop takes such servers away, with their data"]
    assert differences(larger, LAB, ["n3"]) == []
    assert [step.title for step in present_plan(larger, whole(), MOULD)] == [
        "give bmc-demo the address 10.78.2.113",
        "make n3",
        "power on n3",
        "start the BMC of n3",
    ]


def test_single_servers_are_taken_away_and_the_lab_stays() -> None:
    assert [step.title for step in drop_plan(LAB, whole(), ["n2", "n9"])] == [
        "stop the BMC of n2",
        "remove pgha-demo-n2",
        "take the address 10.78.2.112 away",
    ]
    assert drop_plan(LAB, NOTHING, ["n2"]) == []


def test_from_nothing_every_server_is_made_powered_and_given_its_bmc() -> None:
    titles = todo(NOTHING)
    assert titles[0] == "make bmc-demo"
    for name in NAMES:
        assert titles.index(f"make {name}") < titles.index(f"power on {name}")
        assert f"start the BMC of {name}" in titles


def test_a_whole_lab_is_left_alone() -> None:
    assert todo(whole()) == []


@pytest.mark.parametrize(
    ("changes", "titles"),
    [
        ({"power": {"n1": ("off",), "n2": ("on",), "v1": ("on",)}}, ["power on n1"]),
        ({"power": {"n1": ("on", "frozen"), "n2": ("on",), "v1": ("on",)}}, ["thaw n1"]),
        (
            {"power": {"n1": ("off", "cut:public"), "n2": ("on",), "v1": ("on",)}},
            ["plug n1 into public", "power on n1"],
        ),
        ({"bmc": {"n1": "silent", "n2": "on", "v1": "on"}}, ["start the BMC of n1"]),
        (
            {"bmc": {"n1": "stale", "n2": "on", "v1": "on"}},
            ["stop the outdated BMC of n1", "start the BMC of n1"],
        ),
        ({"bmc_addresses": ALL_ADDRESSES - {"10.78.2.112"}}, ["give bmc-demo the address 10.78.2.112"]),
    ],
)
def test_a_half_made_or_broken_lab_is_completed(changes: dict[str, Any], titles: list[str]) -> None:
    assert todo(whole(**changes)) == titles


def test_a_server_is_made_with_its_addresses_its_keys_and_no_hosts_file_of_podman() -> None:
    step = next(step for step in present_plan(LAB, NOTHING, Mould("image", "runc", 2048)) if step.creates)
    assert step.argv[:4] == ("podman", "--runtime", "runc", "create")
    assert step.argv[-1] == "image"
    assert step.argv[step.argv.index("--cpu-shares") + 1] == "2048"
    assert "--no-hosts" in step.argv
    networks = [word for before, word in zip(step.argv, step.argv[1:], strict=False) if before == "--network"]
    assert [word.split(":ip=")[0] for word in networks] == [network.podman for network in LAB.networks]
    assert networks[0].startswith("pgha-demo-public:ip=10.78.0.11,mac=02:")
    assert networks[0].endswith(",interface_name=eth0")


def test_where_podman_keeps_the_control_groups_a_server_weighs_as_much_as_it_is_given() -> None:
    """Below podman's own group all servers together would weigh as much as one session of the machine."""

    argv = {runtime: create_argv(LAB, LAB.servers[0], Mould("image", runtime, 2048)) for runtime in ("runc", "crun")}
    assert argv["runc"][argv["runc"].index("--cgroup-parent") + 1] == "/"
    assert "--cgroup-parent" not in argv["crun"]


def test_taking_away_what_was_half_made() -> None:
    half = Observed(
        containers={"pgha-demo-n1": Container("pgha-demo-n1", "id")}, bmc_addresses=frozenset(), power={}, bmc={}
    )
    assert [step.title for step in absent_plan(LAB, half)] == ["remove pgha-demo-n1", "remove bmc-demo"]
    assert absent_plan(LAB, NOTHING) == []


def test_management_controllers_stop_before_their_servers_go() -> None:
    titles = [step.title for step in absent_plan(LAB, whole())]
    assert titles[:3] == [f"stop the BMC of {name}" for name in NAMES]
    assert titles[-1] == "remove bmc-demo"
