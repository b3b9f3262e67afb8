# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to the local PostgreSQL, in which order, and where it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent import server as subject
from ansible_collections.pgha.cluster.plugins.module_utils.agent.look import InForce, Waiting, names_of
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Postgres
from ansible_collections.pgha.cluster.plugins.module_utils.agent.processes import Postmaster
from ansible_collections.pgha.cluster.plugins.module_utils.agent.server import (
    NAMES,
    POSITION,
    RECOVERING,
    RELOAD,
    RESET,
    Effect,
    Server,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.handover import SLOT

from tests.support.fake_server import FakeProcesses, FakeRunner, FakeSession, Terms, observed, refusal

HERE, ANOTHER = Postmaster(100, 5000), Postmaster(200, 6000)
SYSTEMCTL, HAND, UNIT = "sudo -n /usr/bin/systemctl", "sudo -n /usr/lib/pgha/pgha-agent-hand", Terms().unit
SET = "ALTER SYSTEM SET synchronous_standby_names = %s"


class Played:
    """A server that answers as PostgreSQL would: settings count after a reload, and a promotion is done when asked."""

    def __init__(self, *postmasters: Postmaster | None, left: Any = ([],), strict: bool = False) -> None:
        self.file = self.shown = ""
        self.recovering, self.deaf_promotions = False, 0
        self.said: list[str] = []
        self.refused: dict[str, PghaError] = {}
        self.runner, self.waiting, self.overtaken = FakeRunner(), Waiting(), threading.Event()
        self.processes = FakeProcesses(*postmasters, left=left)
        self.server = Server(
            Terms(strict=strict),
            self.processes,  # type: ignore[arg-type]
            self.waiting,
            runner=self.runner,
            connect=lambda: FakeSession(self.answer),
        )
        self.effect = Effect(self.server, self.overtaken)

    def answer(self, statement: str, values: tuple[Any, ...]) -> Any:
        if statement in self.refused:
            return self.refused[statement]
        if statement not in (NAMES, RECOVERING):
            self.said.append(statement)
        if statement == SET:
            self.file = values[0]
        if statement == RESET:
            self.file = ""
        if statement == RELOAD:
            self.shown = self.file
        if statement == "SELECT pg_promote(false)":
            self.deaf_promotions -= 1
            self.recovering = self.deaf_promotions >= 0
        return {NAMES: [(self.shown,)], RECOVERING: [(self.recovering,)], POSITION: [(1234,)]}.get(statement, [])


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BEGIN", "HASTY", "MERCY", "END", "ORDERLY", "PROMOTE", "OPEN"):
        monkeypatch.setattr(subject, f"{name}_SECONDS", 0.1)
    for name in ("POLL", "AGAIN"):
        monkeypatch.setattr(subject, f"{name}_SECONDS", 0.001)


def test_to_start_is_to_ask_systemd_and_to_see_it_begin() -> None:
    played = Played(None, None, HERE)
    played.effect.start()
    assert played.runner.ran == [f"{SYSTEMCTL} start --no-block {UNIT}"]


def test_a_start_without_a_process_has_failed() -> None:
    with pytest.raises(PghaError, match="first process"):
        Played(None).effect.start()


def test_a_standby_is_made_to_follow_before_it_is_started() -> None:
    played = Played(HERE)
    played.waiting.proven(InForce(HERE, names_of("n2"), 1))
    played.effect.start_standby()
    assert played.runner.ran == [f"{HAND} follow", f"{SYSTEMCTL} start --no-block {UNIT}"]
    assert played.waiting.proof is None


def test_a_standby_that_cannot_be_made_to_follow_is_not_started() -> None:
    played = Played(HERE)
    played.runner.answers = {"follow": Completed(1, "", "PostgreSQL runs")}
    with pytest.raises(PghaError):
        played.effect.start_standby()
    assert played.runner.ran == [f"{HAND} follow"]


def test_to_stop_what_does_not_run_does_nothing() -> None:
    played = Played(None)
    played.effect.stop()
    assert played.runner.ran == []


def test_to_stop_ends_with_the_last_process() -> None:
    played = Played(HERE, HERE, None, left=[[101], []])
    played.effect.stop()
    assert played.runner.ran == [f"{SYSTEMCTL} kill -s SIGQUIT {UNIT}"]


def test_what_does_not_end_when_asked_is_killed_and_what_is_not_the_unit_s_too() -> None:
    played = Played(HERE)
    with pytest.raises(PghaError, match="no process"):
        played.effect.stop()
    kills = [f"{SYSTEMCTL} kill -s {number} {UNIT}" for number in ("SIGQUIT", "SIGKILL")]
    assert played.runner.ran == [*kills, f"{HAND} kill"]


def test_a_switchover_stops_in_order_after_a_checkpoint() -> None:
    played = Played(HERE, None)
    played.effect.offer(observed(wanted="switchover"))
    assert played.said == ["CHECKPOINT"]
    assert played.runner.ran == [f"{SYSTEMCTL} kill -s SIGINT --kill-who main {UNIT}"]


def test_a_healthy_server_that_is_given_up_stops_in_order_without_a_checkpoint_before() -> None:
    played = Played(HERE, None)
    played.effect.offer(observed())
    assert played.said == []
    assert played.runner.ran == [f"{SYSTEMCTL} kill -s SIGINT --kill-who main {UNIT}"]


def test_a_checkpoint_that_is_refused_does_not_make_the_stop_a_crash() -> None:
    played = Played(HERE, None)
    played.refused["CHECKPOINT"] = refusal("42501")
    played.effect.offer(observed(wanted="switchover"))
    assert played.runner.ran == [f"{SYSTEMCTL} kill -s SIGINT --kill-who main {UNIT}"]


def test_a_stop_in_order_that_takes_too_long_is_made_short() -> None:
    played = Played(HERE)

    def end(command: str) -> None:
        if "SIGQUIT" in command:
            played.processes.postmasters = [None]

    played.runner.then = end
    played.effect.offer(observed())
    assert [command.split()[5] for command in played.runner.ran] == ["SIGINT", "SIGQUIT"]


@pytest.mark.parametrize("changes", [{"healthy": False}, {"postgres": Postgres.UNKNOWN}])
def test_a_server_that_does_not_work_is_stopped_at_once(changes: dict[str, Any]) -> None:
    played = Played(HERE, None)
    played.effect.offer(observed(wanted="switchover", **changes))
    assert played.said == []
    assert played.runner.ran == [f"{SYSTEMCTL} kill -s SIGQUIT {UNIT}"]


def test_commits_wait_proven_by_a_new_session_and_two_checkpoints_on_it() -> None:
    played = Played(HERE)
    played.effect.wait_for_peer()
    assert played.said == [SET, RELOAD, "CHECKPOINT", "CHECKPOINT", POSITION]
    assert played.waiting.proof == InForce(HERE, '"n2"', 1234)


def test_a_setting_that_is_not_taken_up_proves_nothing() -> None:
    played = Played(HERE)
    played.refused[RELOAD] = refusal("42501")
    with pytest.raises(PghaError):
        played.effect.wait_for_peer()
    assert played.waiting.proof is None
    played.refused = {}
    played.file = played.shown = ""
    played.refused[SET] = refusal("42501")
    with pytest.raises(PghaError):
        played.effect.wait_for_peer()
    assert played.waiting.proof is None


@pytest.mark.parametrize("postmasters", [(HERE, ANOTHER), (HERE, None), (None,)])
def test_a_postmaster_that_ended_meanwhile_proves_nothing(postmasters: tuple[Postmaster | None, ...]) -> None:
    played = Played(*postmasters)
    with pytest.raises(PghaError):
        played.effect.wait_for_peer()
    assert played.waiting.proof is None


def test_a_standby_lets_nobody_wait() -> None:
    played = Played(HERE)
    played.recovering = True
    with pytest.raises(PghaError, match="standby"):
        played.effect.wait_for_peer()
    assert played.said == []


def test_a_failed_checkpoint_proves_nothing() -> None:
    played = Played(HERE)
    played.refused["CHECKPOINT"] = refusal("58030")
    with pytest.raises(PghaError):
        played.effect.wait_for_peer()
    assert played.waiting.proof is None


def test_the_proof_is_gone_before_commits_wait_no_more() -> None:
    played = Played(HERE)
    played.file = played.shown = names_of("n2")
    played.waiting.proven(InForce(HERE, names_of("n2"), 1))
    played.refused[RESET] = refusal("57014")
    with pytest.raises(PghaError):
        played.effect.go_on_alone()
    assert played.waiting.proof is None
    played.refused = {}
    played.effect.go_on_alone()
    assert (played.said, played.shown) == ([RESET, RELOAD], "")


def test_a_promotion_is_asked_for_until_it_is_done_and_then_wal_is_kept() -> None:
    played = Played(HERE)
    played.recovering, played.deaf_promotions = True, 2
    played.effect.promote()
    assert played.said == ["SELECT pg_promote(false)"] * 3 + [SLOT]


def test_a_new_primary_waits_for_nobody() -> None:
    played = Played(HERE)
    played.recovering, played.file, played.shown = True, names_of("n2"), names_of("n2")
    played.effect.promote()
    assert played.said[:2] == [RESET, RELOAD]


def test_a_new_primary_waits_before_it_is_promoted_where_it_must_not_go_on_alone() -> None:
    played = Played(HERE, strict=True)
    played.recovering = True
    played.effect.promote()
    assert played.said == [SET, RELOAD, "CHECKPOINT", "CHECKPOINT", "SELECT pg_promote(false)", SLOT]
    assert played.shown == names_of("n2")


def test_what_is_a_primary_already_keeps_its_setting() -> None:
    played = Played(HERE)
    played.file = played.shown = names_of("n2")
    played.effect.promote()
    assert played.said == [SLOT]


def test_a_stopped_standby_is_started_to_be_promoted() -> None:
    played = Played(None, HERE)
    played.recovering = True
    played.effect.promote()
    assert played.runner.ran[0] == f"{HAND} follow"
    assert played.said == ["SELECT pg_promote(false)", SLOT]


@pytest.mark.parametrize(
    "begin",
    [
        lambda effect: effect.start(),
        lambda effect: effect.start_standby(),
        lambda effect: effect.promote(),
        lambda effect: effect.wait_for_peer(),
        lambda effect: effect.go_on_alone(),
    ],
)
def test_an_effect_that_was_overtaken_changes_nothing_more(begin: Callable[[Effect], None]) -> None:
    played = Played(HERE)
    played.recovering = False
    played.overtaken.set()
    with pytest.raises(PghaError, match="taken this one's place"):
        begin(played.effect)
    assert (played.runner.ran, played.said) == ([], [])
