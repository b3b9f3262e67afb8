# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether data may follow a primary as it is: the decision table over real control data of both versions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import parse
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import (
    Backup,
    Control,
    Fork,
    History,
    Lsn,
    Position,
    State,
)
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.plan import (
    CRASHED_PRIMARY,
    Decision,
    Source,
    Target,
    clone_plan,
    position_of,
    refuse_source,
)
from hypothesis import given
from hypothesis import strategies as st

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures" / "postgres"


def control_of(version: str, situation: str) -> Control:
    return parse.control((FIXTURES / version / f"controldata-{situation}.txt").read_text())


BASE = control_of("15", "standby")
HERE, NEAR, FAR = Lsn(0x3000100), Lsn(0x3000200), Lsn(0x9000000)
AFTER, AT, BEFORE = Fork(2, NEAR), Fork(2, HERE), Fork(2, Lsn(0x3000000))
STANDBY = replace(BASE, timeline=2, checkpoint_lsn=Lsn(0x3000060), min_recovery_end=HERE, min_recovery_timeline=2)
STOPPED = replace(
    STANDBY, state=State.PRIMARY_STOPPED, checkpoint_lsn=HERE, min_recovery_end=Lsn(0), min_recovery_timeline=0
)
COPY = Backup(2, Lsn(0x3000028), HERE)


def target(control: Control | None, **more: Any) -> Target:
    return replace(Target(exists=True, control=control, programs=15), **more)


def source(*forks: Fork, timeline: int = 3, **more: Any) -> Source:
    whole = Source(
        primary=True,
        system_identifier=BASE.system_identifier,
        history=History(timeline, forks),
        position=FAR,
        version=15,
    )
    return replace(whole, **more)


RUNNING = replace(STANDBY, state=State.PRIMARY)
KEPT, CLONED, PREPARED = Decision.KEEP, Decision.CLONE, Decision.PREPARE


@pytest.mark.parametrize(
    ("situation", "observed", "primary", "decision", "reason"),
    [
        ("no data", Target(exists=False), source(), CLONED, "no data yet"),
        ("unreadable", target(None), source(), CLONED, "cannot be read"),
        ("behind", target(STANDBY), source(AFTER), KEPT, "0/3000100 on timeline 2 is in the primary's past"),
        ("replayed exactly to the fork", target(STANDBY), source(AT), KEPT, "past"),
        ("past the fork", target(STANDBY), source(BEFORE), CLONED, "diverged"),
        ("stopped standby", target(replace(STANDBY, state=State.STANDBY_STOPPED)), source(AFTER), KEPT, "past"),
        ("received past the fork", target(STANDBY, wal_end=Position(2, FAR)), source(AFTER), CLONED, "diverged"),
        (
            "its last received record begins at the fork",
            target(STANDBY, wal_end=Position(2, NEAR, is_end=False)),
            source(AFTER),
            CLONED,
            "diverged",
        ),
        ("clean stop before the fork", target(STOPPED), source(AFTER), KEPT, "past"),
        ("clean stop, and the shutdown checkpoint not sent", target(STOPPED), source(AT), CLONED, "diverged"),
        ("a timeline that nobody knows", target(STOPPED), source(timeline=7), CLONED, "diverged"),
        ("the same timeline", target(STANDBY), source(timeline=2), KEPT, "past"),
        ("ahead on the same timeline", target(STANDBY), source(timeline=2, position=Lsn(1)), CLONED, "diverged"),
        ("two primaries on one timeline", target(STOPPED), source(timeline=2), CLONED, "both servers were primary"),
        ("a fresh clone", target(RUNNING, backup=COPY), source(timeline=2), KEPT, "past"),
        ("a fresh clone of a lost primary", target(RUNNING, backup=COPY), source(BEFORE), CLONED, "diverged"),
        (
            "a fresh clone that begins before the fork and ends after it",
            target(RUNNING, backup=COPY),
            source(Fork(2, Lsn(0x3000080))),
            CLONED,
            "diverged",
        ),
        ("WAL gone", target(STANDBY, wal_gone="removed"), source(AFTER), CLONED, "no WAL any more"),
        ("no signal", target(STOPPED, signal=False), source(AFTER), PREPARED, "standby.signal"),
        ("misled", target(STOPPED, misled=("restore",)), source(AFTER), PREPARED, "restore of its own"),
        ("misled, and runs", target(STANDBY, misled=("restore",), running=True), source(AFTER), KEPT, "past"),
        ("no slot", target(STANDBY), source(AFTER, slot_ready=False), PREPARED, "no slot"),
        ("a running standby", target(STANDBY, running=True), source(AFTER), KEPT, "past"),
    ],
)
def test_decisions(situation: str, observed: Target, primary: Source, decision: Decision, reason: str) -> None:
    step = clone_plan(observed, primary)
    assert step.decision is decision, f"{situation}: {step.reason}"
    assert reason in step.reason


@pytest.mark.parametrize("state", sorted(CRASHED_PRIMARY, key=str))
def test_a_primary_that_crashed_is_never_kept(state: State) -> None:
    step = clone_plan(target(replace(STANDBY, state=state)), source(AFTER, timeline=2))
    assert step.decision is Decision.CLONE
    assert "more than it sent" in step.reason


@pytest.mark.parametrize("version", ["15", "17"])
@pytest.mark.parametrize(
    ("situation", "decision"),
    [
        ("stopped-primary", Decision.KEEP),
        ("stopped-standby", Decision.KEEP),
        ("crashed-standby", Decision.KEEP),
        ("crashed-primary", Decision.CLONE),
    ],
)
def test_real_data_against_the_history_that_followed(version: str, situation: str, decision: Decision) -> None:
    control = control_of(version, situation)
    past = parse.history(3, (FIXTURES / version / "history-3.txt").read_text())
    primary = source(system_identifier=control.system_identifier, history=past)
    assert clone_plan(target(control), primary).decision is decision


PARTED = replace(STOPPED, checksums=True)
CRASHED = replace(PARTED, state=State.PRIMARY, checkpoint_lsn=Lsn(0x2000000))
OWN, OTHER = History(2, (Fork(1, Lsn(0x2000000)),)), History(2, (Fork(1, Lsn(0x1000000)),))
LEFT = (Fork(1, Lsn(0x2000000)), BEFORE)
REWOUND = Decision.REWIND


@pytest.mark.parametrize(
    ("situation", "observed", "primary", "decision", "reason"),
    [
        ("it diverged", target(PARTED), source(*LEFT), REWOUND, "same past up to 0/3000000 on timeline 2"),
        ("it crashed as a primary", target(CRASHED), source(*LEFT), REWOUND, "did not stop in order"),
        ("a standby stopped past the fork", target(replace(STANDBY, state=State.STANDBY_STOPPED)), source(BEFORE),
         REWOUND, "diverged"),
        ("hints do as well", target(replace(PARTED, checksums=False, wal_log_hints=True)), source(*LEFT), REWOUND, ""),
        ("the same history", target(PARTED, history=OWN), source(*LEFT), REWOUND, ""),
        ("it can follow", target(STANDBY), source(AFTER), KEPT, "past"),
        ("another timeline of that number", target(PARTED, history=OTHER), source(*LEFT), CLONED, "did not begin"),
        ("begun before", target(PARTED, half_rewound=True), source(*LEFT), CLONED, "neither old nor new"),
        ("no checksums", target(replace(PARTED, checksums=False, wal_log_hints=False)), source(*LEFT), CLONED,
         "neither data checksums nor"),
        ("two primaries on one timeline", target(CRASHED), source(timeline=2), CLONED, "never left the timeline"),
        ("a timeline that nobody knows", target(PARTED), source(timeline=7), CLONED, "never left the timeline"),
        ("a standby that crashed past the fork", target(STANDBY, wal_end=Position(2, FAR)), source(BEFORE), CLONED,
         "not stopped in order"),
        ("a clone that never ran", target(CRASHED, backup=COPY), source(BEFORE), CLONED, "not stopped in order"),
        ("something was seen", target(PARTED, against_rewind="other WAL"), source(*LEFT), CLONED, "other WAL"),
        ("WAL gone", target(STANDBY, wal_gone="removed"), source(AFTER), CLONED, "no WAL any more"),
    ],
)  # fmt: skip
def test_decisions_where_a_rewind_is_allowed(
    situation: str, observed: Target, primary: Source, decision: Decision, reason: str
) -> None:
    step = clone_plan(observed, primary, rewind=True)
    assert step.decision is decision, f"{situation}: {step.reason}"
    assert reason in step.reason
    assert clone_plan(observed, primary).decision is not REWOUND, "nobody asked for it"


def test_data_whose_timeline_began_elsewhere_is_not_kept() -> None:
    """Both servers were promoted apart from each other and call their timeline 2; the primary is on 3 by now."""
    assert clone_plan(target(STANDBY, history=OWN), source(*LEFT[:1], AFTER)).decision is Decision.KEEP
    step = clone_plan(target(STANDBY, history=OTHER), source(*LEFT[:1], AFTER))
    assert step.decision is Decision.CLONE
    assert "did not begin where" in step.reason


@pytest.mark.parametrize("version", ["15", "17"])
def test_real_data_of_a_primary_that_crashed_is_rewound(version: str) -> None:
    control = control_of(version, "crashed-primary")
    past = parse.history(3, (FIXTURES / version / "history-3.txt").read_text())
    primary = source(system_identifier=control.system_identifier, history=past, version=int(version))
    crashed = target(control, programs=int(version))
    expected = REWOUND if past.left(control.timeline) else CLONED
    assert clone_plan(crashed, primary, rewind=True).decision is expected
    assert expected is REWOUND


def test_a_rewind_is_refused_while_postgresql_runs_and_needs_no_room() -> None:
    with pytest.raises(PghaError, match="runs in the data directory"):
        clone_plan(target(PARTED, running=True), source(*LEFT), rewind=True)
    cramped = target(PARTED, obstacle="a mount point", free_bytes=0)
    assert clone_plan(cramped, source(*LEFT, size_bytes=10), rewind=True).decision is REWOUND


def test_a_rewind_with_other_programs_is_none() -> None:
    with pytest.raises(PghaError, match="programs here are those of 17"):
        clone_plan(target(PARTED, programs=17), source(*LEFT), rewind=True)


def test_an_interrupted_clone_is_completed_before_all_else() -> None:
    assert clone_plan(target(STANDBY, unfinished=True), source(BEFORE), force=True).decision is Decision.FINISH


REFUSED = [
    ("a running server", target(STANDBY, running=True), source(BEFORE), "runs in the data directory"),
    ("a running, unfinished one", target(STANDBY, running=True, unfinished=True), source(), "runs in the data"),
    ("a mount point", target(STANDBY, obstacle="/d is a mount point"), source(BEFORE), "mount point"),
    (
        "other programs",
        target(STANDBY, programs=17),
        source(BEFORE),
        "programs here are those of 17",
    ),
    ("every standby", target(None), source(synchronous_names="ANY 1 (*)"), "acknowledge commits"),
    ("no room", target(None, free_bytes=9), source(size_bytes=10, tablespaces=()), "no room"),
]


@pytest.mark.parametrize(("situation", "observed", "primary", "said"), REFUSED)
def test_a_clone_that_must_not_or_cannot_be_is_refused(
    situation: str, observed: Target, primary: Source, said: str
) -> None:
    with pytest.raises(PghaError, match=said):
        clone_plan(observed, primary)
    harmless = replace(observed, running=False, unfinished=False, obstacle="", programs=15, free_bytes=10)
    step = clone_plan(harmless, replace(primary, synchronous_names="n2"))
    assert step.decision is Decision.CLONE, situation


def test_with_tablespaces_the_room_on_one_disk_says_nothing() -> None:
    primary = source(size_bytes=10, tablespaces=("/srv/extra",))
    assert clone_plan(Target(exists=False, free_bytes=9, programs=15), primary).decision is Decision.CLONE


def test_data_that_can_follow_need_no_room_and_no_place() -> None:
    step = clone_plan(target(STANDBY, obstacle="a mount point", free_bytes=0), source(AFTER, size_bytes=10))
    assert step.decision is Decision.KEEP


def test_foreign_data_are_refused_unless_named() -> None:
    foreign = source(timeline=2, system_identifier="1")
    with pytest.raises(PghaError, match="another cluster"):
        clone_plan(target(STANDBY), foreign)
    with pytest.raises(PghaError, match="another cluster"):
        clone_plan(target(STANDBY), foreign, force=True)
    assert clone_plan(target(STANDBY), foreign, replace_foreign=True).decision is Decision.CLONE


def test_a_clone_can_be_asked_for() -> None:
    assert clone_plan(target(STANDBY), source(timeline=2), force=True).decision is Decision.CLONE


def test_a_source_that_was_not_meant_is_refused() -> None:
    refuse_source(source(), BASE.system_identifier)
    with pytest.raises(PghaError, match="it is a standby"):
        refuse_source(source(primary=False), "")
    with pytest.raises(PghaError, match="another cluster"):
        refuse_source(source(), "1")


@given(
    st.sampled_from(State),
    st.integers(1, 4),
    st.tuples(st.integers(1, 2**40), st.integers(1, 2**40)),
    st.lists(st.builds(Fork, st.integers(1, 4), st.builds(Lsn, st.integers(1, 2**40))), max_size=3),
    st.integers(1, 5),
)
def test_kept_data_are_always_in_the_primarys_past(
    state: State, timeline: int, places: tuple[int, int], forks: list[Fork], current: int
) -> None:
    place, received = places
    control = replace(
        BASE,
        state=state,
        timeline=timeline,
        checkpoint_lsn=Lsn(place),
        min_recovery_end=Lsn(place),
        min_recovery_timeline=timeline,
    )
    observed = target(control, wal_end=Position(timeline, Lsn(received)))
    primary = source(*forks, timeline=current, position=Lsn(2**41))
    if clone_plan(observed, primary).decision is Decision.KEEP:
        reached = position_of(observed)
        assert reached is not None
        assert state not in CRASHED_PRIMARY
        assert reached.lsn >= Lsn(place)
        assert timeline == current or any(fork.timeline == timeline and reached.lsn <= fork.lsn for fork in forks)
