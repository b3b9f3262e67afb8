# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run where a rewind is due: what it does in which order, and what follows one that fails."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import files, gateway, parse
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import Fork, History, Lsn
from ansible_collections.pgha.cluster.tests.support.fake_primary import (
    FIXTURES,
    PRINTED,
    Primary,
    arguments,
    asked_instead,
    old_data,
    work,
)

REWIND = f"""#!/bin/sh
for word in "$@"; do case "$word" in --target-pgdata=*) data="${{word#--target-pgdata=}}";; esac; done
case "$*" in
*--dry-run*) cat "{FIXTURES}/rewind-dry-run.txt" >&2;;
*) echo half > "$data/global/pg_control"; test ! -e "$data/broken" || exit 1
   cat "{FIXTURES}/rewind-dry-run.txt" >&2
   cp "{FIXTURES}/backup_label-rewound.txt" "$data/backup_label"; echo rewound > "$data/situation";;
esac
"""
SINGLE = """#!/bin/sh
while [ "$1" != -D ]; do shift; done
echo stopped-primary > "$2/situation"
"""


def situations(timeline: int) -> dict[str, str]:
    """Return what pg_controldata prints of the old primary as it was found, stopped, rewound, and of a clone."""
    crashed = PRINTED["crashed-primary"]
    return {
        "crashed-primary": crashed,
        "stopped-primary": crashed.replace("in production", "shut down"),
        "clone-not-started": PRINTED["clone-not-started"],
        "rewound": crashed.replace("in production", "in archive recovery")
        .replace(f"TimeLineID:       {timeline}", f"TimeLineID:       {timeline + 1}")
        .replace("ending location:     0/0", "ending location:     0/3000100")
        .replace("loc's timeline:     0", f"loc's timeline:     {timeline + 1}"),
    }


@pytest.fixture(name="primary")
def _primary(monkeypatch: pytest.MonkeyPatch) -> Primary:
    return asked_instead(monkeypatch)


@pytest.fixture(name="given")
def _given(tmp_path: Path) -> dict[str, Any]:
    return arguments(tmp_path)


@pytest.fixture(name="parted")
def _parted(given: dict[str, Any], primary: Primary, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """An old primary that crashed, and a new one that both servers' WAL proves to be its successor."""
    binaries, data = Path(given["bin_directory"]), old_data(given)
    # It came to its present state on this timeline, and the primary left that before.
    control = parse.control(PRINTED["crashed-primary"])
    fork = Lsn(control.checkpoint_lsn.value - 100)
    primary.history = History(control.timeline + 1, (Fork(control.timeline, fork),))
    for name, text in situations(control.timeline).items():
        (binaries / f"{name}.txt").write_text(text)
    scripts = {
        "pg_controldata": f'#!/bin/sh\ncat "{binaries}/$(cat "$2/situation").txt"\n',
        "pg_rewind": REWIND,
        "postgres": SINGLE,
    }
    for name, script in scripts.items():
        (binaries / name).write_text(script)
        (binaries / name).chmod(0o755)
    wal = data / "pg_wal"
    wal.mkdir()
    place = fork.segment_start(control.segment_bytes)
    for number in range(2):
        name = Lsn(place.value + number * control.segment_bytes).file_name(control.segment_bytes)
        (wal / f"{control.timeline:08X}{name}").write_bytes(b"x" * 64)
    (wal / f"{control.timeline + 1:08X}{Lsn(0x3000028).file_name(control.segment_bytes)}").touch()
    own = wal / f"{control.timeline:08X}{place.file_name(control.segment_bytes)}"
    digest = hashlib.sha256(own.read_bytes()).hexdigest()
    monkeypatch.setattr(gateway, "digests", lambda login, names, length: [digest])
    monkeypatch.setattr(gateway, "checkpoint", lambda login: primary.asked.append("checkpoint"))
    return {**given, "rewind": True, "catalog_user": "pgha_rewind"}


def test_an_old_primary_is_rewound_and_a_second_run_changes_nothing(parted: dict[str, Any], primary: Primary) -> None:
    result = work(parted)
    assert result["decision"] == "rewind", result["reason"]
    assert primary.asked == ["slot pgha_n2", "checkpoint"]
    assert Path(result["diverged_wal"]).is_dir()
    data = Path(parted["data_directory"])
    assert (data / "standby.signal").exists()
    second = work(parted)
    assert (second["changed"], second["decision"]) == (False, "keep"), second["reason"]


def test_check_mode_names_the_cost_and_touches_nothing(parted: dict[str, Any], primary: Primary) -> None:
    data = Path(parted["data_directory"])
    assert "MB to copy" not in work(parted, check_mode=True)["reason"], "a crashed server cannot tell before"
    (data / "situation").write_text("stopped-primary\n")
    result = work(parted, check_mode=True)
    assert (result["changed"], result["decision"]) == (True, "rewind")
    assert result["reason"].endswith("53 MB to copy")
    assert "undone" in result["diff"]["after"]
    assert primary.asked == []
    assert (data / "global" / "pg_control").read_text() == "old\n"


def test_a_rewind_that_fails_is_followed_by_a_clone(parted: dict[str, Any], primary: Primary) -> None:
    data = Path(parted["data_directory"])
    (data / "broken").touch()
    result = work(parted)
    assert primary.slot_ready
    assert result["decision"] == "clone"
    assert result["reason"].startswith("a rewind failed (")
    assert "pg_rewind" in result["rewind_failed"] or "copy failed" in result["rewind_failed"]
    assert (data / "global" / "pg_control").read_text() == "new\n"
    assert (Path(result["moved_aside"]) / "broken").exists()
    assert not files.beside(data, "rewind.json").exists()


def test_a_rewind_for_which_there_is_no_room_is_followed_by_a_clone(
    parted: dict[str, Any], primary: Primary, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    result = work(parted)
    assert primary.slot_ready
    assert result["decision"] == "clone"
    assert "No space left" in result["reason"]


def test_the_next_run_clones_what_an_interrupted_rewind_left(
    parted: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ansible_collections.pgha.cluster.plugins.module_utils.postgres.rewind.follow", interrupted)
        with pytest.raises(KeyboardInterrupt):
            work(parted)
    assert work(parted, check_mode=True)["decision"] == "clone"


def test_without_a_role_that_may_read_the_files_nothing_is_rewound(parted: dict[str, Any]) -> None:
    assert work(parted, check_mode=True, catalog_user="")["decision"] == "clone"
    assert work(parted, check_mode=True, rewind=False)["decision"] == "clone"
