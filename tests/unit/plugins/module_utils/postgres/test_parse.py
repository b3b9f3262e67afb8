# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What PostgreSQL's tools print, of both versions, and what is made of it."""

from __future__ import annotations

import datetime
import time
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import parse
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import Fork, History, Lsn, Position, State
from hypothesis import given
from hypothesis import strategies as st

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures" / "postgres"
VERSIONS = ("15", "17")
LSNS = st.builds(Lsn, st.integers(0, 2**64 - 1))
STATES = {
    "primary": State.PRIMARY,
    "standby": State.STANDBY,
    "stopped-primary": State.PRIMARY_STOPPED,
    "stopped-standby": State.STANDBY_STOPPED,
    "crashed-primary": State.PRIMARY,
    "crashed-standby": State.STANDBY,
    "clone-not-started": State.PRIMARY,
}


def text(version: str, name: str) -> str:
    return (FIXTURES / version / name).read_text()


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("situation", STATES)
def test_real_control_data_are_read(version: str, situation: str) -> None:
    found = parse.control(text(version, f"controldata-{situation}.txt"))
    assert found.state is STATES[situation]
    assert found.system_identifier.isdigit()
    assert (found.checksums, found.wal_log_hints) == (True, True)
    assert found.segment_bytes == 16 * 1024 * 1024
    assert found.redo_lsn <= found.checkpoint_lsn


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("situation", "connections"), [("primary", 200), ("standby", 200), ("stopped-primary", 100)])
def test_control_data_tell_what_the_log_was_written_with(version: str, situation: str, connections: int) -> None:
    assert parse.control(text(version, f"controldata-{situation}.txt")).settings == {
        "max_connections": connections,
        "max_worker_processes": 8,
        "max_wal_senders": 10,
        "max_prepared_transactions": 0,
        "max_locks_per_transaction": 64,
    }


@pytest.mark.parametrize("version", VERSIONS)
def test_a_real_history_is_read(version: str) -> None:
    past = parse.history(3, text(version, "history-3.txt"))
    assert [fork.timeline for fork in past.forks] == [1, 2]
    assert past.forks[0].lsn < past.forks[1].lsn
    stopped = parse.control(text(version, "controldata-stopped-primary.txt"))
    # The standby that was promoted had the shutdown checkpoint: it is the last common record.
    assert past.contains(Position(1, stopped.checkpoint_lsn, is_end=False))
    assert not past.contains(Position(1, past.forks[0].lsn, is_end=False))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_real_manifest_says_what_the_clone_needs(version: str) -> None:
    found = parse.backup(text(version, "backup_manifest-tail.txt"))
    assert (found.timeline, str(found.start)) == (1, "0/3000028")
    assert found.start < found.end


@pytest.mark.parametrize("version", VERSIONS)
def test_the_end_of_real_wal_lies_beyond_what_the_checkpoint_tells(version: str) -> None:
    end = parse.wal_end(1, text(version, "waldump-standby.txt"))
    stopped = parse.control(text(version, "controldata-stopped-standby.txt"))
    assert end is not None
    assert not end.is_end
    assert stopped.checkpoint_lsn < end.lsn < stopped.min_recovery_end


@pytest.mark.parametrize("version", VERSIONS)
def test_the_real_progress_is_counted(version: str) -> None:
    assert parse.copied_bytes(text(version, "progress.txt")) > 30 * 1024 * 1024
    assert parse.copied_bytes("pg_basebackup: initiating base backup, waiting for checkpoint to complete\n") == 0


@pytest.mark.parametrize("said", ["", "nonsense", "Database cluster state: dreaming\n"])
def test_control_data_that_cannot_be_read_are_an_error(said: str) -> None:
    with pytest.raises(ParseError):
        parse.control(said)


def test_a_number_that_is_none_is_named() -> None:
    broken = text("15", "controldata-primary.txt").replace("TimeLineID:       2", "TimeLineID:       two")
    with pytest.raises(ParseError, match="Latest checkpoint's TimeLineID"):
        parse.control(broken)


@pytest.mark.parametrize(("zone", "hours"), [("UTC", 0), ("XXX-2", 2)])
def test_a_checkpoint_is_of_a_time_of_this_server(monkeypatch: pytest.MonkeyPatch, zone: str, hours: int) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        found = parse.control(text("17", "controldata-crashed-standby.txt"))
    finally:
        monkeypatch.undo()
        time.tzset()
    written = datetime.datetime(2026, 11, 21, 9, 13, 50, tzinfo=datetime.UTC).timestamp()
    assert found.checkpoint_time == written - hours * 3600


@pytest.mark.parametrize("said", ["", "gestern", "Sat Mrz 21 09:13:50 2026", "Sat Nov 21 soon 2026"])
def test_a_time_that_is_none_is_named(said: str) -> None:
    broken = text("17", "controldata-crashed-standby.txt").replace("Sat Nov 21 09:13:50 2026", said)
    with pytest.raises(ParseError, match="Time of latest checkpoint"):
        parse.control(broken)


def test_a_history_line_without_lsn_is_named() -> None:
    with pytest.raises(ParseError, match="line 2"):
        parse.history(3, "1\t0/1752A28\tno recovery target\nbroken\n")


def test_a_manifest_without_wal_is_an_error() -> None:
    with pytest.raises(ParseError, match="WAL-Ranges"):
        parse.backup('{ "PostgreSQL-Backup-Manifest-Version": 1 }')


def test_a_tool_that_says_something_else_tells_no_end() -> None:
    assert parse.wal_end(1, "pg_waldump: error: could not find any WAL file") is None


@pytest.mark.parametrize("said", ["", "16", "16/", "/1", "x/1", "123456789/0"])
def test_what_is_no_lsn_is_refused(said: str) -> None:
    with pytest.raises(ParseError):
        Lsn.parse(said)


@given(LSNS, LSNS)
def test_lsns_read_back_and_keep_their_order(one: Lsn, other: Lsn) -> None:
    assert Lsn.parse(str(one)) == one
    assert (one < other) == (one.value < other.value)


@given(LSNS)
def test_a_place_lies_in_its_wal_file(place: Lsn) -> None:
    size = 16 * 1024 * 1024
    start = place.segment_start(size)
    assert start <= place < Lsn(start.value + size)
    assert start.file_name(size) == place.file_name(size)


@given(st.lists(LSNS, min_size=1, max_size=6), st.text(alphabet="abc #\t", max_size=20))
def test_histories_read_back(places: list[Lsn], reason: str) -> None:
    forks = tuple(Fork(number, place) for number, place in enumerate(sorted(places), start=1))
    written = "".join(f"{fork.timeline}\t{fork.lsn}\t{reason}\n" for fork in forks)
    current = len(forks) + 1
    assert parse.history(current, written) == History(current, forks)


@given(LSNS, LSNS)
def test_the_past_ends_at_the_fork(fork: Lsn, place: Lsn) -> None:
    past = History(2, (Fork(1, fork),))
    assert past.contains(Position(1, place)) == (place <= fork)
    assert past.contains(Position(1, place, is_end=False)) == (place < fork)
    assert past.contains(Position(2, place))
    assert not past.contains(Position(3, place))


@pytest.mark.parametrize("version", ["15", "17"])
def test_a_rewind_says_what_it_costs_and_where_its_wal_begins(version: str) -> None:
    assert parse.rewind_cost(text(version, "rewind-dry-run.txt")) > 2**20
    assert parse.label_start(text(version, "backup_label-rewound.txt")) == Lsn.parse("0/3000028")
    with pytest.raises(ParseError, match="how much it has to copy"):
        parse.rewind_cost(text(version, "rewind-wal-recycled.txt"))
    with pytest.raises(ParseError, match="where its WAL begins"):
        parse.label_start("")
