# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stays on disk: how a record changes, and that no power cut and no other version leaves half of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
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
from ansible_collections.pgha.cluster.plugins.module_utils.agent.record import ORDER_STEP, after, load, store, told
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError

REIGNS = Record(3, Role.PRIMARY, "b", waits=True)
FOLLOWS = Record(3, Role.STANDBY, "b", eligible=True)
OFFERING = replace(REIGNS, offered=True)
TAKER = Heard(3, Role.STANDBY, Postgres.STANDBY, eligible=True, taking=True, received=100)


def look(record: Record, **values: object) -> Observation:
    """Return an observation around a record."""
    o = Observation(strict=False, fencing=True, boot="b", record=record, postgres=Postgres.STOPPED)
    return replace(o, **values)  # type: ignore[arg-type]


def done(action: Action, proof: Proof | None = None) -> Decision:
    """Return a decision."""
    return Decision(action, "reason", "text", proof)


@pytest.mark.parametrize(
    ("record", "decision", "expected"),
    [
        (replace(REIGNS, waits=False), done(Action.WAIT_FOR_PEER), REIGNS),
        (REIGNS, done(Action.GO_ON_ALONE), replace(REIGNS, waits=False)),
        (REIGNS, done(Action.OFFER), OFFERING),
        (OFFERING, done(Action.RESUME), REIGNS),
        (REIGNS, done(Action.ADMIT), REIGNS),
        (replace(REIGNS, boot="before"), done(Action.START_PRIMARY, Proof.UNTOUCHED), REIGNS),
        (REIGNS, done(Action.START_PRIMARY, Proof.OPERATOR), Record(3 + ORDER_STEP, Role.PRIMARY, "b")),
        (FOLLOWS, done(Action.PROMOTE, Proof.OFF), Record(4, Role.PRIMARY, "b")),
        (FOLLOWS, done(Action.PROMOTE, Proof.OPERATOR), Record(3 + ORDER_STEP, Role.PRIMARY, "b")),
        (REIGNS, done(Action.PROMOTE), REIGNS),
        (FOLLOWS, done(Action.STOP), FOLLOWS),
        (REIGNS, done(Action.STOP), REIGNS),
    ],
)
def test_a_decision_changes_the_record(record: Record, decision: Decision, expected: Record) -> None:
    assert after(record, decision, look(record)) == expected


@pytest.mark.parametrize(
    ("clean", "received", "role"),
    [(True, 90, Role.STANDBY), (True, 100, Role.OUT), (True, 110, Role.OUT), (False, 90, Role.OUT)],
)
def test_who_gives_its_reign_up_follows_only_when_the_other_server_has_all_it_wrote(
    clean: bool, received: int, role: Role
) -> None:
    o = look(OFFERING, clean=clean, received=received, heard=TAKER)
    assert after(OFFERING, done(Action.YIELD), o) == Record(4, role, "b", yielded=True)


@pytest.mark.parametrize(("record", "role"), [(REIGNS, Role.OUT), (FOLLOWS, Role.STANDBY)])
def test_a_newer_reign_is_followed_and_an_old_primary_is_out(record: Record, role: Role) -> None:
    o = look(record, heard=Heard(7, Role.PRIMARY, Postgres.PRIMARY))
    assert after(record, done(Action.FOLLOW), o) == Record(7, role, "b")


def test_a_standby_that_took_writes_is_out() -> None:
    o = look(FOLLOWS, postgres=Postgres.PRIMARY)
    assert after(FOLLOWS, done(Action.STOP), o).role is Role.OUT


@pytest.mark.parametrize(
    ("record", "heard", "eligible"),
    [
        (FOLLOWS, Heard(3, Role.PRIMARY, Postgres.PRIMARY, granting=False), False),
        (replace(FOLLOWS, eligible=False), Heard(3, Role.PRIMARY, Postgres.PRIMARY, granting=True), True),
        (FOLLOWS, Heard(2, Role.PRIMARY, Postgres.PRIMARY, granting=False), True),
        (replace(FOLLOWS, eligible=False), Heard(4, Role.PRIMARY, Postgres.PRIMARY, granting=True), False),
        (FOLLOWS, Heard(3, Role.OUT, Postgres.STOPPED), True),
        (REIGNS, Heard(3, Role.PRIMARY, Postgres.PRIMARY, granting=True), False),
        (Record(3, Role.OUT, "b"), Heard(3, Role.PRIMARY, Postgres.PRIMARY, granting=True), False),
    ],
)
def test_only_the_primary_of_its_reign_admits_a_standby(record: Record, heard: Heard, eligible: bool) -> None:
    assert told(record, heard, "b").eligible is eligible


def test_an_admission_counts_in_the_boot_in_which_it_came() -> None:
    admitted = told(replace(FOLLOWS, eligible=False), Heard(3, Role.PRIMARY, Postgres.PRIMARY, granting=True), "later")
    assert admitted.boot == "later"


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    assert load(path) == Record()
    for record in (OFFERING, FOLLOWS, Record(4, Role.OUT, "b", yielded=True)):
        store(path, record)
        assert load(path) == record
    assert [one.name for one in tmp_path.iterdir()] == ["record.json"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"reign": 1, "role": "king"}'])
def test_a_record_that_cannot_be_read_is_no_record_of_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "record.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PghaError, match="cannot be read"):
        load(path)
