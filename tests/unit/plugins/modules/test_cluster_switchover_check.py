# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around the switchover verdict."""

from __future__ import annotations

from typing import Any

from ansible_collections.pgha.cluster.tests.support.module_process import run_module


def check(target: str = "", sync_state: str = "sync", age: float = 0.0, **options: Any) -> dict[str, Any]:
    replica = {"name": "n2", "state": "streaming", "sync_state": sync_state, "lag_bytes": 0}
    primary = {"role": "primary", "timeline": 2, "replicas": [replica], "longest_transaction_seconds": age}
    both = {
        "attributes": {"pgha-data": "ready", "pgha-current": "yes"},
        "member": "online",
        "quorum": True,
        "window": "",
    }
    servers = [
        {"name": "n1", "postgres": primary, **both},
        {"name": "n2", "postgres": {"role": "standby", "timeline": 2, "streaming": True}, **both},
    ]
    return run_module("cluster_switchover_check", {"target": target, "servers": servers, **options})


def test_the_standby_is_found() -> None:
    result = check()
    assert (result["changed"], result["needed"], result["primary"], result["target"]) == (False, True, "n1", "n2")
    assert result["lines"][-1] == "n2 takes over from n1."


def test_nothing_is_to_be_done_for_the_primary() -> None:
    result = check("n1")
    assert (result["needed"], result["lines"]) == (False, ["n1 is the primary already."])


def test_a_refusal_says_why_also_when_nobody_was_named() -> None:
    for target in ("", "n2"):
        refused = check(target, sync_state="async")
        assert refused["failed"] is True
        assert "n2 is no synchronous standby (async)" in refused["msg"]


def test_a_refusal_says_how_to_accept_what_may_be() -> None:
    refused = check(age=90.0)
    assert "has run for 90 seconds" in refused["msg"]
    assert "-e pgha_accept=long_transaction" in refused["msg"]
    assert check(age=90.0, accept=["long_transaction"])["needed"] is True
