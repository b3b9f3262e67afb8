# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around the verdict on a server that goes."""

from __future__ import annotations

from typing import Any

from ansible_collections.pgha.cluster.tests.support.module_process import run_module

N1 = {"role": "primary", "system_identifier": "73"}
N2 = {"role": "standby", "system_identifier": "73", "streaming": True}


def check(target: str, n3: dict[str, Any], member: str) -> dict[str, Any]:
    servers = [
        {"name": "n1", "postgres": N1, "member": "online", "quorum": True},
        {"name": "n2", "postgres": N2, "member": "online", "quorum": True},
        {"name": "n3", "postgres": n3, "member": member, "quorum": True},
    ]
    arguments = {"target": target, "servers": servers, "vote": "v1", "fenced": ["n1", "n2", "n3"]}
    return run_module("cluster_remove_check", arguments)


def test_a_standby_is_removed() -> None:
    result = check("n3", {"role": "standby", "system_identifier": "73"}, "online")
    assert result["verdict"] == "safe"
    assert (result["reached"], result["primary"], result["slot"]) == (True, "n1", "pgha_n3")
    assert result["lines"][-1] == "n3 leaves the cluster; its data stays on it, where it is."


def test_a_dead_server_is_not_stopped() -> None:
    assert check("n3", {}, "offline")["reached"] is False


def test_the_primary_is_refused_with_the_next_step() -> None:
    result = check("n1", {"role": "standby"}, "online")
    assert result["failed"] is True
    assert "n1 is the primary: run switchover.yml first" in result["msg"]
    assert "-e pgha_target=" in result["msg"]
