# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An inventory's servers as lab servers."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.pgha.cluster.plugins.filter.lab import FilterModule

HOSTVARS: dict[str, dict[str, Any]] = {
    "n1": {
        "pgha_addresses": {"public": "10.78.0.11", "management": "10.78.2.11"},
        "pgha_fence_devices": [
            {"name": "fence-n1", "options": {"ip": "10.78.2.111", "ipport": "6230", "username": "operator"}},
            {"name": "second", "options": {"ip": "10.78.2.222"}},
        ],
    },
    "v1": {"pgha_addresses": {"public": "10.78.0.19"}, "lab_bmc_address": "10.78.2.119"},
    "m1": {
        "pgha_addresses": {"public": "10.78.0.21"},
        "lab_bmc_address": "10.78.2.121",
        "lab_kind": "machine",
        "lab_memory": 2048,
        "lab_disks": [{"name": "data", "megabytes": 256}],
    },
    "x1": {"pgha_addresses": {"public": "10.78.0.20"}},
}


def lab_servers(*names: str) -> list[dict[str, Any]]:
    """Call the filter."""
    result: list[dict[str, Any]] = FilterModule().filters()["lab_servers"](HOSTVARS, names)
    return result


def test_the_management_controller_is_where_fencing_looks_for_it() -> None:
    assert lab_servers("n1") == [
        {
            "name": "n1",
            "addresses": {"public": "10.78.0.11", "management": "10.78.2.11"},
            "bmc_address": "10.78.2.111",
            "bmc_port": 6230,
            "bmc_username": "operator",
            "kind": "container",
            "memory": 1024,
            "disks": [],
        }
    ]


def test_a_server_with_a_kernel_of_its_own_brings_its_memory_and_disks() -> None:
    machine = lab_servers("m1")[0]
    assert (machine["kind"], machine["memory"]) == ("machine", 2048)
    assert machine["disks"] == [{"name": "data", "megabytes": 256}]


def test_a_server_that_nobody_fences_has_one_too() -> None:
    assert lab_servers("v1")[0]["bmc_address"] == "10.78.2.119"


def test_a_server_without_any_is_named() -> None:
    with pytest.raises(AnsibleFilterError, match="x1"):
        lab_servers("x1")
