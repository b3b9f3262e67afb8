# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking the agent of a server, and what is left where it does not answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent import gateway
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.tests.support.module_process import run_module


def program(directory: Path, text: str) -> str:
    path = directory / "pgha-agent"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_what_the_agent_says_is_read(tmp_path: Path) -> None:
    said = {"name": "n1", "peer": "n2", "role": "primary", "reign": 1, "postgres": "primary", "arbiter": "alive"}
    view = gateway.look(run, "n1", program(tmp_path, f"echo '{json.dumps(said)}'"))
    assert (view["cluster_running"], view["promoted"]) == (True, ["n1"])


def test_an_agent_that_is_away_is_an_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "STATE", tmp_path)
    (tmp_path / "record.json").write_text('{"reign": 2, "role": "primary"}', encoding="utf-8")
    view = gateway.look(run, "n1", program(tmp_path, "echo 'The agent does not answer' >&2; exit 4"))
    assert view["cluster_running"] is False
    assert view["itself"] == {"n1": {"pgha-data": "ready", "pgha-role": "primary"}}


@pytest.mark.parametrize("text", ["exit 3", "echo 'no JSON'", "echo '[]'"])
def test_an_answer_that_cannot_be_read_is_no_silence(tmp_path: Path, text: str) -> None:
    with pytest.raises(PghaError, match="no answer that can be read"):
        gateway.look(run, "n1", program(tmp_path, text))


def test_a_server_without_an_agent_runs_no_cluster() -> None:
    result = run_module("agent_info", {"name": "n1"})
    assert result["cluster_running"] is False and not result.get("failed")
