# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who restarts, in which order, and what keeps them from it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.restart import Order, restart_order
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Value

WAITS: dict[str, Any] = {"restart_pending": ["shared_buffers"]}
COMMON = {"attributes": {"pgha-data": "ready", "pgha-current": "yes"}, "member": "online"}


def primary(*standbys: str, sync_state: str = "sync", **changed: Any) -> dict[str, Any]:
    replicas = [
        {"name": name, "state": "streaming", "sync_state": sync_state, "lag_bytes": 0} for name in standbys or ["n2"]
    ]
    return {"name": "n1", "postgres": {"role": "primary", "timeline": 1, "replicas": replicas} | changed, **COMMON}


def standby(name: str = "n2", **changed: Any) -> dict[str, Any]:
    return {"name": name, "postgres": {"role": "standby", "timeline": 1, "streaming": True} | changed, **COMMON}


def ordered(*found: dict[str, Any], which: str = "pending", accepted: tuple[str, ...] = ()) -> Order:
    return restart_order([{**one, "quorum": True} for one in found], "sync", accepted, which=which)


def test_nothing_waits() -> None:
    order = ordered(primary(), standby())
    assert (order.needed, order.verdict.value) == (False, Value.SAFE)


@pytest.mark.parametrize(
    ("found", "standbys", "last", "target"),
    [
        ([primary(**WAITS), standby(**WAITS)], ("n2",), "n1", "n2"),
        ([primary(), standby(**WAITS)], ("n2",), "", ""),
        ([primary(**WAITS), standby()], (), "n1", "n2"),
        ([primary("n2", "n3", **WAITS), standby("n2", **WAITS), standby("n3", **WAITS)], ("n2", "n3"), "n1", "n2"),
    ],
)
def test_the_primary_restarts_last(
    found: list[dict[str, Any]], standbys: tuple[str, ...], last: str, target: str
) -> None:
    order = ordered(*found)
    assert (order.standbys, order.primary, order.target) == (standbys, last, target)
    assert order.verdict.value is Value.SAFE


def test_every_server_restarts_when_that_is_wanted() -> None:
    order = ordered(primary(), standby(), which="all")
    assert (order.standbys, order.primary) == (("n2",), "n1")


def test_an_update_is_a_reason_to_restart_where_that_is_wanted() -> None:
    updated = {**standby(), "updates": True}
    assert not ordered(primary(), updated).needed
    order = ordered(primary(), updated, which="updates")
    assert (order.standbys, order.primary) == (("n2",), "")
    order = ordered({**primary(), "updates": True}, standby(**WAITS), which="updates")
    assert (order.standbys, order.primary, order.target) == (("n2",), "n1", "n2")
    order = ordered(primary(), standby(), which="updates")
    assert "update of PostgreSQL's packages" in next(iter(order.verdict.reasons)).message


def codes(order: Order) -> set[str]:
    return {reason.code for reason in order.verdict.reasons if reason.value is not Value.SAFE}


def test_a_cluster_that_is_not_whole_restarts_nothing() -> None:
    assert codes(ordered(primary(**WAITS), standby(role="stopped"))) == {"not_a_standby"}
    assert codes(ordered(primary(sync_state="async", **WAITS), standby())) == {"not_synchronous"}
    assert "no_primary" in codes(ordered(standby("n1", **WAITS), standby()))


def test_of_three_servers_the_standby_that_nobody_waits_for_restarts_too() -> None:
    replicas = [
        {"name": name, "state": "streaming", "sync_state": state, "lag_bytes": 0}
        for name, state in (("n2", "sync"), ("n3", "potential"))
    ]
    order = ordered(primary(replicas=replicas, **WAITS), standby("n2", **WAITS), standby("n3", **WAITS))
    assert (order.standbys, order.target, codes(order)) == (("n2", "n3"), "n2", set())


def test_a_long_transaction_matters_only_where_the_primary_is_left() -> None:
    long: dict[str, Any] = {"longest_transaction_seconds": 99.0}
    assert codes(ordered(primary(**long), standby(**WAITS))) == set()
    assert codes(ordered(primary(**WAITS, **long), standby(**WAITS))) == {"long_transaction"}
    assert codes(ordered(primary(**WAITS, **long), standby(**WAITS), accepted=("long_transaction",))) == set()


def test_a_setting_that_a_standby_could_not_start_with_is_refused() -> None:
    lowered: dict[str, Any] = {"restart_pending": ["max_connections"], "restart_lowers": ["max_connections"]}
    assert codes(ordered(primary(**lowered), standby(**lowered))) == {"setting_lowered"}
