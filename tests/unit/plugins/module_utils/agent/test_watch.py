# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watch over the local PostgreSQL: from its processes and answers to what is so."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent import watch as subject
from ansible_collections.pgha.cluster.plugins.module_utils.agent.greeting import Greeting
from ansible_collections.pgha.cluster.plugins.module_utils.agent.look import LOOK, InForce, Waiting, names_of
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Postgres
from ansible_collections.pgha.cluster.plugins.module_utils.agent.processes import Postmaster
from ansible_collections.pgha.cluster.plugins.module_utils.agent.watch import (
    AGAIN_SECONDS,
    ENDING_SECONDS,
    PERIOD_SECONDS,
    STALE_SECONDS,
    UNSURE_SECONDS,
    Watch,
    of_control,
    of_greeting,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed

from tests.support.fake_server import FakeProcesses, FakeRunner, FakeSession, Terms, refusal, silence

# No process has this number.
POSTMASTER = Postmaster(2**22 + 1, 5000)
PRIMARY = (False, "", 1500, None, None, None, None, None, None)
STANDBY = (True, "", 1400, None, None, None, "streaming", "10:00:00", 1400)
STOPPED = {"running": False, "state": "shut down", "clean": True, "timeline": 1, "checkpoint": 900}


class Played:
    """A watch over a server that does what the test wants next."""

    def __init__(self, processes: FakeProcesses, *answers: Any, control: Any = None) -> None:
        self.answers, self.now, self.woken = list(answers), 100.0, 0
        self.runner = FakeRunner({"pgha-agent-hand control": Completed(0, json.dumps(control or STOPPED), "")})
        self.waiting = Waiting()
        self.watch = Watch(
            Terms(),
            ("n1", "n2"),
            processes,  # type: ignore[arg-type]
            self.waiting,
            runner=self.runner,
            connect=self.connect,
            wake=self.wake,
            clock=lambda: self.now,
        )

    def connect(self, database: str = "postgres", options: str = "") -> FakeSession:
        if self.answers and isinstance(self.answers[0], ConnectionError):
            raise self.answers.pop(0).__cause__
        return FakeSession(self.answer)

    def answer(self, statement: str, values: tuple[Any, ...]) -> Any:
        assert (statement, values) == (LOOK, ("n2",))
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return found if isinstance(found, Exception) else [found]

    def wake(self) -> None:
        self.woken += 1


def no_connection(error: Exception) -> ConnectionError:
    failed = ConnectionError()
    failed.__cause__ = error
    return failed


def test_before_the_first_look_nothing_is_known() -> None:
    local = Played(FakeProcesses(POSTMASTER), PRIMARY).watch.local
    # As of one that is starting: what is not known must not look like what has to be stopped.
    assert local.postgres is Postgres.STARTING


def test_a_primary_and_a_standby() -> None:
    for row, postgres, received in ((PRIMARY, Postgres.PRIMARY, 1500), (STANDBY, Postgres.STANDBY, 1400)):
        played = Played(FakeProcesses(POSTMASTER), row)
        assert played.watch.turn() == PERIOD_SECONDS
        assert (played.watch.local.postgres, played.watch.local.received) == (postgres, received)
        assert played.watch.local.healthy


def test_the_loop_is_woken_when_something_has_changed_and_not_by_the_log_alone() -> None:
    played = Played(FakeProcesses(POSTMASTER), PRIMARY, (*PRIMARY[:2], 1600, *PRIMARY[3:]), STANDBY)
    for _number in range(3):
        played.watch.turn()
    assert played.woken == 2


def test_commits_wait_when_a_proof_is_there() -> None:
    played = Played(
        FakeProcesses(POSTMASTER), (False, names_of("n2"), 1500, "streaming", "sync", 1500, None, None, None)
    )
    played.watch.turn()
    assert _waits(played) == (None, False)
    played.waiting.proven(InForce(POSTMASTER, names_of("n2"), 1000))
    played.watch.turn()
    assert _waits(played) == (True, True)


def _waits(played: Played) -> tuple[bool | None, bool]:
    return played.watch.local.waiting, played.watch.local.caught_up


def test_a_session_that_has_ended_is_opened_anew_at_once() -> None:
    played = Played(FakeProcesses(POSTMASTER), PRIMARY, refusal("57P01"), PRIMARY)
    played.watch.turn()
    played.watch.turn()
    assert played.watch.local.postgres is Postgres.PRIMARY


@pytest.mark.parametrize(
    ("greeting", "postgres", "healthy"),
    [
        (Greeting.STARTING, Postgres.STARTING, True),
        (Greeting.ABSENT, Postgres.STARTING, True),
        (Greeting.SILENT, Postgres.UNKNOWN, False),
        (Greeting.REFUSED, Postgres.UNKNOWN, False),
        (Greeting.READY, Postgres.UNKNOWN, False),
    ],
)
def test_a_server_with_which_no_session_opens(
    monkeypatch: pytest.MonkeyPatch, greeting: Greeting, postgres: Postgres, healthy: bool
) -> None:
    monkeypatch.setattr(subject, "greet", lambda *_words: greeting)
    played = Played(FakeProcesses(POSTMASTER), no_connection(refusal(None)), PRIMARY)
    played.watch.turn()
    assert (played.watch.local.postgres, played.watch.local.healthy) == (postgres, healthy)
    assert of_greeting(greeting, "why").postgres is postgres


def test_a_server_that_hangs_is_not_asked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "greet", lambda *_words: Greeting.SILENT)
    played = Played(FakeProcesses(POSTMASTER), PRIMARY, silence(), PRIMARY)
    played.watch.turn()
    played.watch.turn()
    assert played.watch.local.postgres is Postgres.UNKNOWN
    assert played.answers == [PRIMARY]


def test_a_server_is_stopped_when_nothing_of_it_is_left() -> None:
    processes = FakeProcesses(POSTMASTER, None, left=[[101], []])
    played = Played(processes, PRIMARY)
    assert played.watch.turn() == PERIOD_SECONDS
    assert played.watch.turn() == ENDING_SECONDS
    assert played.watch.local.postgres is Postgres.UNKNOWN
    assert played.runner.ran == []
    assert played.watch.turn() == PERIOD_SECONDS
    local = played.watch.local
    assert (local.postgres, local.clean, local.received) == (Postgres.STOPPED, True, 900)


def test_a_stopped_server_s_control_data_are_read_now_and_then() -> None:
    played = Played(FakeProcesses(None))
    played.watch.turn()
    played.now += AGAIN_SECONDS - 1
    played.watch.turn()
    assert len(played.runner.ran) == 1
    played.now += 1
    played.watch.turn()
    assert len(played.runner.ran) == 2


def test_a_process_that_only_the_hand_sees_is_one() -> None:
    played = Played(FakeProcesses(None), control={**STOPPED, "running": True})
    assert played.watch.turn() == UNSURE_SECONDS
    assert (played.watch.local.postgres, played.watch.local.healthy) == (Postgres.UNKNOWN, False)
    played.watch.turn()
    assert len(played.runner.ran) == 2


@pytest.mark.parametrize("answer", [Completed(1, "", "sudo: a password is required"), Completed(0, "{}", "")])
def test_a_server_of_which_the_hand_cannot_tell_is_not_stopped(answer: Completed) -> None:
    played = Played(FakeProcesses(None))
    played.runner.answers = {"control": answer}
    assert played.watch.turn() == UNSURE_SECONDS
    assert played.watch.local.postgres is Postgres.UNKNOWN


def test_a_look_that_does_not_end_makes_all_unknown() -> None:
    played = Played(FakeProcesses(POSTMASTER), PRIMARY)
    played.watch.turn()
    played.now += STALE_SECONDS
    assert played.watch.local.postgres is Postgres.PRIMARY
    played.now += 0.1
    assert (played.watch.local.postgres, played.watch.local.healthy) == (Postgres.UNKNOWN, False)


def test_what_the_hand_says_of_a_crash() -> None:
    local = of_control(json.dumps({**STOPPED, "clean": False}))
    assert (local.postgres, local.clean, local.received) == (Postgres.STOPPED, False, 900)


def test_a_postmaster_that_lives_is_not_looked_for_again() -> None:
    living, other = Postmaster(os.getpid(), 1), Postmaster(2**22 + 2, 1)
    played = Played(FakeProcesses(living, living, other), PRIMARY)
    for _look in range(3):
        played.watch.turn()
    assert played.watch._death.living == living


def test_a_number_that_was_given_to_another_process_meanwhile_is_not_watched() -> None:
    played = Played(FakeProcesses(Postmaster(os.getpid(), 1), Postmaster(os.getpid(), 2), None), PRIMARY)
    played.watch.turn()
    assert played.watch._death.living is None
    played.watch.turn()
    assert played.watch.local.postgres is Postgres.STOPPED


def test_its_threads_begin_and_end() -> None:
    played = Played(FakeProcesses(POSTMASTER), PRIMARY)
    played.watch.start()
    thread = played.watch._thread
    played.watch.look_now()
    played.watch.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert played.watch.local.postgres is Postgres.PRIMARY
