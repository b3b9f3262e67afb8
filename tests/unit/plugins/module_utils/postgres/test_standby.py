# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look, decide, act, look again: what one run does in which order, and what a second one does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import files, standby
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import Fork, History, Lsn
from ansible_collections.pgha.cluster.tests.support.fake_primary import (
    Primary,
    arguments,
    asked_instead,
    old_data,
    work,
)


@pytest.fixture(name="primary")
def _primary(monkeypatch: pytest.MonkeyPatch) -> Primary:
    return asked_instead(monkeypatch)


@pytest.fixture(name="given")
def _given(tmp_path: Path) -> dict[str, Any]:
    return arguments(tmp_path)


def test_check_mode_says_what_would_happen_and_touches_nothing(
    primary: Primary, given: dict[str, Any], tmp_path: Path
) -> None:
    old_data(given)
    result = work(given, check_mode=True, catalog_user="pgha_rewind")
    assert primary.logins == [("pgha_replication", "pgha_rewind")]
    assert (result["changed"], result["decision"], result["size_bytes"]) == (True, "clone", 4711)
    assert "did not stop in order" in result["diff"]["before"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["bin", "main"]
    assert primary.asked == []


def test_a_run_clones_and_a_second_changes_nothing_and_says_why(primary: Primary, given: dict[str, Any]) -> None:
    data = old_data(given)
    first = work(given)
    assert (first["changed"], first["decision"]) == (True, "clone")
    assert (data / "global" / "pg_control").read_text() == "new\n"
    assert (Path(first["moved_aside"]) / "global" / "pg_control").read_text() == "old\n"
    assert primary.asked == ["slot pgha_n2"]
    assert first["progress_file"] in first["log"][0]
    second = work(given)
    assert (second["changed"], second["decision"]) == (False, "keep")
    assert "is in the primary's past" in second["reason"]
    assert second["diff"] == {"before": "", "after": ""}


def test_what_check_mode_announces_is_what_a_run_reports(primary: Primary, given: dict[str, Any]) -> None:
    old_data(given)
    announced, done = work(given, check_mode=True), work(given)
    assert primary.slot_ready
    assert {key: done[key] for key in announced if key != "log"} == {k: v for k, v in announced.items() if k != "log"}


def test_a_slot_that_went_missing_is_made_without_a_clone(primary: Primary, given: dict[str, Any]) -> None:
    work(given)
    primary.slot_ready = False
    result = work(given)
    assert (result["changed"], result["decision"]) == (True, "prepare")
    assert primary.asked == ["slot pgha_n2", "slot pgha_n2"]
    assert work(given)["changed"] is False


def test_data_without_their_signal_get_it(primary: Primary, given: dict[str, Any]) -> None:
    work(given)
    assert primary.slot_ready
    signal = Path(given["data_directory"]) / "standby.signal"
    signal.unlink()
    assert work(given)["decision"] == "prepare"
    assert signal.exists()


def test_what_a_base_backup_made_by_hand_says_of_its_primary_is_taken_out(
    primary: Primary, given: dict[str, Any]
) -> None:
    work(given)
    assert primary.slot_ready
    place = Path(given["data_directory"]) / "postgresql.auto.conf"
    place.write_text("work_mem = '4MB'\nprimary_conninfo = 'host=10.0.1.11'\n")
    assert work(given)["changed"] is False, "where nothing else says it, that is its place"
    result = work(given, connection_elsewhere=True)
    assert (result["decision"], place.read_text()) == ("prepare", "work_mem = '4MB'\n")
    assert "has a primary_conninfo of its own" in result["reason"]
    assert work(given, connection_elsewhere=True)["changed"] is False


def test_a_running_server_gets_its_slot_and_keeps_its_file(
    primary: Primary, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    work(given)
    place = Path(given["data_directory"]) / "postgresql.auto.conf"
    place.write_text("primary_conninfo = 'host=10.0.1.11'\n")
    primary.slot_ready = False
    monkeypatch.setattr(files, "served", lambda _data: True)
    assert work(given, connection_elsewhere=True)["decision"] == "prepare"
    assert primary.slot_ready
    assert place.read_text() == "primary_conninfo = 'host=10.0.1.11'\n", "the server itself writes it"


def test_what_a_copy_brings_along_is_taken_out(primary: Primary, given: dict[str, Any]) -> None:
    tool = Path(given["bin_directory"]) / "pg_basebackup"
    brings = 'echo "recovery_target_lsn = \'0/5\'" > "$place/postgresql.auto.conf"\n'
    tool.write_text(tool.read_text() + brings)
    result = work(given, connection_elsewhere=True)
    assert primary.slot_ready
    assert result["decision"] == "clone"
    assert (Path(given["data_directory"]) / "postgresql.auto.conf").read_text() == ""


def test_an_interrupted_run_is_completed_without_a_second_copy(primary: Primary, given: dict[str, Any]) -> None:
    data = old_data(given)
    first = work(given)
    assert primary.slot_ready
    # As it stands right after the exchange.
    Path(first["moved_aside"]).rename(files.beside(data, "checked"))
    journal = files.beside(data, "clone.json")
    journal.write_text(json.dumps({**files.record(data), "in_place": False}))
    result = work(given)
    assert (result["decision"], result["moved_aside"]) == ("finish", first["moved_aside"])
    assert "copied_bytes" not in result
    assert work(given)["changed"] is False


def test_half_a_copy_goes_with_the_next_run_whatever_that_one_does(primary: Primary, given: dict[str, Any]) -> None:
    data = old_data(given)
    work(given)
    half = files.beside(data, "clone")
    half.mkdir()
    announced = work(given, check_mode=True)
    assert half.exists()
    result = work(given)
    assert not half.exists()
    assert {(one["changed"], one["decision"]) for one in (announced, result)} == {(True, "keep")}
    assert result["diff"]["after"].endswith("without the half copy beside it\n")
    assert work(given)["changed"] is False


def test_data_for_which_the_primary_has_no_wal_are_replaced(primary: Primary, given: dict[str, Any]) -> None:
    work(given)
    primary.wal_gone = "requested WAL segment has already been removed"
    assert work(given, check_mode=True)["decision"] == "clone"


def test_a_clone_that_cannot_follow_is_no_success(primary: Primary, given: dict[str, Any]) -> None:
    primary.history = History(2, (Fork(1, Lsn(1)),))
    with pytest.raises(PghaError, match="still could not follow"):
        work(given)


def test_forcing_it_does_so_once(primary: Primary, given: dict[str, Any]) -> None:
    work(given)
    result = work(given, force=True)
    assert (result["changed"], result["reason"]) == (True, "a new clone was asked for")
    assert primary.slot_ready


def test_a_linked_data_directory_is_replaced_and_not_its_link(
    primary: Primary, given: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "disk").mkdir()
    link = Path(given["data_directory"])
    link.symlink_to(tmp_path / "disk" / "main")
    work(given)
    assert primary.slot_ready
    assert link.is_symlink()
    assert (tmp_path / "disk" / "main" / "standby.signal").exists()


@pytest.mark.parametrize("slot", ["Upper", 'a"b', "a b", "x" * 64])
def test_a_name_that_is_none_is_refused(primary: Primary, given: dict[str, Any], slot: str) -> None:
    with pytest.raises(PghaError, match="no name for a replication slot"):
        work(given, slot=slot)
    assert primary.asked == []


def test_a_file_operation_that_is_refused_says_what_to_do(
    primary: Primary, given: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(standby, "put_in_place", full)
    with pytest.raises(PghaError, match="refused a file operation") as failure:
        work(given)
    assert "No space left" in str(failure.value.said)
    assert primary.slot_ready
