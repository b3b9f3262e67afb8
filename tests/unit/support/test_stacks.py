# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test knows of a stack: which one is meant, and when two agents have settled."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.stacks import STACKS, chosen_stack, still_to_do, unsettled

SETTLED: dict[str, dict[str, Any]] = {
    "n1": {"role": "primary", "reign": 4, "redundant": True, "paused": False},
    "n2": {"role": "standby", "reign": 4, "redundant": True, "paused": False},
}


def test_the_environment_chooses_the_stack_and_pacemaker_is_the_default() -> None:
    assert chosen_stack({}).name == "pacemaker"
    assert chosen_stack({"PGHA_STACK": ""}).name == "pacemaker"
    assert chosen_stack({"PGHA_STACK": "keepalived"}).name == "keepalived"
    with pytest.raises(KeyError):
        chosen_stack({"PGHA_STACK": "keepalive"})


def test_a_cluster_has_its_stacks_inventory_and_addresses() -> None:
    for name, replication in (
        ("pacemaker", "10.99.1.100"),
        ("keepalived", ""),
        ("vote", ""),
        ("shared", ""),
        ("san", ""),
    ):
        cluster = Cluster("paper", "10.99", "bookworm", Path("/nonexistent"), stack=STACKS[name])
        assert cluster.playbooks.inventory.name == f"lab_{name}"
        assert (cluster.write, cluster.replication) == ("10.99.0.100", replication)
    assert Cluster("paper", "10.99", "bookworm", Path("/nonexistent")).stack.name == "pacemaker"


SIMULATED = """\
Current cluster status:
  * Node List:
    * Online: [ n1 n2 ]

Transition Summary:
{summary}
Executing Cluster Transition:
{actions}
Revised Cluster Status:
  * Node List:
    * Online: [ n1 n2 ]
"""
IDLE = SIMULATED.format(summary="", actions="")
MOVES = SIMULATED.format(
    summary="  * Move       write-address     ( n1 -> n2 )\n", actions="  * Resource action: write-address stop on n1\n"
)


@pytest.mark.parametrize(
    ("before", "simulated", "after", "left"),
    [
        ("S_IDLE", IDLE, "S_IDLE", ""),
        ("S_IDLE", MOVES, "S_IDLE", "* Resource action: write-address stop on n1"),
        ("S_TRANSITION_ENGINE", IDLE, "S_IDLE", "the controller is in S_TRANSITION_ENGINE, then in S_IDLE"),
        ("S_IDLE", IDLE, "S_POLICY_ENGINE", "the controller is in S_IDLE, then in S_POLICY_ENGINE"),
    ],
)
def test_a_cluster_manager_has_settled_when_it_would_do_nothing(
    before: str, simulated: str, after: str, left: str
) -> None:
    assert still_to_do(f"{before}\n{simulated}{after}\n") == left


def test_no_answer_of_a_cluster_manager_is_not_settled() -> None:
    assert still_to_do("")


def test_one_primary_whose_standby_may_take_over_is_settled() -> None:
    assert not unsettled(SETTLED, "n1")


@pytest.mark.parametrize(
    ("server", "change"),
    [
        ("n1", {"role": "standby"}),
        ("n1", {"redundant": False}),
        ("n1", {"paused": True}),
        ("n1", {"reign": 3}),
        ("n2", {"role": "out"}),
        ("n2", {"redundant": False}),
        ("n2", {"paused": True}),
    ],
)
def test_anything_less_is_not(server: str, change: dict[str, Any]) -> None:
    assert unsettled({**SETTLED, server: SETTLED[server] | change}, "n1")


def test_the_wrong_primary_and_an_agent_that_does_not_answer_are_not_settled() -> None:
    assert unsettled(SETTLED, "n2")
    assert "n2" in unsettled({**SETTLED, "n2": {}}, "n1")


@pytest.mark.parametrize(
    ("postgres", "disk", "answer"),
    [
        (True, "Connected UpToDate/UpToDate Primary/Secondary", "f\nn2 streaming sync\n"),
        (True, "Connected UpToDate/Inconsistent Primary/Secondary", "f\n"),
        (True, "WFConnection UpToDate/Outdated Primary/Unknown", "f\n"),
        (False, "Connected UpToDate/UpToDate Secondary/Primary", "t\n"),
        (False, "Connected Inconsistent/UpToDate Secondary/Primary", ""),
        # Nobody runs it: this is no standby of anybody.
        (False, "Connected UpToDate/UpToDate Secondary/Secondary", ""),
    ],
)
def test_a_server_without_postgresql_is_a_standby_by_its_disk(
    tmp_path: Path, postgres: bool, disk: str, answer: str
) -> None:
    connection, states, roles = disk.split()
    said = {"cstate": connection, "dstate": states, "role": roles}
    cases = "".join(f"{word}) echo {text};; " for word, text in said.items())
    programs = {"drbdadm": f"case $1 in {cases}esac", "pgrep": "true" if postgres else "false"}
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    asked = STACKS["drbd"].asked("echo f", "n2")
    done = subprocess.run(
        ["sh", "-c", asked], capture_output=True, text=True, check=False, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}
    )
    assert done.stdout == answer


@pytest.mark.parametrize(
    ("postgres", "reads", "answer"),
    [
        (True, True, "f\nn2 streaming sync\n"),
        (True, False, "f\n"),
        (False, True, "t\n"),
        (False, False, ""),
    ],
)
def test_a_server_without_postgresql_is_a_standby_if_it_reads_the_shared_disk(
    tmp_path: Path, postgres: bool, reads: bool, answer: str
) -> None:
    for name, works in (("pgrep", postgres), ("dd", reads)):
        (tmp_path / name).write_text(f"#!/bin/sh\n{'true' if works else 'false'}\n")
        (tmp_path / name).chmod(0o755)
    asked = STACKS["shared"].asked("echo f", "n2")
    done = subprocess.run(
        ["sh", "-c", asked], capture_output=True, text=True, check=False, env={"PATH": f"{tmp_path}:/usr/bin:/bin"}
    )
    assert done.stdout == answer
