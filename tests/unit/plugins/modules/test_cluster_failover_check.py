# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around the failover verdict."""

from __future__ import annotations

from typing import Any

from ansible_collections.pgha.cluster.tests.support.module_process import run_module


def check(target: str, **options: Any) -> dict[str, Any]:
    servers = [
        {
            "name": name,
            "postgres": {"role": "stopped", "timeline": 3, "lsn": "0/5000148"},
            "attributes": {"pgha-current": "yes", "postgresql-data-status": record},
            "member": "online",
            "quorum": True,
        }
        for name, record in (("n1", "LATEST"), ("n2", "DISCONNECT"))
    ]
    return run_module("cluster_failover_check", {"target": target, "servers": servers, **options})


def test_the_last_primary_may_go_on() -> None:
    result = check("n1")
    assert (result["changed"], result["verdict"]) == (False, "safe")
    assert result["lines"][-1] == "n1 becomes primary."


def test_a_loss_is_refused_until_it_is_accepted_by_name() -> None:
    refused = check("n2")
    assert refused["failed"] is True
    assert "may lack acknowledged commits" in refused["msg"]
    assert "-e pgha_accept_loss=n2" in refused["msg"]
    assert check("n2", accept_loss="n2")["verdict"] == "safe"
