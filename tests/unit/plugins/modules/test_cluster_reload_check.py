# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around the verdict on a reload."""

from __future__ import annotations

from typing import Any

from ansible_collections.pgha.cluster.tests.support.module_process import run_module


def check(*settings: str, **n2: Any) -> dict[str, Any]:
    postgres = {"role": "primary", "running": True, "restart_pending": list(settings)}
    n1 = {"name": "n1", "postgres": postgres, "attributes": {"pgha-data": "ready"}}
    return run_module("cluster_reload_check", {"servers": [n1, {"name": "n2", **n2}], "command": "play/"})


def test_what_waits_for_a_restart_is_named_with_the_next_command() -> None:
    result = check("max_connections", postgres={"role": "standby", "running": True})
    assert result["verdict"] == "safe"
    assert result["waiting"] == {"max_connections": ["n1"]}
    assert result["waiting_lines"] == ["max_connections waits for a restart on n1", "next: play/rolling_restart.yml"]


def test_nothing_waits() -> None:
    result = check(postgres={"role": "standby", "running": True})
    assert result["waiting_lines"] == ["No setting waits for a restart: all of them are in force."]


def test_a_silent_server_is_refused_with_the_next_step() -> None:
    result = check(postgres={})
    assert result["failed"] is True
    assert "n2 gave no answer" in result["msg"]
    assert "n1 loads" not in result["msg"]
    assert "status playbook" in result["msg"]


def test_a_setting_with_which_no_standby_would_start_is_refused() -> None:
    control = {"settings": {"max_connections": 200}}
    n2 = {"postgres": {"role": "standby", "running": True, "control": control}}
    assert check(**n2, settings={"max_connections": 200})["verdict"] == "safe"
    result = check(**n2, settings={"max_connections": 150})
    assert result["failed"] is True
    assert "max_connections = 150 on n2" in result["msg"]
