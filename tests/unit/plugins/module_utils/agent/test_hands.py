# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a decision to what is done, and what counts as proof that the other server has no power."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.pgha.cluster.plugins.module_utils.agent import server as subject
from ansible_collections.pgha.cluster.plugins.module_utils.agent.hands import POWER_ON_TRIES, ServerHands
from ansible_collections.pgha.cluster.plugins.module_utils.agent.look import Waiting
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Action, Fenced
from ansible_collections.pgha.cluster.plugins.module_utils.agent.processes import Postmaster
from ansible_collections.pgha.cluster.plugins.module_utils.agent.server import NAMES, POSITION, RECOVERING, Server
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed

from tests.support.fake_server import FakeProcesses, FakeRunner, FakeSession, Terms, decided, observed

RIGHTS = Path(__file__).parents[5] / "roles/failover_agent/vars/rights.yml"
HAND = "sudo -n /usr/lib/pgha/pgha-agent-hand"
HERE = Postmaster(100, 5000)
FAILED = Completed(1, "", "bmc-n2: the power is on")


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HASTY", "MERCY", "END"):
        monkeypatch.setattr(subject, f"{name}_SECONDS", 0.05)


class Played:
    """Hands on a server that does as it is told."""

    def __init__(self, *postmasters: Postmaster | None, answers: bool | None = False) -> None:
        self.names, self.changes = "", 0
        self.runner = FakeRunner()
        server = Server(
            Terms(),
            FakeProcesses(*postmasters),  # type: ignore[arg-type]
            Waiting(),
            runner=self.runner,
            connect=lambda: FakeSession(self.answer),
            changed=self.changed,
        )
        self.hands = ServerHands(server, lambda: answers)

    def answer(self, statement: str, values: tuple[Any, ...]) -> Any:
        if statement.startswith("ALTER SYSTEM"):
            self.names = values[0] if values else ""
        return {NAMES: [(self.names,)], RECOVERING: [(False,)], POSITION: [(1,)]}.get(statement, [])

    def changed(self) -> None:
        self.changes += 1

    def do(self, action: Action, **changes: Any) -> list[str]:
        self.hands.carry_out(decided(action), observed(**changes), threading.Event())
        return self.runner.ran


@pytest.mark.parametrize(
    ("action", "postmasters", "commands"),
    [
        (Action.START_PRIMARY, [None, HERE], ["start"]),
        (Action.START_STANDBY, [None, HERE], ["follow", "start"]),
        (Action.STOP, [HERE, None], ["SIGQUIT"]),
        (Action.OFFER, [HERE, None], ["SIGINT"]),
        (Action.WAIT_FOR_PEER, [HERE], []),
        (Action.GO_ON_ALONE, [HERE], []),
        (Action.PROMOTE, [HERE], []),
    ],
)
def test_each_decision_has_its_effect_and_is_looked_after(
    action: Action, postmasters: list[Postmaster | None], commands: list[str]
) -> None:
    played = Played(*postmasters)
    ran = played.do(action)
    assert len(ran) == len(commands)
    assert all(word in command for word, command in zip(commands, ran, strict=True))
    assert played.changes == 1


def test_a_server_that_is_off_and_silent_is_proven_off() -> None:
    played = Played(HERE)
    assert played.hands.fence(observed()) is Fenced.OFF
    assert played.runner.ran == [f"{HAND} fence off"]


@pytest.mark.parametrize("answers", [True, None])
def test_a_device_s_word_alone_is_no_proof(answers: bool | None) -> None:
    with pytest.raises(PghaError, match="is off, and that server"):
        Played(HERE, answers=answers).hands.fence(observed())


def test_a_device_that_does_not_do_it_is_no_proof() -> None:
    played = Played(HERE)
    played.runner.answers = {"fence off": FAILED}
    with pytest.raises(PghaError, match="fence off failed"):
        played.hands.fence(observed())


@pytest.mark.parametrize("action", [Action.GO_ON_ALONE, Action.PROMOTE])
def test_what_rests_on_its_being_off_does_not_switch_it(action: Action) -> None:
    assert Played(HERE).do(action, fenced=Fenced.OFF) == []


def test_what_was_proven_off_gets_its_power_back() -> None:
    played = Played(HERE)
    played.hands.power_on()
    assert played.runner.ran == [f"{HAND} fence on"]


def test_power_that_does_not_come_back_is_told() -> None:
    played = Played(HERE)
    played.runner.answers = {"fence on": FAILED}
    with pytest.raises(PghaError, match="could not be powered on"):
        played.hands.power_on()
    assert len(played.runner.ran) == POWER_ON_TRIES


def test_root_allows_exactly_what_the_hands_may_need() -> None:
    allowed = {
        command.replace("{{ failover_agent_unit }}", Terms().unit)
        for command in yaml.safe_load(RIGHTS.read_text(encoding="utf-8"))["__failover_agent_sudo_commands"]
    }
    needed = {"/usr/lib/pgha/pgha-agent-hand control", "/usr/lib/pgha/pgha-agent-hand fence status"}
    for action in (Action.START_STANDBY, Action.OFFER, Action.STOP, Action.PROMOTE):
        played = Played(None, HERE) if action is Action.START_STANDBY else Played(*[HERE] * 5, None)
        played.runner.answers = {"--kill-who main postgresql@15-main.service": FAILED}
        played.do(action, fenced=Fenced.OFF)
        needed |= set(played.runner.ran)
    stubborn = Played(HERE)
    stubborn.runner.then = lambda command: None if "hand kill" not in command else _end(stubborn)
    stubborn.hands.fence(observed())
    stubborn.hands.power_on()
    stubborn.do(Action.STOP)
    needed |= set(stubborn.runner.ran)
    assert {command.removeprefix("sudo -n ") for command in needed} == allowed


def _end(played: Played) -> None:
    played.hands._server.processes.postmasters = [None]  # type: ignore[attr-defined]
