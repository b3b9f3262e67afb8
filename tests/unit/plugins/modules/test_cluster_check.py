# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around the check of an inventory."""

from __future__ import annotations

from ansible_collections.pgha.cluster.tests.support.module_process import run_module
from ansible_collections.pgha.cluster.tests.unit.plugins.module_utils.cluster.test_check import good


def test_a_good_inventory_is_announced() -> None:
    servers, values = good()
    result = run_module("cluster_check", {"servers": servers, "values": values}, check_mode=True)
    assert result["changed"] is False
    assert any("write 10.0.0.100" in line for line in result["lines"])


def test_every_problem_is_in_the_message_and_nothing_was_touched() -> None:
    servers, values = good()
    values.update(primary="n9", cluster_name=7)
    result = run_module("cluster_check", {"servers": servers, "values": values})
    assert result["failed"] is True
    assert "2 problem(s)" in result["msg"]
    assert "pgha_primary: 'n9'" in result["msg"]
    assert "No server was touched" in result["msg"]


def test_what_may_be_deployed_and_deserves_a_word_is_a_warning() -> None:
    servers, values = good()
    values["replication_mode"] = "async"
    result = run_module("cluster_check", {"servers": servers, "values": values})
    assert "may lose the last commits" in str(result["warnings"])
