# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent asks of others, and that an answer from before this silence is none."""

from __future__ import annotations

import threading
from concurrent.futures import wait
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.greeting import Answer
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Arbiter
from ansible_collections.pgha.cluster.plugins.module_utils.agent.probes import (
    AGAIN_SECONDS,
    CALM_SECONDS,
    RELAY_CALM_SECONDS,
    RUNS_SECONDS,
    Probes,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed

from tests.support.fake_server import FakeRunner, Terms

NO_REPLY, NO_NETWORK = Completed(1, "", ""), Completed(2, "", "Network is unreachable")


class Played:
    """Probes in a world that the test sets up."""

    def __init__(self, **terms: Any) -> None:
        self.now, self.heard_at, self.woken = 100.0, 100.0, 0
        self.answer: dict[str, Answer] = {}
        self.knocked: list[str] = []
        self.looked, self.runs = 0, True
        self.held = threading.Event()
        self.held.set()
        self.runner = FakeRunner()
        self.probes = Probes(
            Terms(**terms),
            runner=self.runner,
            silent_for=lambda: self.now - self.heard_at,
            wake=self.wake,
            clock=lambda: self.now,
            knocker=self.knock,
            keepalived=self.keepalived,
        )

    def keepalived(self) -> bool:
        self.looked += 1
        return self.runs

    def knock(self, host: str, port: int, seconds: float) -> Answer:
        assert port == (5433 if host == "10.0.0.19" else 5432)
        self.knocked.append(host)
        self.held.wait(10)
        return self.answer.get(host, Answer.NONE)

    def wake(self) -> None:
        self.woken += 1

    def reach(self) -> bool | None:
        return self.probes.reach

    def arbiter(self) -> Arbiter:
        return self.probes.arbiter

    def pinged(self) -> list[str]:
        hosts = [command.split()[-1] for command in self.runner.ran]
        self.runner.ran.clear()
        return sorted(hosts)


def test_while_the_other_agent_speaks_nobody_is_asked_about_it() -> None:
    played = Played()
    played.probes.turn_peer()
    assert played.knocked == []
    assert played.probes.answers
    assert played.arbiter() is Arbiter.SILENT


def test_in_a_silence_every_address_and_the_vote_host_are_asked() -> None:
    played = Played()
    played.now += 1
    played.answer["10.0.0.19"] = Answer.CLOSED
    played.probes.turn_peer()
    assert sorted(played.knocked) == ["10.0.0.12", "10.0.0.19", "10.1.0.12"]
    assert (played.probes.answers, played.probes.arbiter) == (False, Arbiter.GONE)
    played.probes.turn_peer()
    assert len(played.knocked) == 3
    played.now += AGAIN_SECONDS
    played.answer["10.1.0.12"] = Answer.POSTGRES
    played.probes.turn_peer()
    assert played.probes.answers


def test_answers_of_an_earlier_silence_count_for_nothing() -> None:
    played = Played()
    played.now += 1
    played.answer["10.0.0.19"] = Answer.CLOSED
    played.probes.turn_peer()
    played.now += 0.1
    played.heard_at = played.now
    played.now += 3
    assert (played.probes.answers, played.probes.arbiter) == (True, Arbiter.SILENT)
    played.probes.turn_peer()
    assert (played.probes.answers, played.probes.arbiter) == (False, Arbiter.GONE)


def test_the_vote_host_is_asked_now_and_then_so_that_one_that_is_away_is_known() -> None:
    played = Played()
    played.answer["10.0.0.19"] = Answer.POSTGRES
    played.probes.turn_relay()
    assert (played.knocked, played.arbiter()) == (["10.0.0.19"], Arbiter.ALIVE)
    played.now = played.heard_at = played.now + RELAY_CALM_SECONDS - 1
    played.probes.turn_relay()
    assert len(played.knocked) == 1
    played.answer["10.0.0.19"] = Answer.NONE
    played.now = played.heard_at = played.now + 1
    played.probes.turn_relay()
    assert (len(played.knocked), played.arbiter()) == (2, Arbiter.SILENT)
    played.answer["10.0.0.19"] = Answer.POSTGRES
    played.now = played.heard_at = played.now + CALM_SECONDS
    played.probes.turn_relay()
    assert played.arbiter() is Arbiter.ALIVE


def test_what_the_vote_host_said_while_all_was_well_counts_for_nothing_in_a_silence() -> None:
    played = Played()
    played.answer["10.0.0.19"] = Answer.CLOSED
    played.probes.turn_relay()
    assert played.arbiter() is Arbiter.GONE
    played.now += 1
    assert played.arbiter() is Arbiter.SILENT
    played.now += RELAY_CALM_SECONDS
    played.probes.turn_relay()
    assert played.knocked == ["10.0.0.19"], "a silence has its own questions"


def test_without_a_vote_host_none_is_asked() -> None:
    played = Played(stack="keepalived", relay=None)
    played.probes.turn_relay()
    assert played.knocked == []


def test_ping_targets_are_asked_one_by_one_while_all_is_well() -> None:
    played = Played()
    assert played.reach() is None
    played.probes.turn_reach()
    assert played.pinged() == ["10.0.0.1", "10.0.0.2"]
    assert played.reach() is True
    played.probes.turn_reach()
    assert played.pinged() == []
    played.now = played.heard_at = played.now + CALM_SECONDS
    played.probes.turn_reach()
    assert played.pinged() == ["10.0.0.1"]


def test_a_target_that_does_not_answer_lets_all_be_asked() -> None:
    played = Played()
    played.probes.turn_reach()
    played.pinged()
    played.runner.answers = {"10.0.0.1": NO_REPLY, "10.0.0.2": NO_NETWORK}
    played.now = played.heard_at = played.now + CALM_SECONDS
    played.probes.turn_reach()
    assert played.pinged() == ["10.0.0.1", "10.0.0.1", "10.0.0.2"]
    assert played.reach() is False


def test_on_keepalived_the_ping_targets_are_asked_anew_in_a_silence() -> None:
    played = Played(stack="keepalived")
    played.probes.turn_reach()
    played.probes.note_vrrp("write", "MASTER")
    played.probes.note_vrrp("watch", "MASTER")
    assert played.woken == 1
    played.heard_at = played.now = played.now + 0.1
    played.now += 1
    # They answered before the silence, perhaps before this server's own cable was cut.
    assert played.arbiter() is Arbiter.SILENT
    played.probes.turn_reach()
    assert played.arbiter() is Arbiter.GONE
    played.runner.answers = {"10.0.0.1": NO_REPLY, "10.0.0.2": NO_REPLY}
    played.now += AGAIN_SECONDS
    played.probes.turn_reach()
    assert played.arbiter() is Arbiter.SILENT


@pytest.mark.parametrize(
    ("answer", "done", "there"),
    [
        (Answer.NONE, NO_REPLY, False),
        (Answer.NONE, Completed(0, "", ""), True),
        (Answer.NONE, NO_NETWORK, None),
        # Where pings are not let through.
        (Answer.REFUSED, NO_REPLY, True),
        (Answer.TAKEN, NO_REPLY, True),
        (Answer.CLOSED, NO_REPLY, True),
        (Answer.POSTGRES, NO_NETWORK, True),
    ],
)
def test_whether_anything_of_the_other_server_is_there(answer: Answer, done: Completed, there: bool | None) -> None:
    played = Played()
    played.answer["10.1.0.12"] = answer
    played.runner.answers = {"10.0.0.12": done, "10.1.0.12": done}
    assert played.probes.peer_is_there() is there


def answered_all(played: Played) -> None:
    """Wait until nothing is being asked any more."""
    wait([*played.probes._asking.values()], timeout=10)


def test_what_is_due_is_asked_beside_the_loop_and_an_answer_wakes_it() -> None:
    played = Played()
    played.now += 1
    played.probes.turn()
    answered_all(played)
    assert played.woken
    assert played.knocked
    # Not due again yet.
    played.knocked.clear()
    played.probes.turn()
    answered_all(played)
    assert played.knocked == []
    played.probes.stop()


def test_nothing_is_asked_twice_at_the_same_time() -> None:
    played = Played()
    played.held.clear()
    played.now += 1
    played.probes.turn()
    played.now += 10
    played.probes.turn()
    played.held.set()
    answered_all(played)
    assert played.knocked
    assert len(played.knocked) == len(set(played.knocked))
    played.probes.stop()


def test_whether_keepalived_runs_is_looked_at_each_time_only_in_a_silence() -> None:
    played = Played(stack="keepalived")
    played.probes.note_vrrp("watch", "BACKUP")
    assert [played.arbiter() for _look in range(3)] == [Arbiter.ALIVE] * 3
    assert played.looked == 1
    played.runs = False
    played.now += RUNS_SECONDS
    played.heard_at = played.now
    assert played.arbiter() is Arbiter.SILENT
    played.runs = True
    played.now += 1
    assert played.arbiter() is Arbiter.ALIVE
    played.runs = False
    assert played.arbiter() is Arbiter.SILENT
