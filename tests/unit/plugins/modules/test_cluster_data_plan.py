# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around the decision: arguments in, actions out, a refusal with what to do next."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgha.cluster.tests.support.module_process import run_module


def test_a_new_cluster_starts_on_the_named_primary() -> None:
    result = run_module("cluster_data_plan", {"primary": "n1", "servers": [{"name": "n1"}, {"name": "n2"}]})
    assert result["actions"] == {"n1": "initialise", "n2": "clone"}
    assert result["first"] == "n1"
    assert result["changed"] is False


@pytest.mark.parametrize("primary", ["n1", "n2"])
def test_proven_data_wins_over_the_inventory(primary: str) -> None:
    ready = {"pgha-data": "ready"}
    servers = [{"name": "n1"}, {"name": "n2", "postgres": {"system_identifier": "1"}, "attributes": ready}]
    result = run_module("cluster_data_plan", {"primary": primary, "servers": servers})
    assert result["actions"] == {"n1": "clone", "n2": "keep"}
    assert result["first"] == ""


def test_foreign_data_is_refused_with_both_identifiers() -> None:
    servers = [
        {"name": "n1", "postgres": {"system_identifier": "1"}},
        {"name": "n2", "postgres": {"system_identifier": "2"}},
    ]
    result = run_module("cluster_data_plan", {"primary": "n1", "servers": servers})
    assert result["failed"] is True
    assert "n1: 1" in result["msg"]
    assert "n2: 2" in result["msg"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_setting_below_what_the_data_was_written_with_is_refused(check_mode: bool) -> None:
    def planned(wanted: object, role: str = "primary") -> dict[str, Any]:
        postgres = {"role": role, "system_identifier": "1", "control": {"settings": {"max_connections": 200}}}
        known = {"postgres": postgres, "attributes": {"pgha-data": "ready"}, "settings": {"max_connections": wanted}}
        servers = [{"name": name, **known} for name in ("n1", "n2")]
        return run_module("cluster_data_plan", {"primary": "n1", "servers": servers}, check_mode=check_mode)

    assert planned("200")["actions"] == {"n1": "keep", "n2": "keep"}
    assert "max_connections = 150 on n1 and n2, but the log of n1 was written with 200" in planned(150)["msg"]
    # The cluster starts a stopped server as a standby, too, and the primary of before with it.
    assert planned(150, "stopped")["failed"] is True
