# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around the order of restarts."""

from __future__ import annotations

from typing import Any

from ansible_collections.pgha.cluster.tests.support.module_process import run_module


def check(waiting: bool = True, sync_state: str = "sync", age: float = 0.0, **options: Any) -> dict[str, Any]:
    replica = {"name": "n2", "state": "streaming", "sync_state": sync_state, "lag_bytes": 0}
    pending = {"restart_pending": ["shared_buffers"] if waiting else []}
    primary = {"role": "primary", "timeline": 2, "replicas": [replica], "longest_transaction_seconds": age, **pending}
    both = {
        "attributes": {"pgha-data": "ready", "pgha-current": "yes"},
        "member": "online",
        "quorum": True,
        "window": "",
    }
    servers = [
        {"name": "n1", "postgres": primary, **both},
        {"name": "n2", "postgres": {"role": "standby", "timeline": 2, "streaming": True, **pending}, **both},
    ]
    return run_module("cluster_restart_check", {"servers": servers, **options})


def test_the_order_is_told() -> None:
    result = check()
    assert (result["changed"], result["needed"]) == (False, True)
    assert (result["standbys"], result["primary"], result["target"]) == (["n2"], "n1", "n2")
    assert result["lines"] == [
        "n2 restarts as a standby.",
        "A standby takes over from n1; n2, as it looks now.",
        "n1 restarts as a standby then.",
    ]


def test_nothing_is_to_be_done_where_nothing_waits() -> None:
    result = check(waiting=False)
    assert (result["needed"], result["lines"]) == (False, ["No server has a setting that waits for a restart."])
    assert check(waiting=False, which="all")["needed"] is True


def test_a_refusal_says_why_and_what_to_do() -> None:
    refused = check(sync_state="async")
    assert refused["failed"] is True
    assert "n2 is no synchronous standby" in refused["msg"]
    assert "-e pgha_accept=long_transaction" in check(age=90.0)["msg"]
