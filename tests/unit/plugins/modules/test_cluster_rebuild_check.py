# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around the rebuild verdict."""

from __future__ import annotations

from typing import Any

from ansible_collections.pgha.cluster.tests.support.module_process import run_module

PRIMARY = {"name": "n2", "postgres": {"role": "primary"}, "attributes": {"postgresql-status": "PRI"}}


def check(target: str, n1: dict[str, Any], **more: str) -> dict[str, Any]:
    return run_module("cluster_rebuild_check", {"target": target, "servers": [{"name": "n1", **n1}, PRIMARY], **more})


def test_the_old_primary_is_rebuilt() -> None:
    result = check("n1", {"postgres": {"role": "none"}, "attributes": {"postgresql-status": "STOP"}})
    assert result["verdict"] == "safe"
    assert result["targets"] == ["n1"]
    assert "n1 becomes a standby again; what only it has is kept." in result["lines"]


def test_a_standby_in_service_is_left_alone() -> None:
    result = check("n1", {"postgres": {"role": "standby"}, "attributes": {"postgresql-status": "HS:sync"}})
    assert result["lines"][-1] == "n1 follows the primary already."


def test_a_standby_whose_disk_differs_is_told_what_is_replaced() -> None:
    postgres = {"role": "standby", "streaming": True, "differs": 65536}
    differing = {"postgres": postgres, "attributes": {"postgresql-status": "HS:sync"}}
    for target in ("n1", ""):
        result = check(target, differing)
        assert result["targets"] == ["n1"]
        assert result["lines"][-1] == "65536 bytes of the disk of n1 differ, and are replaced by the primary's."
    assert "becomes a standby again" in check("n1", differing, how="clone")["lines"][-1]


def test_without_a_name_all_that_need_it_are_rebuilt() -> None:
    down = {"postgres": {"role": "none"}, "attributes": {}}
    following = {"postgres": {"role": "standby"}, "attributes": {"postgresql-status": "HS:sync"}}
    assert check("", down)["targets"] == ["n1"]
    assert check("", {})["targets"] == []
    result = check("", following)
    assert (result["verdict"], result["targets"]) == ("safe", [])
    assert "Every server that answers is the primary or follows it." in result["lines"]


def test_a_clone_is_made_when_it_is_asked_for_and_a_misspelt_one_is_refused() -> None:
    following = {"postgres": {"role": "standby"}, "attributes": {"postgresql-status": "HS:sync"}}
    assert "becomes a standby again" in check("n1", following, how="clone")["lines"][-1]
    assert check("n1", following, how="klone")["failed"] is True


def test_a_limit_that_pg_basebackup_would_refuse_is_refused_before_the_server_is_no_standby_any_more() -> None:
    down = {"postgres": {"role": "none"}, "attributes": {}}
    for limit in ("0", "32", "1048576"):
        assert check("n1", down, max_rate=limit)["verdict"] == "safe"
    for limit in ("31", "1048577", "-1", "fast"):
        refused = check("n1", down, max_rate=limit)
        assert refused["failed"] is True
        assert "max_rate" in refused["msg"]


def test_of_one_disk_for_both_there_is_nothing_to_rebuild() -> None:
    down = {"postgres": {"role": "disk not seen"}, "attributes": {}, "disk": {"shared": True, "seen": False}}
    for more in ({}, {"how": "clone"}):
        result = check("n1", down, **more)
        assert (result["targets"], result["verdict"]) == ([], "safe")
        assert "nothing to rebuild" in result["lines"][0]


def test_the_primary_is_refused_with_the_next_step() -> None:
    result = check("n2", {"postgres": {"role": "none"}, "attributes": {}})
    assert result["failed"] is True
    assert "n2 is the primary" in result["msg"]
    assert "-e pgha_target=" in result["msg"]


def test_a_standby_that_has_just_come_up_is_left_alone_before_the_cluster_knows_of_it() -> None:
    postgres = {"role": "standby", "streaming": True}
    result = check("n1", {"postgres": postgres, "attributes": {"postgresql-status": "HS:alone"}})
    assert result["lines"][-1] == "n1 follows the primary already."
