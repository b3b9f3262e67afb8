# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around the verdict on a server that comes."""

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
    return run_module("cluster_add_check", arguments)


def test_a_bare_server_is_added() -> None:
    result = check("n3", {"role": "none"}, "unknown")
    assert result["verdict"] == "safe"
    assert result["needed"] is True
    assert result["lines"][-1] == "n3 becomes a member and a standby."


def test_a_server_that_follows_is_left_alone() -> None:
    postgres = {"role": "standby", "streaming": True, "system_identifier": "73"}
    result = check("n3", postgres, "online")
    assert result["needed"] is False
    assert result["lines"] == ["n3 is a member and follows already: there is nothing to do."]


def test_data_of_another_cluster_is_refused_with_the_next_step() -> None:
    result = check("n3", {"role": "stopped", "system_identifier": "74"}, "unknown")
    assert result["failed"] is True
    assert "n3 is not added. n3 holds PostgreSQL data of another cluster (74)" in result["msg"]
    assert "-e pgha_target=" in result["msg"]
