# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around the verdict on a comparison of the disks."""

from __future__ import annotations

from typing import Any

from ansible_collections.pgha.cluster.tests.support.module_process import run_module


def server(name: str, role: str, disk: str = "UpToDate") -> dict[str, Any]:
    resource = {
        "role": role,
        "connection": "Connected",
        "replication": "Established",
        "disk": disk,
        "peer_disk": "UpToDate",
        "progress": None,
    }
    return {"name": name, "disk": {"resource": resource}}


def check(*servers: dict[str, Any]) -> dict[str, Any]:
    return run_module("cluster_verify_check", {"servers": list(servers)})


def test_the_primary_is_named() -> None:
    result = check(server("n1", "Secondary"), server("n2", "Primary"))
    assert (result["changed"], result["server"], result["verdict"]) == (False, "n2", "safe")
    assert "Every block of n2 is compared" in result["lines"][-1]


def test_a_disk_that_is_catching_up_is_refused_by_name() -> None:
    result = check(server("n1", "Primary"), server("n2", "Secondary", "Inconsistent"))
    assert result["failed"] is True
    assert "n2: not both disks are UpToDate" in result["msg"] and "n1 is Primary" not in result["msg"]


def test_a_stack_without_such_a_disk_is_refused() -> None:
    result = check({"name": "n1", "disk": {}}, {"name": "n2", "disk": {}})
    assert result["failed"] is True
    assert "nothing can be compared" in result["msg"]
