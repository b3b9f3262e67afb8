# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line, against agents that run."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent import cli, client
from ansible_collections.pgha.cluster.plugins.module_utils.agent.client import RefusedError
from ansible_collections.pgha.cluster.tests.support.agents import (
    RunningAgent,
    agents,
    wait_until,
)

SLOW_TO_LOAD = {"psycopg2", "urllib.request", "dataclasses", "subprocess", "email", "typing", "ssl", "threading"}


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[list[RunningAgent]]:
    with agents(tmp_path) as running:
        for agent in running:
            wait_until(partial(looks, agent), "it has looked")
        yield running


def looks(agent: RunningAgent) -> bool:
    try:
        return bool(agent.status()["peer_state"]["fresh"])
    except RefusedError:
        return False


def call(agent: RunningAgent, *words: str) -> int:
    return cli.main([*words, "--run-directory", agent.run_directory])


def test_status_in_words_and_in_json(pair: list[RunningAgent], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(pair[0], "status") == 0
    assert "n1: out in reign 0, PostgreSQL stopped" in capsys.readouterr().out
    assert call(pair[0], "status", "--json") == 0
    assert json.loads(capsys.readouterr().out)["name"] == "n1"


def test_a_cluster_is_begun_and_handed_over_by_commands(
    pair: list[RunningAgent], capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = pair
    assert call(one, "init") == 0
    wait_until(lambda: one.status()["write"], "n1 is primary")
    wait_until(lambda: (two.status()["peer_state"]["heard"] or {})["role"] == "primary", "n2 knows it")
    assert call(two, "join") == 0
    wait_until(lambda: one.status()["redundant"] and two.status()["redundant"], "both have every commit")
    assert call(one, "init") == 1
    assert call(one, "check", "redundancy") == 0
    capsys.readouterr()
    assert call(one, "switchover", "--timeout", "10") == 0
    assert " ms  n2 is primary and takes writes" in capsys.readouterr().out
    assert call(one, "switchover", "--timeout", "10") == 1
    assert "This server is not the primary" in capsys.readouterr().err
    assert call(two, "leave") == 1
    wait_until(lambda: one.status()["redundant"], "n1 follows")
    assert call(two, "switchover", "--timeout", "10", "--json") == 0
    assert json.loads(capsys.readouterr().out)["primary"] == "n1"


def test_pause_resume_and_why(pair: list[RunningAgent], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(pair[0], "pause") == 0
    assert capsys.readouterr().out == "paused: True\n"
    wait_until(lambda: pair[0].status()["decision"]["reason"] == "paused", "it is paused")
    assert call(pair[0], "why") == 0
    said = capsys.readouterr().out
    assert said.startswith("nothing: the agent is paused")
    assert "What was seen" in said
    assert call(pair[0], "check", "agent") == 1
    assert call(pair[0], "resume", "--json") == 0
    assert call(pair[0], "why", "--json") == 0


def test_only_the_primary_may_hold_the_write_address(
    pair: list[RunningAgent], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(client, "RUN_DIRECTORY", pair[0].run_directory)
    assert cli.main(["check", "write"]) == 2
    call(pair[0], "init")
    wait_until(lambda: pair[0].status()["write"], "n1 is primary")
    assert cli.main(["check", "write"]) == 0
    assert "PGHA write OK" in capsys.readouterr().out


@pytest.mark.parametrize("options", [[], ["--run-directory", "HERE"]])
def test_an_agent_that_answers_is_alive_whatever_it_is(
    pair: list[RunningAgent],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
) -> None:
    here = pair[1].run_directory
    monkeypatch.setattr(client, "RUN_DIRECTORY", here)
    assert cli.main(["check", "alive", *(option.replace("HERE", here) for option in options)]) == 0
    assert "PGHA alive OK" in capsys.readouterr().out


def test_without_an_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(client, "RUN_DIRECTORY", str(tmp_path))
    assert cli.main(["check", "write"]) == 2
    assert cli.main(["check", "alive"]) == 2
    there = ["--run-directory", str(tmp_path)]
    assert cli.main(["check", *there]) == 2
    assert "CRITICAL - the agent does not answer" in capsys.readouterr().out
    assert cli.main(["status", *there]) == cli.AWAY
    assert cli.main(["pause", *there]) == cli.AWAY


def test_a_configuration_of_no_use_ends_the_daemon_with_the_mistakes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", "--config", str(tmp_path / "none.json")]) == 1
    assert "none.json" in capsys.readouterr().err


def test_what_is_no_command_is_refused() -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["dance"])
    assert ended.value.code == 2


def test_what_keepalived_calls_all_the_time_loads_little(tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv.pop(1));"
        "from ansible_collections.pgha.cluster.plugins.module_utils.agent import cli, client;"
        "client.RUN_DIRECTORY = '/nowhere'; cli.main(['check', 'alive']); print(*sys.modules)"
    )
    root = next(path for path in sys.path if (Path(path) / "ansible_collections" / "pgha").exists())
    argv = [sys.executable, "-I", "-S", "-c", code, root]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=30, cwd=tmp_path)
    assert not SLOW_TO_LOAD & set(done.stdout.split())
