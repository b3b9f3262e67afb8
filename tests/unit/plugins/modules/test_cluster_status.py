# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around the status: observations in, table and JSON out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.pgha.cluster.tests.support.module_process import run_module

EXPECTED = {
    "cluster": "demo",
    "stack": "pacemaker",
    "mode": "sync",
    "virtual": {"write": "10.0.0.100", "read": "10.0.0.101", "replication": "10.0.1.100"},
    "vote": None,
    "fenced": ["n1", "n2"],
    "accept_split_brain": False,
    "command": "ansible-playbook playbooks/",
}


def seen(name: str, role: str) -> dict[str, Any]:
    return {"name": name, "reached": True, "postgres": {"role": role}, "crm": {}, "fencing": {}, "addresses": []}


def test_a_cluster_without_primary_is_down_also_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "status.json"
    arguments = {"servers": [seen("n1", "stopped"), seen("n2", "standby")], "expected": EXPECTED, "path": str(path)}
    result = run_module("cluster_status", arguments)
    assert result["changed"] is False
    assert result["report"]["state"] == "down"
    assert result["lines"][0].startswith("demo (pacemaker, sync): DOWN")
    assert json.loads(path.read_text())["primary"] is None


def test_without_a_path_nothing_is_written(tmp_path: Path) -> None:
    result = run_module("cluster_status", {"servers": [seen("n1", "primary")], "expected": EXPECTED})
    assert result["report"]["primary"] == "n1"
    assert list(tmp_path.iterdir()) == []


def test_only_what_can_be_done_now_is_offered() -> None:
    waiting = seen("n1", "primary")
    waiting["postgres"]["restart_pending"] = ["shared_buffers"]
    told = run_module("cluster_status", {"servers": [waiting], "expected": EXPECTED})["lines"]
    assert "  ansible-playbook playbooks/rolling_restart.yml" in told
    # This cluster is not whole: nobody could take over.
    assert "  ansible-playbook playbooks/switchover.yml" not in told
