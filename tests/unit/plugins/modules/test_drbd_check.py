# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both servers' answers together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.drbd.parse import parse_generations, parse_proc
from ansible_collections.pgha.cluster.tests.support.drbd import FIXTURES
from ansible_collections.pgha.cluster.tests.support.module_process import run_module


def _server(name: str, state: str, **device: Any) -> dict[str, Any]:
    resource = parse_proc(Path(FIXTURES / f"{state}-{name}.txt").read_text(), 0)
    generations = parse_generations((FIXTURES / f"{state}-{name}.gi").read_text()).as_result()
    assert resource is not None
    return {
        "name": name,
        "device": {"size": 100, "blank": True, "generations": generations} | device,
        "drbd": {"resource": resource.as_result(), "generations": generations, "split_brain_seen": None},
    }


def test_two_blank_devices_need_no_first_sync() -> None:
    result = run_module("drbd_check", {"servers": [_server("n1", "fresh"), _server("n2", "fresh")], "primary": "n1"})
    assert result["changed"] is False
    assert result["first_sync"]["action"] == "skip"
    assert result["sizes"]["verdict"] == "safe"
    assert result["data"]["relation"] == "fresh"


def test_another_size_and_another_content_are_seen() -> None:
    servers = [_server("n1", "fresh"), _server("n2", "fresh", size=99, blank=False)]
    result = run_module("drbd_check", {"servers": servers, "primary": "n1"})
    assert result["sizes"]["verdict"] == "unsafe"
    assert result["first_sync"]["action"] == "full"
    assert result["first_sync"]["primary"] == "n1"


def test_a_split_brain_is_reported_with_what_each_choice_costs() -> None:
    servers = [_server("n1", "split_brain"), _server("n2", "split_brain")]
    data = run_module("drbd_check", {"servers": servers})["data"]
    assert data["relation"] == "split_brain"
    assert [one["written_bytes"] for one in data["servers"]] == [86924 * 1024, 86884 * 1024]
    assert "n2 loses" in data["servers"][1]["as_victim"]


def test_a_server_that_said_nothing_leaves_it_unknown() -> None:
    servers = [_server("n1", "connected"), {"name": "n2"}]
    result = run_module("drbd_check", {"servers": servers})
    assert result["data"]["relation"] == "unknown"
    assert result["first_sync"]["action"] == "none"
    assert result["sizes"]["verdict"] == "unknown"
