# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look, decide, act, look again: what one run does in which order, and what a second one does not."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import basebackup, files, gateway, parse
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import Fork, History, Lsn, Position
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.plan import Source

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures" / "postgres" / "15"
PRINTED = {
    name: (FIXTURES / f"controldata-{name}.txt").read_text() for name in ("clone-not-started", "crashed-primary")
}
IDENTIFIER = parse.control(PRINTED["clone-not-started"]).system_identifier
COPY = f"""#!/bin/sh
case "$1" in --version) echo "pg_basebackup (PostgreSQL) 15.14"; exit;; esac
for word in "$@"; do case "$word" in --pgdata=*) place="${{word#--pgdata=}}";; esac; done
mkdir -p "$place/global" && echo new > "$place/global/pg_control" && echo clone-not-started > "$place/situation"
touch "$place/backup_label" && cp "{FIXTURES}/backup_manifest-tail.txt" "$place/backup_manifest"
"""
CONTROL = f"""#!/bin/sh
cat "{FIXTURES}/controldata-$(cat "$2/situation").txt"
"""


@dataclass
class Primary:
    """Stands for the server that is asked; writes down what was asked of it."""

    slot_ready: bool = False
    wal_gone: str = ""
    history: History = field(default_factory=lambda: History(1))
    asked: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)

    def source(self, login: dict[str, Any], catalog_user: str = "", slot: str = "") -> Source:
        self.logins.append((login["user"], catalog_user))
        ready = self.slot_ready or not slot
        return Source(True, IDENTIFIER, self.history, Lsn.parse("0/9000000"), 15, "n2", ready, 4711, ())

    def ensure_slot(self, login: dict[str, Any], slot: str) -> None:
        self.asked.append(f"slot {slot}")
        self.slot_ready = True

    def missing_wal(self, login: dict[str, Any], place: Position, segment_bytes: int, position: Lsn) -> str:
        return self.wal_gone


@pytest.fixture(name="primary")
def _primary(monkeypatch: pytest.MonkeyPatch) -> Primary:
    primary = Primary()
    for name in ("source", "ensure_slot", "missing_wal"):
        monkeypatch.setattr(gateway, name, getattr(primary, name))
    return primary


@pytest.fixture(name="given")
def _given(tmp_path: Path) -> dict[str, Any]:
    binaries = tmp_path / "bin"
    binaries.mkdir()
    scripts = {"pg_basebackup": COPY, "pg_controldata": CONTROL, "pg_verifybackup": "#!/bin/sh\n"}
    for name, script in scripts.items():
        (binaries / name).write_text(script)
        (binaries / name).chmod(0o755)
    return {
        "data_directory": str(tmp_path / "main"), "bin_directory": str(binaries), "host": "10.0.1.100", "port": 5432,
        "user": "pgha_replication", "password": None, "catalog_user": "", "expected_system_identifier": "",
        "slot": "pgha_n2", "sslmode": "verify-ca", "sslrootcert": None, "checkpoint": "fast", "max_rate": 0,
        "tablespace_mapping": {}, "timeout": 60, "force": False, "replace_foreign": False, "keep": 1,
    }  # fmt: skip


def work(given: dict[str, Any], *, check_mode: bool = False, **more: Any) -> dict[str, Any]:
    said: list[str] = []
    result = basebackup.work({**given, **more}, check_mode=check_mode, log=said.append)
    return {**result, "log": said}


def old_data(given: dict[str, Any]) -> Path:
    data = Path(given["data_directory"])
    (data / "global").mkdir(parents=True)
    (data / "global" / "pg_control").write_text("old\n")
    (data / "situation").write_text("crashed-primary\n")
    return data


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

    monkeypatch.setattr(basebackup, "put_in_place", full)
    with pytest.raises(PghaError, match="refused a file operation") as failure:
        work(given)
    assert "No space left" in str(failure.value.said)
    assert primary.slot_ready
