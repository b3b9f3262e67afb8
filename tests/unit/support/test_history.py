# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold of a history of writes, servers and addresses: each check has to fail when it is broken."""

from __future__ import annotations

import psycopg2
import pytest
from ansible_collections.pgha.cluster.tests.support import history, holders
from ansible_collections.pgha.cluster.tests.support.client import NoAnswerError
from ansible_collections.pgha.cluster.tests.support.history import Attempt, Holding, Outcome, Reading, Sample, State
from ansible_collections.pgha.cluster.tests.support.writer import classify
from hypothesis import given
from hypothesis import strategies as st

outcomes = st.sampled_from(list(Outcome))
ledgers = st.lists(outcomes, max_size=30).map(
    lambda listed: [Attempt(number, outcome, number, number + 0.5) for number, outcome in enumerate(listed, start=1)]
)


def seen(server: str, *times: float, state: State = State.ACCEPTS, reign: str = "r1") -> list[Sample]:
    return [Sample(server, state, time, time + 0.01, reign) for time in times]


@given(ledgers, st.data())
def test_exactly_the_acknowledged_rows_may_not_be_missing(ledger: list[Attempt], data: st.DataObject) -> None:
    rows = data.draw(st.sets(st.integers(1, 30)))
    lost = history.lost_commits(ledger, rows)
    assert all(number not in rows for number in lost)
    kept = rows | set(lost)
    assert history.lost_commits(ledger, kept) == []
    assert {a.number for a in ledger if a.outcome is Outcome.ACKNOWLEDGED} <= kept


def test_an_acknowledged_row_that_is_gone_is_lost_and_an_unknown_one_is_not() -> None:
    ledger = [
        Attempt(1, Outcome.ACKNOWLEDGED, 0, 1),
        Attempt(2, Outcome.UNKNOWN, 1, 2),
        Attempt(3, Outcome.FAILED, 2, 3),
    ]
    assert history.lost_commits(ledger, []) == [1]
    assert history.lost_commits(ledger, [1]) == []


@pytest.mark.parametrize(
    ("rows", "missed"),
    [
        pytest.param([1, 2, 3, 4, 5, 6], [], id="nothing is lost"),
        pytest.param([1, 2, 5, 6], [], id="the last ones before a failover"),
        pytest.param([1, 2], [], id="the last ones of all"),
        pytest.param([5, 6], [], id="all before the failover"),
        pytest.param([1, 3, 5, 6], [2], id="one that is older than a kept one"),
        pytest.param([1, 2, 4, 6], [3], id="a hole before, and another one after"),
    ],
)
def test_without_waiting_only_the_newest_may_be_lost(rows: list[int], missed: list[int]) -> None:
    ledger = [Attempt(number, Outcome.ACKNOWLEDGED, number, number + 0.5) for number in range(1, 7)]
    assert history.lost_in_between(ledger, rows) == missed


def test_a_row_whose_writer_was_told_no_is_impossible() -> None:
    ledger = [
        Attempt(1, Outcome.ACKNOWLEDGED, 0, 1),
        Attempt(2, Outcome.UNKNOWN, 1, 2),
        Attempt(3, Outcome.FAILED, 2, 3),
    ]
    assert history.impossible_rows(ledger, [1, 2]) == []
    assert history.impossible_rows(ledger, [1, 3, 4]) == [3, 4]


@pytest.mark.parametrize(
    ("n1", "n2", "broken"),
    [
        pytest.param(seen("n1", 1, 2, 3), seen("n2", 4, 5, 6), False, id="one after the other"),
        pytest.param(seen("n1", 1, 2, 3), seen("n2", 2.5, 4), True, id="the second began before the first ended"),
        pytest.param(seen("n1", 1, 9), seen("n2", 4, 5), True, id="the first was unseen for a while and came back"),
        pytest.param(seen("n1", 1, 9), seen("n2", 4), True, id="a single write inside the other's reign"),
        pytest.param(seen("n1", 1, 2), seen("n2", 2.005), False, id="a single write that may have come just after"),
        pytest.param(seen("n1", 1), seen("n2", 1), False, id="two single writes at no certain moment"),
        pytest.param(
            seen("n1", 1, 2) + seen("n1", 8, 9, reign="r2"),
            seen("n2", 4, 5),
            False,
            id="stopped, and later primary again",
        ),
        pytest.param(seen("n1", 1, 9), seen("n2", 4, 5, state=State.STANDBY), False, id="a standby beside the primary"),
        pytest.param(
            seen("n1", 1, 9), seen("n2", 4, 5, state=State.REFUSES), False, id="no standby, but takes nothing"
        ),
    ],
)
def test_two_writers(n1: list[Sample], n2: list[Sample], broken: bool) -> None:
    assert bool(history.two_writers(n1 + n2)) is broken
    assert bool(history.two_writers(n2 + n1)) is broken


@given(st.lists(st.tuples(st.sampled_from(["n1", "n2"]), st.floats(0.1, 5)), max_size=20))
def test_servers_that_take_turns_are_never_two_writers(turns: list[tuple[str, float]]) -> None:
    clock, records = 0.0, []
    for index, (server, length) in enumerate(turns):
        times = [clock + length * part / 4 for part in range(4)]
        records += seen(server, *times, reign=f"{index}")
        clock += length + 1
    assert history.two_writers(records) == []


@given(st.floats(1, 100), st.floats(0.5, 50), st.floats(-0.9, 0.9))
def test_a_second_server_inside_a_reign_is_always_found(begin: float, length: float, shift: float) -> None:
    middle = begin + length / 2 + shift * length / 2.5
    assert history.two_writers(seen("n1", begin, begin + length) + seen("n2", middle, middle + length))


def test_two_answers_for_an_address_are_found() -> None:
    fine = [Holding("10.86.0.100", 1, ("n1",)), Holding("10.86.0.100", 2, ()), Holding("10.86.0.100", 3, ("n2",))]
    double = Holding("10.86.0.100", 4, ("n1", "n2"))
    assert history.two_holders(fine) == []
    assert history.two_holders([*fine, double]) == [double]


def test_outage_counts_from_the_last_commit_before_the_fault_to_the_first_after() -> None:
    ledger = [Attempt(n, Outcome.ACKNOWLEDGED, t, t) for n, t in enumerate([1.0, 2.0, 2.9, 7.0, 7.5])]
    ledger.insert(3, Attempt(9, Outcome.FAILED, 4, 4))
    assert history.write_outage(ledger, 3.0, 8.0) == pytest.approx(4.1)


def test_writes_that_never_come_back_count_to_the_end() -> None:
    assert history.write_outage([Attempt(1, Outcome.ACKNOWLEDGED, 1, 1)], 2.0, 10.0) == pytest.approx(9.0)
    assert history.write_outage([], 2.0, 10.0) == pytest.approx(8.0)


def test_read_outage_counts_only_answered_queries() -> None:
    listed = [Reading(0, 1, True, True, 1), Reading(2, 3, False), Reading(4, 5, True, False, 2)]
    assert history.read_outage(listed, 1.5, 5.5) == pytest.approx(4.0)


@given(ledgers, st.integers(0, 200))
def test_a_record_cut_off_at_its_end_is_left_out(ledger: list[Attempt], cut: int) -> None:
    text = "".join(history.to_line(attempt) for attempt in ledger)
    shorter = text[: max(0, len(text) - cut)]
    assert history.attempts(shorter) == ledger[: shorter.count("\n")]


def test_samples_readings_and_holdings_survive_their_files() -> None:
    sample = seen("n1", 1.0)[0]
    reading = Reading(1, 2, False, reason="x")
    holding = Holding("10.86.0.1", 1, ("n1", "n2"))
    assert history.samples(history.to_line(sample)) == [sample]
    assert history.readings(history.to_line(reading)) == [reading]
    assert history.holdings(history.to_line(holding)) == [holding]


class Refused(psycopg2.Error):  # type: ignore[misc]
    pgcode = "25006"


@pytest.mark.parametrize(
    ("error", "asked", "connected", "warnings", "expected"),
    [
        (None, True, True, "", Outcome.ACKNOWLEDGED),
        (None, True, True, "WARNING: canceling wait for synchronous replication", Outcome.UNKNOWN),
        (psycopg2.OperationalError("refused"), False, False, "", Outcome.FAILED),
        (NoAnswerError("no answer in time"), False, False, "", Outcome.FAILED),
        (Refused("read-only transaction"), True, True, "", Outcome.FAILED),
        (Refused("and the connection ended"), True, False, "", Outcome.UNKNOWN),
        (psycopg2.OperationalError("server closed the connection"), True, False, "", Outcome.UNKNOWN),
        (NoAnswerError("no answer in time"), True, False, "", Outcome.UNKNOWN),
    ],
)
def test_what_a_writer_may_conclude(
    error: BaseException | None, asked: bool, connected: bool, warnings: str, expected: Outcome
) -> None:
    assert classify(error, asked=asked, still_connected=connected, warnings=warnings) is expected


def test_an_answer_on_the_wire_is_read_and_a_question_is_not() -> None:
    asked = holders.question(b"\x02\x00\x00\x00\x00\x01", "10.86.0.1", "10.86.0.100")
    assert holders.answer(asked) is None
    assert holders.answer(b"short") is None
    parts = list(holders.FRAME.unpack(asked))
    parts[7], parts[8], parts[9] = holders.REPLY, b"\x02\x00\x00\x00\x00\x11", parts[11]
    assert holders.answer(holders.FRAME.pack(*parts) + b"\x00" * 18) == ("10.86.0.100", "02:00:00:00:00:11")
