# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both servers' looks at the disk together."""

from __future__ import annotations

from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.shared_disk.model import FileSystem, Look
from ansible_collections.pgha.cluster.tests.support.module_process import run_module


def server(name: str, uuid: str = "", *, size: int = 100) -> dict[str, Any]:
    files = FileSystem(uuid, "pgha-1", protected=True, holder="n1") if uuid else None
    return {"name": name, "device": Look("/dev/mapper/a", name, seen=True, size=size, filesystem=files).as_result()}


def check(*servers: dict[str, Any], holder: str = "") -> dict[str, Any]:
    return run_module("shared_disk_check", {"servers": list(servers), "holder": holder})


def test_two_looks_at_one_disk_pass() -> None:
    assert check(server("n1"), server("n2"))["verdict"] == "safe"
    result = check(server("n1", "b244"), server("n2", "b244"), holder="n1")
    assert (result["changed"], result["verdict"]) == (False, "safe")


def test_two_disks_are_refused_with_what_to_look_at() -> None:
    result = check(server("n1", "b244"), server("n2"), holder="n1")
    assert result["failed"] is True
    assert "n2 reads none: these are two disks" in result["msg"] and "lsblk" in result["msg"]
    assert "different size" in check(server("n1"), server("n2", size=99))["msg"]


def test_a_server_that_said_nothing_is_refused() -> None:
    assert "n2: nobody has looked" in check(server("n1"), {"name": "n2"})["msg"]
