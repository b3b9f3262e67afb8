# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around the decision: arguments in, actions out, a refusal with what to do next."""

from __future__ import annotations

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
