# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around the verdict on a split brain."""

from __future__ import annotations

from typing import Any

from ansible_collections.pgha.cluster.tests.support.module_process import run_module

FLAGS = ("consistent", "up_to_date", "was_primary", "was_connected", "peer_outdated", "crashed_primary")


def server(name: str, current: str, role: str, connection: str) -> dict[str, Any]:
    generations = {"current": current, "bitmap": "10", "history": ["0", "0"], **dict.fromkeys(FLAGS, True)}
    resource = {
        "role": role,
        "connection": connection,
        "disk": "UpToDate",
        "out_of_sync": 8192,
    }
    return {"name": name, "disk": {"resource": resource, "generations": generations, "split_brain_seen": None}}


def check(victim: str, other: str = "B0", connection: str = "StandAlone") -> dict[str, Any]:
    servers = [server("n1", "A0", "Primary", connection), server("n2", other, "Secondary", connection)]
    return run_module("cluster_split_brain_check", {"victim": victim, "servers": servers})


def test_the_victim_is_told_what_it_loses() -> None:
    result = check("n2")
    assert (result["needed"], result["verdict"]) == (True, "safe")
    assert result["lines"][-1] == "n2 takes the other server's data."
    assert "n2 loses up to 8192 bytes" in result["lines"][0]


def test_the_server_in_service_is_refused_with_what_each_would_lose() -> None:
    result = check("n1")
    assert result["failed"] is True
    assert "n1 runs the service" in result["msg"] and "n2 loses up to" in result["msg"]


def test_where_there_is_no_split_brain_nothing_is_done() -> None:
    result = check("n2", "A0", "Connected")
    assert (result["needed"], result["lines"][0][:18]) == (False, "The disks are conn")
    assert check("", "A0", "Connected")["failed"] is True


def test_one_disk_for_both_servers_cannot_part() -> None:
    servers = [{"name": name, "disk": {"shared": True, "seen": True}} for name in ("n1", "n2")]
    result = run_module("cluster_split_brain_check", {"victim": "n2", "servers": servers})
    assert result["failed"] is True
    assert "share one disk" in result["msg"]
