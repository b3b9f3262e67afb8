# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Effects: one at a time, a stop overtakes, fencing runs beside, and what was proven does not outlive a word."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.effects import (
    AGAIN_SECONDS,
    EFFECTS,
    SEEN_SECONDS,
    Effects,
    Ended,
)
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import (
    Action,
    Decision,
    Fenced,
    Observation,
    Postgres,
    Record,
)
from ansible_collections.pgha.cluster.tests.support.agents import wait_until

SEEN = Observation(strict=False, fencing=True, boot="b", record=Record(), postgres=Postgres.STOPPED)


def to(action: Action) -> Decision:
    return Decision(action, "reason", "text")


class SlowHands:
    """Each effect waits until the test lets it go."""

    def __init__(self) -> None:
        self.begun: list[Action] = []
        self.gates = {action: threading.Event() for action in EFFECTS}
        self.overtaken: dict[Action, threading.Event] = {}
        self.error: Exception | None = None
        self.unable: Exception | None = None
        self.powered = threading.Event()

    def carry_out(self, decision: Decision, observation: Observation, overtaken: threading.Event) -> None:
        self.begun.append(decision.action)
        self.overtaken[decision.action] = overtaken
        assert self.gates[decision.action].wait(10)
        if self.error is not None:
            raise self.error

    def fence(self, observation: Observation) -> Fenced:
        self.begun.append(Action.FENCE)
        assert self.gates[Action.FENCE].wait(10)
        if self.error is not None:
            raise self.error
        return Fenced.OFF

    def power_on(self) -> None:
        self.powered.set()
        if self.unable is not None:
            raise self.unable


class Bench:
    """Effects with slow hands and a clock that the test moves."""

    def __init__(self) -> None:
        self.hands, self.now, self.woken = SlowHands(), 100.0, threading.Event()
        self.effects = Effects(self.hands, self.woken.set, lambda: self.now)

    def fenced(self) -> str:
        return self.effects.fenced.value

    def begin(self, action: Action) -> bool:
        return self.effects.begin(to(action), SEEN)

    def let_go(self, action: Action) -> list[Ended]:
        self.woken.clear()
        self.hands.gates[action].set()
        assert self.woken.wait(10), f"{action} woke nobody"
        return self.effects.ended()


def test_one_that_runs_is_not_started_again_and_no_other_beside_it() -> None:
    bench = Bench()
    assert bench.begin(Action.PROMOTE)
    assert not bench.begin(Action.PROMOTE)
    assert not bench.begin(Action.WAIT_FOR_PEER)
    assert bench.effects.running == ["promote"]
    assert [end.action for end in bench.let_go(Action.PROMOTE)] == [Action.PROMOTE]
    assert bench.begin(Action.WAIT_FOR_PEER)
    bench.let_go(Action.WAIT_FOR_PEER)
    assert bench.hands.begun == [Action.PROMOTE, Action.WAIT_FOR_PEER]


@pytest.mark.parametrize("urgent", [Action.STOP, Action.OFFER])
def test_to_stop_overtakes_and_tells_the_other_to_leave_off(urgent: Action) -> None:
    bench = Bench()
    assert bench.begin(Action.START_PRIMARY)
    wait_until(lambda: Action.START_PRIMARY in bench.hands.overtaken, "it has begun")
    assert bench.begin(urgent)
    assert bench.hands.overtaken[Action.START_PRIMARY].is_set()
    # What was overtaken ends later, and its end is not taken for that of the other one.
    assert bench.let_go(Action.START_PRIMARY) == []
    assert bench.effects.running == [urgent.value]
    assert not bench.begin(Action.START_PRIMARY)
    assert [end.action for end in bench.let_go(urgent)] == [urgent]


def test_one_stop_does_not_overtake_another() -> None:
    bench = Bench()
    assert bench.begin(Action.OFFER)
    assert not bench.begin(Action.STOP)
    assert [end.error for end in bench.let_go(Action.OFFER)] == [""]


def test_to_fence_runs_beside_everything() -> None:
    bench = Bench()
    assert bench.begin(Action.FENCE)
    assert not bench.begin(Action.FENCE)
    assert bench.begin(Action.STOP)
    assert bench.fenced() == Fenced.UNDER_WAY.value
    bench.let_go(Action.STOP)
    assert bench.effects.running == ["fence"]
    bench.now += 1
    bench.let_go(Action.FENCE)
    assert bench.fenced() == Fenced.OFF.value


def test_who_was_proven_off_gets_its_power_back_and_that_it_does_not_is_told() -> None:
    bench = Bench()
    bench.begin(Action.FENCE)
    bench.let_go(Action.FENCE)
    assert bench.hands.powered.wait(10)
    bench = Bench()
    bench.hands.unable = OSError("no device")
    bench.begin(Action.FENCE)
    found = bench.let_go(Action.FENCE)

    def told() -> bool:
        found.extend(bench.effects.ended())
        return len(found) == 2

    wait_until(told, "its end is told")
    assert found[-1].error == "power on: OSError: no device"
    assert bench.fenced() == Fenced.OFF.value


def test_what_failed_to_prove_it_off_switches_nothing_on() -> None:
    bench = Bench()
    bench.hands.error = OSError("no device")
    bench.begin(Action.FENCE)
    bench.let_go(Action.FENCE)
    assert not bench.hands.powered.is_set()


def test_what_is_done_is_not_done_again_before_it_can_be_seen() -> None:
    bench = Bench()
    bench.begin(Action.PROMOTE)
    bench.let_go(Action.PROMOTE)
    assert not bench.begin(Action.PROMOTE)
    bench.now += SEEN_SECONDS
    assert bench.begin(Action.PROMOTE)


def test_a_word_of_the_other_server_ends_what_was_proven_of_its_power() -> None:
    bench = Bench()
    bench.begin(Action.FENCE)
    bench.now += 1
    bench.let_go(Action.FENCE)
    bench.effects.heard()
    assert bench.fenced() == Fenced.NOT_ASKED.value


def test_a_word_before_the_proof_does_not_end_it_and_one_after_it_does() -> None:
    bench = Bench()
    bench.begin(Action.FENCE)
    bench.effects.heard()
    assert bench.fenced() == Fenced.UNDER_WAY.value
    bench.now += 1
    bench.let_go(Action.FENCE)
    assert bench.fenced() == Fenced.OFF.value
    bench = Bench()
    bench.begin(Action.FENCE)
    bench.now += 1
    bench.hands.gates[Action.FENCE].set()
    assert bench.woken.wait(10)
    # Proven, and before the loop has taken the result the server speaks: it lives.
    bench.now += 1
    bench.effects.heard()
    bench.effects.ended()
    assert bench.fenced() == Fenced.NOT_ASKED.value


def test_a_failure_is_told_and_not_tried_again_at_once() -> None:
    bench = Bench()
    bench.hands.error = OSError("no device")
    bench.begin(Action.FENCE)
    end = bench.let_go(Action.FENCE)[0]
    assert (end.error, end.fenced) == ("OSError: no device", Fenced.FAILED)
    assert bench.fenced() == Fenced.FAILED.value
    assert not bench.begin(Action.FENCE)
    bench.now += AGAIN_SECONDS
    assert bench.begin(Action.FENCE)


def test_decisions_without_an_effect_start_nothing() -> None:
    bench = Bench()
    assert not any(bench.begin(action) for action in Action if action not in EFFECTS)
    assert not bench.effects.begin(to(Action.NOTHING), replace(SEEN, strict=True))
    assert bench.effects.running == []
