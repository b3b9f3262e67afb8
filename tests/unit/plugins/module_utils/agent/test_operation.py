# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Following a handover: its phases, its end, and each way in which it comes to nothing."""

from __future__ import annotations

from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.agent.client import SilentError
from ansible_collections.pgha.cluster.plugins.module_utils.agent.operation import DONE, FAILED, LATE, Follower
from ansible_collections.pgha.cluster.tests.support.agents import some_status

UNDER_WAY = some_status(wanted="switchover")
OFFERED = some_status(wanted="switchover", offered=True, write=False)
YIELDED = some_status(role="standby", reign=4, write=False, postgres="stopped")
THERE = {"fresh": True, "silent_for": 0.0, "heard": {"role": "primary", "reign": 4, "postgres": "primary"}}
HANDED = some_status(role="standby", reign=4, write=False, peer_state=THERE, at=100.8)
CANNOT = some_status(wanted="switchover") | {
    "decision": {"action": "nothing", "reason": "cannot_hand", "text": "the standby is away"}
}


class Agent:
    """Answers each question with the next of some statuses, and then with the last for ever."""

    def __init__(self, *statuses: Any) -> None:
        self.statuses, self.asked, self.said, self.now = list(statuses), [], [], 0.0  # type: tuple[list[Any], list[str], list[str], float]

    def ask(self, verb: str, **more: Any) -> dict[str, Any]:
        self.asked.append(verb)
        if verb == "events":
            status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
            if status is None:
                raise SilentError("gone")
            number = more["since"] + 1
            event = {"number": number, "at": 100.0 + number / 100, "kind": "decided", "text": f"step {number}"}
            return {"events": [event], "status": status}
        return {"since": 0, "at": 100.0, "reign": 3}

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def follow(self, wanted: str = "switchover", seconds: float = 30.0) -> tuple[int, Follower]:
        follower = Follower(self.ask, self.said.append, clock=lambda: self.now, pause=self.pause)
        return follower.follow(wanted, seconds), follower


def test_each_phase_is_said_until_the_other_server_takes_writes() -> None:
    agent = Agent(UNDER_WAY, OFFERED, YIELDED, HANDED)
    status, follower = agent.follow()
    assert status == DONE
    assert agent.said[0] == "   +10 ms  decided: step 1"
    assert agent.said[-1] == "  +800 ms  n2 is primary and takes writes"
    assert len(follower.result["phases"]) == 4
    assert follower.result["milliseconds"] == 800
    assert "cancel" not in agent.asked


def test_a_failover_ends_when_this_server_takes_writes() -> None:
    won = some_status(reign=4, at=102.0)
    agent = Agent(some_status(wanted="failover", role="standby", write=False), won)
    status, follower = agent.follow("failover")
    assert (status, follower.result["primary"], follower.result["milliseconds"]) == (DONE, "n1", 2000)


def test_the_reign_from_before_is_no_success() -> None:
    agent = Agent(some_status(wanted="failover"))
    assert agent.follow("failover", 3)[0] == LATE


def test_an_offer_that_is_taken_back_has_failed() -> None:
    agent = Agent(OFFERED, some_status(wanted=""))
    status, follower = agent.follow()
    assert (status, follower.result["ended"]) == (FAILED, "given up")


def test_a_refusal_is_waited_for_a_moment_and_then_taken_back() -> None:
    agent = Agent(CANNOT)
    status, _follower = agent.follow()
    assert status == FAILED
    assert 4.9 < agent.now < 6
    assert agent.asked[-1] == "cancel"
    assert "the standby is away" in agent.said[-1]
    agent = Agent(CANNOT, CANNOT, OFFERED, HANDED)
    assert agent.follow()[0] == DONE


def test_it_ends_in_time() -> None:
    agent = Agent(UNDER_WAY)
    status, _follower = agent.follow(seconds=2)
    assert status == LATE
    assert agent.asked[-1] == "cancel"


def test_a_restart_of_the_agent_is_borne() -> None:
    agent = Agent(OFFERED, None, None, HANDED)
    assert agent.follow()[0] == DONE
