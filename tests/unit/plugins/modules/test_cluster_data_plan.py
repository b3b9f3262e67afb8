# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around the decision: arguments in, actions out, a refusal with what to do next."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest


def run_module(arguments: dict[str, Any]) -> dict[str, Any]:
    """Run the module as Ansible does: a process of its own, arguments on standard input."""
    done = subprocess.run(
        [sys.executable, "-m", "ansible_collections.pgha.cluster.plugins.modules.cluster_data_plan"],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": {"_ansible_check_mode": True, **arguments}}),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_a_new_cluster_starts_on_the_named_primary() -> None:
    result = run_module({"primary": "n1", "servers": [{"name": "n1"}, {"name": "n2"}]})
    assert result["actions"] == {"n1": "initialise", "n2": "clone"}
    assert result["first"] == "n1"
    assert result["changed"] is False


@pytest.mark.parametrize("primary", ["n1", "n2"])
def test_proven_data_wins_over_the_inventory(primary: str) -> None:
    ready = {"pgha-data": "ready"}
    servers = [{"name": "n1"}, {"name": "n2", "postgres": {"system_identifier": "1"}, "attributes": ready}]
    result = run_module({"primary": primary, "servers": servers})
    assert result["actions"] == {"n1": "clone", "n2": "keep"}
    assert result["first"] == ""


def test_foreign_data_is_refused_with_both_identifiers() -> None:
    servers = [
        {"name": "n1", "postgres": {"system_identifier": "1"}},
        {"name": "n2", "postgres": {"system_identifier": "2"}},
    ]
    result = run_module({"primary": "n1", "servers": servers})
    assert result["failed"] is True
    assert "n1: 1" in result["msg"]
    assert "n2: 2" in result["msg"]
