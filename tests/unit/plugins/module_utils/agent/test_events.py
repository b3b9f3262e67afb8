# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent tells: one line each, a decision only when it changes, the weighty ones to the hooks."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.events import KEPT, Journal, Printer, line_of, seen
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import (
    Action,
    Decision,
    Heard,
    Observation,
    Postgres,
    Proof,
    Record,
    Role,
)

CALM = Observation(
    strict=False,
    fencing=True,
    boot="b",
    record=Record(3, Role.STANDBY, "b"),
    postgres=Postgres.STANDBY,
    heard=Heard(3, Role.PRIMARY, Postgres.PRIMARY),
)
REST = Decision(Action.NOTHING, "following", "the other server's agent answers")
PROMOTE = Decision(Action.PROMOTE, "primary_off", "the primary has no power", Proof.OFF)


class Heap:
    """A journal, and what came out of it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.alerts: list[dict[str, Any]] = []
        self.journal = Journal(
            lambda _level, line: self.lines.append(line), self.alerts.append, clock=lambda: 5.0, wall=lambda: 9.0
        )


def test_a_decision_is_told_once_until_it_changes() -> None:
    heap = Heap()
    for decision in (REST, REST, replace(REST, text="another wording"), PROMOTE, PROMOTE, REST):
        heap.journal.decided(decision, CALM)
    assert len(heap.lines) == 3
    assert [event["number"] for event in heap.journal.since()] == [1, 2, 3]


def test_it_says_what_was_seen_what_is_done_why_and_on_what_proof() -> None:
    heap = Heap()
    heap.journal.decided(PROMOTE, CALM)
    line = heap.lines[0]
    assert line.startswith("decided action=promote reason=primary_off proof=off ")
    assert 'text="the primary has no power"' in line
    assert (
        "seen.record.role=standby seen.record.reign=3" in line or "seen.record.reign=3 seen.record.role=standby" in line
    )
    assert "seen.heard.postgres=primary" in line
    assert "\n" not in line


def test_the_weighty_ones_are_alerts() -> None:
    heap = Heap()
    heap.journal.decided(REST, CALM)
    assert heap.alerts == []
    heap.journal.decided(PROMOTE, CALM)
    assert [alert["action"] for alert in heap.alerts] == ["promote"]
    assert heap.alerts[0]["time"] == 9.0


def test_a_refusal_to_act_while_the_other_server_is_lost_is_an_alert() -> None:
    heap = Heap()
    heap.journal.decided(Decision(Action.NOTHING, "no_arbiter", "..."), replace(CALM, silent_for=60.0))
    assert [alert["reason"] for alert in heap.alerts] == ["no_arbiter"]


def test_only_the_last_ones_are_kept() -> None:
    heap = Heap()
    for number in range(KEPT + 5):
        heap.journal.tell("notice", str(number))
    assert len(heap.journal.since()) == KEPT
    assert [event["text"] for event in heap.journal.since(KEPT + 3)] == [str(KEPT + 3), str(KEPT + 4)]


def test_what_is_as_always_is_not_listed() -> None:
    found = seen(CALM)
    assert found["heard"] == {"reign": 3, "role": "primary", "postgres": "primary"}
    assert "timing" not in found
    assert "boot" not in found["record"]
    assert "paused" not in found


@pytest.mark.parametrize("value", ["a b", 'a"b', "a\nb", "a=b", "", "ä"])
def test_no_value_can_break_a_line(value: str) -> None:
    line = line_of("kind", "text", {"name": value})
    assert "\n" not in line
    assert line.count("kind") == 1
    assert line.endswith("text=text")


def test_a_journal_that_takes_nothing_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "1:1")
    reader, writer = os.pipe()
    printer = Printer(writer)
    for _number in range(3000):
        printer(6, "x" * 100)
    first = os.read(reader, 1 << 20)
    assert first.startswith(b"<6>" + b"x" * 100 + b"\n")
    printer(4, "after")
    assert b"dropped lines=" in os.read(reader, 1 << 20)
    os.close(reader)
    os.close(writer)
