# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether data may follow a primary as it is: real control data of both versions, and the decision table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError, PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import parse
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import Control, Fork, History, Lsn, State
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.plan import (
    CRASHED_PRIMARY,
    Decision,
    Source,
    Target,
    clone_plan,
)
from hypothesis import given
from hypothesis import strategies as st

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures" / "postgres"
VERSIONS = ("15", "17")


def control_of(version: str, role: str) -> Control:
    return parse.control((FIXTURES / version / f"controldata-{role}.txt").read_text())


def source_of(control: Control, *forks: Fork, timeline: int = 3) -> Source:
    return Source(primary=True, system_identifier=control.system_identifier, history=History(timeline, forks))


@pytest.mark.parametrize("version", VERSIONS)
def test_real_control_data_are_read(version: str) -> None:
    primary, standby = control_of(version, "primary"), control_of(version, "standby")
    assert (primary.state, standby.state) == (State.PRIMARY, State.STANDBY)
    assert primary.system_identifier == standby.system_identifier
    assert (primary.timeline, standby.timeline) == (2, 2)
    assert primary.checksums
    assert primary.wal_log_hints
    assert primary.redo_lsn <= primary.checkpoint_lsn


@pytest.mark.parametrize("version", VERSIONS)
def test_real_history_and_label_are_read(version: str) -> None:
    past = parse.history(2, (FIXTURES / version / "history.txt").read_text())
    assert past.timeline == 2
    assert [fork.timeline for fork in past.forks] == [1]
    start = parse.backup_start((FIXTURES / version / "backup_label.txt").read_text())
    assert (start.timeline, str(start.lsn)) == (2, "0/2000028")


@pytest.mark.parametrize("text", ["", "nonsense", "Database cluster state: dreaming\n"])
def test_control_data_that_cannot_be_read_are_an_error(text: str) -> None:
    with pytest.raises(ParseError):
        parse.control(text)


def test_a_history_line_without_lsn_is_named() -> None:
    with pytest.raises(ParseError, match="line 2"):
        parse.history(3, "1\t0/1752A28\tno recovery target\nbroken\n")


def test_a_label_without_start_is_an_error() -> None:
    with pytest.raises(ParseError, match="backup_label"):
        parse.backup_start("LABEL: something\n")


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_lsns_read_back_and_keep_their_order(one: int, other: int) -> None:
    assert Lsn.parse(str(Lsn(one))) == Lsn(one)
    assert (Lsn(one) < Lsn(other)) == (one < other)


@pytest.mark.parametrize("text", ["", "16", "16/", "/1", "x/1", "123456789/0"])
def test_what_is_no_lsn_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        Lsn.parse(text)


BASE = control_of("15", "standby")
HERE = Lsn(0x3000100)
AFTER, BEFORE = Fork(2, Lsn(0x3000200)), Fork(2, Lsn(0x3000000))
STANDBY = replace(BASE, timeline=2, checkpoint_lsn=HERE, min_recovery_end=HERE, min_recovery_timeline=2)
STOPPED = replace(STANDBY, state=State.PRIMARY_STOPPED, min_recovery_end=Lsn(0), min_recovery_timeline=0)


def target(control: Control | None, *, exists: bool = True, running: bool = False, start: Fork | None = None) -> Target:
    return Target(exists=exists, running=running, control=control, backup_start=start)


@pytest.mark.parametrize(
    ("situation", "observed", "source", "decision", "reason"),
    [
        ("no data", target(None, exists=False), source_of(BASE), Decision.CLONE, "no data yet"),
        ("unreadable", target(None), source_of(BASE), Decision.CLONE, "cannot be read"),
        ("a standby that is behind", target(STANDBY), source_of(BASE, AFTER), Decision.KEEP, "in the primary's past"),
        ("a standby past the fork", target(STANDBY), source_of(BASE, BEFORE), Decision.CLONE, "diverged"),
        ("a clean stop before the fork", target(STOPPED), source_of(BASE, AFTER), Decision.KEEP, "past"),
        ("its last record at the fork", target(STOPPED), source_of(BASE, Fork(2, HERE)), Decision.CLONE, "diverged"),
        ("a timeline nobody knows", target(STOPPED), source_of(BASE, timeline=7), Decision.CLONE, "diverged"),
        ("the same timeline", target(STANDBY), source_of(BASE, timeline=2), Decision.KEEP, "past"),
        (
            "a clone that never ran",
            target(replace(STANDBY, state=State.PRIMARY), start=Fork(2, HERE)),
            source_of(BASE, timeline=2),
            Decision.KEEP,
            "past",
        ),
        (
            "an old clone that never ran",
            target(replace(STANDBY, state=State.PRIMARY), start=Fork(2, HERE)),
            source_of(BASE, BEFORE),
            Decision.CLONE,
            "diverged",
        ),
    ],
)
def test_decisions(situation: str, observed: Target, source: Source, decision: Decision, reason: str) -> None:
    step = clone_plan(observed, source)
    assert step.decision is decision, f"{situation}: {step.reason}"
    assert reason in step.reason


@pytest.mark.parametrize("state", sorted(CRASHED_PRIMARY, key=str))
def test_a_primary_that_crashed_is_never_kept(state: State) -> None:
    step = clone_plan(target(replace(STANDBY, state=state)), source_of(BASE, AFTER, timeline=2))
    assert step.decision is Decision.CLONE
    assert "more than it sent" in step.reason


def test_a_running_server_is_refused() -> None:
    with pytest.raises(PghaError, match="runs in the data directory"):
        clone_plan(target(STANDBY, running=True), source_of(BASE))


def test_a_standby_is_no_source() -> None:
    with pytest.raises(PghaError, match="it is a standby"):
        clone_plan(target(STANDBY), replace(source_of(BASE), primary=False))


def test_foreign_data_are_refused_unless_named() -> None:
    foreign = replace(source_of(BASE, timeline=2), system_identifier="1")
    with pytest.raises(PghaError, match="another cluster"):
        clone_plan(target(STANDBY), foreign)
    assert clone_plan(target(STANDBY), foreign, replace_foreign=True).decision is Decision.CLONE


def test_a_clone_can_be_asked_for() -> None:
    assert clone_plan(target(STANDBY), source_of(BASE, timeline=2), force=True).decision is Decision.CLONE


@given(
    st.sampled_from(State),
    st.integers(1, 4),
    st.integers(1, 2**40),
    st.lists(st.builds(Fork, st.integers(1, 4), st.builds(Lsn, st.integers(1, 2**40))), max_size=3),
    st.integers(1, 5),
)
def test_kept_data_are_always_in_the_primarys_past(
    state: State, timeline: int, place: int, forks: list[Fork], current: int
) -> None:
    control = replace(
        BASE,
        state=state,
        timeline=timeline,
        checkpoint_lsn=Lsn(place),
        min_recovery_end=Lsn(place),
        min_recovery_timeline=timeline,
    )
    source = source_of(BASE, *forks, timeline=current)
    if clone_plan(target(control), source).decision is Decision.KEEP:
        assert state not in CRASHED_PRIMARY
        assert timeline == current or any(fork.timeline == timeline and Lsn(place) < fork.lsn for fork in forks)
