# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is handed on to PostgreSQL's resource agent: everything, but the notifications for which it does nothing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.tests.support.playbooks import PROJECT

OURS = PROJECT / "roles/stack_pacemaker/files/pgsql"
META = "OCF_RESKEY_CRM_meta_"


class Agent:
    """The real one's place, with an agent in it that says how it was called and ends with 7."""

    def __init__(self, place: Path) -> None:
        self.data = place / "data"
        self.data.mkdir()
        real = place / "resource.d" / "heartbeat" / "pgsql"
        real.parent.mkdir(parents=True)
        real.write_text('#!/bin/sh\necho "$# $1"\nexit 7\n')
        real.chmod(0o755)
        self.environment = {"OCF_ROOT": str(place), "OCF_RESKEY_pgdata": str(self.data), "PATH": os.environ["PATH"]}

    def handed_on(self, action: str, **environment: str) -> bool:
        """Call ours; tell whether the real one was called. If not, all has to be well."""
        done = subprocess.run(
            ["/bin/sh", str(OURS), action],
            env={**self.environment, **environment}, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        assert done.stderr == ""
        if done.returncode == 7:
            assert done.stdout == f"1 {action}\n"
            return True
        assert (done.returncode, done.stdout) == (0, "")
        return False

    def notified(self, what: str, here: str, **more: str) -> bool:
        """Send a notification in a cluster of two whose primary n1 is demoted, and n2 promoted."""
        when, operation = what.split("-")
        given = {
            "type": when, "operation": operation, "demote_uname": "n1 ", "promote_uname": "n2 ", "master_uname": "n1 ",
            **{name: value for name, value in more.items() if name != "node_list"},
        }  # fmt: skip
        environment = {f"{META}notify_{name}": value for name, value in given.items()}
        nodes = {"OCF_RESKEY_node_list": more.get("node_list", "n1 n2"), f"{META}on_node": here}
        return self.handed_on("notify", **environment, **nodes)


@pytest.fixture(name="agent")
def _agent(tmp_path: Path) -> Agent:
    return Agent(tmp_path)


@pytest.mark.parametrize("action", ["start", "stop", "monitor", "promote", "demote", "meta-data", "validate-all"])
def test_every_action_is_handed_on_with_its_answer(agent: Agent, action: str) -> None:
    assert agent.handed_on(action)


@pytest.mark.parametrize(
    ("what", "here", "more", "handed_on"),
    [
        ("pre-demote", "n1", {}, False),
        ("pre-demote", "n2", {}, False),
        ("pre-stop", "n2", {}, False),
        ("pre-start", "n2", {}, False),
        ("pre-promote", "n2", {}, False),
        ("pre-promote", "n1", {"node_list": "n1 n2 n3"}, True),
        ("post-promote", "n1", {}, True),
        ("post-promote", "n2", {}, True),
        ("post-demote", "n1", {}, False),
        ("post-demote", "n2", {}, True),
        ("post-demote", "n1", {"demote_uname": "n11 n1"}, True),
        ("post-start", "n2", {}, False),
        ("post-stop", "n2", {}, False),
        ("post-stop", "n1", {"master_uname": " ", "promoted_uname": " "}, False),
        ("post-stop", "n", {"master_uname": "n1"}, False),
        # What nobody knows yet, and what is not said.
        ("pre-move", "n1", {}, True),
        ("-", "n1", {}, True),
        ("pre-stop", "", {}, True),
    ],
)
def test_a_notification_is_handed_on_where_the_agent_acts_upon_it(
    agent: Agent, what: str, here: str, more: dict[str, str], handed_on: bool
) -> None:
    assert agent.notified(what, here, **more) is handed_on


@pytest.mark.parametrize("what", ["post-start", "post-stop"])
@pytest.mark.parametrize("names", [{}, {"master_uname": " ", "promoted_uname": "n1 "}], ids=["2.1", "3.0"])
def test_a_primary_that_runs_looks_at_its_standbys(agent: Agent, what: str, names: dict[str, str]) -> None:
    pid = agent.data / "postmaster.pid"
    assert not agent.notified(what, "n1", **names), "it is stopped"
    pid.write_text(f"{os.getpid()}\n{agent.data}\n")
    assert agent.notified(what, "n1", **names)
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    pid.write_text(f"{gone.pid}\n{agent.data}\n")
    assert not agent.notified(what, "n1", **names), "it was killed"
    pid.write_text("")
    assert agent.notified(what, "n1", **names), "nobody knows"
