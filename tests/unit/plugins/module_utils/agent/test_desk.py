# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators ask for: kept until it has its end, and refused with a reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.config import config_of
from ansible_collections.pgha.cluster.plugins.module_utils.agent.desk import WANTED_SECONDS, Desk
from ansible_collections.pgha.cluster.plugins.module_utils.agent.effects import Effects, Ended
from ansible_collections.pgha.cluster.plugins.module_utils.agent.engine import Engine
from ansible_collections.pgha.cluster.plugins.module_utils.agent.events import Journal
from ansible_collections.pgha.cluster.plugins.module_utils.agent.lasting import Pause
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import (
    Action,
    Decision,
    Fenced,
    Postgres,
    Record,
    Role,
)
from ansible_collections.pgha.cluster.plugins.module_utils.agent.view import View
from ansible_collections.pgha.cluster.plugins.module_utils.agent.wire import Wire
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.tests.support.agents import PlayedServer, settings


class Bench:
    """A desk of a primary, with a clock that the test moves."""

    def __init__(self, directory: Path, role: Role = Role.PRIMARY) -> None:
        self.now, self.lines, self.alerts = 100.0, [], []  # type: tuple[float, list[str], list[dict[str, Any]]]
        config, server = config_of(settings()), PlayedServer("n1")
        self.engine = Engine(
            config, Record(3, role, "b"), boot="b", session=1, secret=b"s", store=lambda _record: None, now=self.now
        )
        self.journal = Journal(lambda _level, line: self.lines.append(line), self.alerts.append, clock=self.clock)
        self.desk = Desk(
            config,
            self.engine,
            pause=Pause(directory),
            effects=Effects(server, lambda: None, self.clock),
            journal=self.journal,
            eyes=server,
            wire=Wire(config.listen, config.peers),
            clock=self.clock,
        )

    def clock(self) -> float:
        return self.now

    def ask(self, verb: str, **more: Any) -> dict[str, Any]:
        return {**self.desk.looks(), **self.desk.changes()}[verb]({"verb": verb, **more})


def test_a_switchover_is_wanted_until_the_reign_has_changed(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    assert bench.ask("switchover") == {"since": 0, "at": 100.0, "reign": 3}
    bench.desk.settle(bench.now)
    assert bench.desk.wanted == "switchover"
    bench.engine.record = Record(4, Role.STANDBY, "b", yielded=True)
    bench.desk.settle(bench.now)
    assert bench.desk.wanted == ""
    assert not any("given_up" in line for line in bench.lines)


def test_an_offer_that_is_taken_back_ends_the_request(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.ask("switchover")
    bench.engine.decision = Decision(Action.RESUME, "not_taken", "nobody takes over")
    bench.desk.settle(bench.now)
    assert bench.desk.wanted == ""
    assert any("given_up" in line for line in bench.lines)


@pytest.mark.parametrize(("more", "seconds"), [({}, WANTED_SECONDS), ({"seconds": 5}, 5.0)])
def test_a_request_does_not_wait_for_ever(tmp_path: Path, more: dict[str, Any], seconds: float) -> None:
    bench = Bench(tmp_path)
    bench.ask("switchover", **more)
    bench.desk.settle(bench.now + seconds)
    assert bench.desk.wanted
    bench.desk.settle(bench.now + seconds + 0.1)
    assert not bench.desk.wanted


def test_a_request_can_be_taken_back(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.ask("switchover")
    bench.ask("cancel")
    assert not bench.desk.wanted


@pytest.mark.parametrize(
    ("role", "before", "verb", "said"),
    [
        (Role.STANDBY, None, "switchover", "is not the primary"),
        (Role.PRIMARY, "pause", "switchover", "is paused"),
        (Role.PRIMARY, "switchover", "failover", "A switchover is under way"),
        (Role.PRIMARY, None, "init", "knows a reign already"),
        (Role.PRIMARY, None, "leave", "is the primary"),
        (Role.STANDBY, None, "join", "does not answer"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, role: Role, before: str | None, verb: str, said: str) -> None:
    bench = Bench(tmp_path, role)
    if before:
        bench.ask(before)
    record = bench.engine.record
    with pytest.raises(PghaError, match=said):
        bench.ask(verb)
    assert bench.engine.record == record


def test_before_the_first_look_there_is_no_status_and_no_leave_to_hold_the_address(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    with pytest.raises(PghaError, match="has not looked yet"):
        bench.ask("status")
    assert bench.ask("write") == {"write": False}
    bench.engine.tick(View(postgres=Postgres.PRIMARY, waiting=False), bench.now)
    assert bench.ask("write") == {"write": True}
    assert bench.ask("status")["fence_device"] == "ok"


def test_a_hanging_loop_shows_in_the_status(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.engine.tick(View(postgres=Postgres.PRIMARY), bench.now)
    bench.desk.looked(bench.now)
    bench.now += 7
    assert bench.ask("status")["looked_ago"] == 7.0


def test_a_failure_is_told_once_and_again_after_a_success(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    failed = Ended(Action.PROMOTE, 0.5, "OSError: no")
    for end in (failed, failed, replace(failed, error=""), failed):
        bench.desk.effect_ended(end)
    assert [line.split()[0] for line in bench.lines] == ["failed", "done", "failed"]
    assert "milliseconds=500" in bench.lines[0]
    assert len(bench.alerts) == 2


def test_a_device_without_a_proof_is_a_failure(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.desk.effect_ended(Ended(Action.FENCE, 1.0, "", Fenced.FAILED))
    assert "the device gave no proof" in bench.lines[0]


def test_the_headline_says_when_it_is_paused_or_in_trouble(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    assert bench.desk.headline() == "primary in reign 3: the agent has just started"
    bench.ask("pause")
    bench.desk.error = "no disk"
    assert bench.desk.headline() == "paused, primary in reign 3: no disk"


def test_a_second_pause_is_no_event(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.ask("pause")
    bench.ask("pause")
    assert len(bench.lines) == 1
    assert bench.desk.changed == 1
