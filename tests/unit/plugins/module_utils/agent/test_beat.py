# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a heartbeat says about a server, and what says only something about the heartbeat."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.beat import (
    BEAT_SECONDS,
    OPTIONS,
    RENEW_BEATS,
    SLOWEST_SECONDS,
    Beat,
    Heart,
    of_error,
    of_rows,
    pause_after,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError

from tests.support.fake_server import FakeSession, refusal, silence


@pytest.mark.parametrize(
    ("rows", "works"),
    [
        ([], True),
        ([("extra", "53100", "no space left")], False),
        ([("extra", "58030", "input/output error")], False),
        # So PostgreSQL calls a file system that is read-only.
        ([("extra", "42501", "read-only file system")], False),
        ([("extra", "55P03", "lock timeout")], True),
        ([("extra", "55P03", "lock timeout"), ("pg_default", "58030", "input/output error")], False),
    ],
)
def test_one_dead_tablespace_makes_the_server_ill(rows: list[tuple[str, str, str]], works: bool) -> None:
    beat = of_rows(rows)
    assert beat.works is works
    assert not works or not rows or "lock timeout" in beat.said


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("code", ["57014", "53100", "53200", "58030", "58P01", "XX001"])
def test_what_a_disk_does_makes_the_server_ill(code: str, before: bool) -> None:
    assert not of_error(refusal(code), before).works


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("code", [None, "3D000", "42501", "42883", "53300", "55P03", "57P01", "25006"])
def test_any_other_refusal_says_nothing_new(code: str | None, before: bool) -> None:
    beat = of_error(refusal(code), before)
    assert (beat.works, beat.answered) == (before, True)


def test_no_answer_makes_the_server_ill_and_the_next_question_later() -> None:
    beat = of_error(silence(), True)
    assert (beat.works, beat.answered) == (False, False)
    pauses = [BEAT_SECONDS]
    for _number in range(8):
        pauses.append(pause_after(pauses[-1], beat))
    assert pauses[:4] == [1.0, 2.0, 4.0, 8.0]
    assert pauses[-1] == SLOWEST_SECONDS
    assert pause_after(SLOWEST_SECONDS, Beat(False)) == BEAT_SECONDS


def test_a_heartbeat_waits_for_no_standby() -> None:
    assert "-c synchronous_commit=local" in OPTIONS


class Played:
    """A heart whose sessions answer what the test wants next."""

    def __init__(self, *answers: Any, connections: list[Any] | None = None) -> None:
        self.answers, self.connections, self.changes, self.primary = list(answers), connections or [], 0, True
        self.opened: list[FakeSession] = []
        self.heart = Heart("n1", self.connect, lambda: self.primary, self.changed)

    def connect(self, database: str = "postgres", options: str = "") -> FakeSession:
        assert (database, options) == ("pgha", OPTIONS)
        refused = self.connections.pop(0) if self.connections else None
        if refused is not None:
            raise refused
        self.opened.append(FakeSession(lambda statement, values: self.answers.pop(0) if self.answers else []))
        return self.opened[-1]

    def changed(self) -> None:
        self.changes += 1


def test_falling_ill_and_getting_well_is_told_once() -> None:
    played = Played([], refusal("58030"), silence(), [], [])
    assert [played.heart.turn().works for _number in range(5)] == [True, False, False, True, True]
    assert played.changes == 2


def test_a_session_that_failed_is_not_used_again() -> None:
    played = Played(refusal("57P01"), [])
    played.heart.turn()
    played.heart.turn()
    assert [session.closed for session in played.opened] == [True, False]


def test_an_ill_server_does_not_get_well_by_refusing_the_connection() -> None:
    played = Played(silence(), connections=[None, refusal(None, "too many clients")])
    assert not played.heart.turn().works
    assert not played.heart.turn().works


def test_a_postmaster_that_takes_no_connection_is_noticed_although_the_old_session_goes_on() -> None:
    played = Played(connections=[None, silence()])
    beats = [played.heart.turn().works for _number in range(RENEW_BEATS)]
    assert beats == [True] * (RENEW_BEATS - 1) + [False]


def test_a_server_with_no_connection_to_spare_is_asked_over_the_old_session() -> None:
    played = Played(connections=[None, refusal(None, "too many clients")])
    beats = [played.heart.turn().works for _number in range(RENEW_BEATS + 1)]
    assert all(beats)
    assert len(played.opened) == 1


def test_a_standby_does_not_beat_and_is_not_ill() -> None:
    played = Played(refusal("58030"), [])
    assert not played.heart.turn().works
    played.primary = False
    assert played.heart.turn().works
    assert played.changes == 2


def test_an_error_that_is_no_refusal_is_not_hidden() -> None:
    played = Played(PghaError("The Python library psycopg2 is not installed on the server."))
    assert "psycopg2" in played.heart.turn().said
