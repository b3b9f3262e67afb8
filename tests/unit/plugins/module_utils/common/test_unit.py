# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a unit of systemd is, which files it cannot have read, and what that asks for."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError
from ansible_collections.pgha.cluster.plugins.module_utils.common.unit import (
    RELOADED,
    RESTARTED,
    Unit,
    newer_than,
    steps_of,
)

# As `systemctl show` of systemd 252 prints them.
SHOWN = (
    "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nStateChangeTimestampMonotonic=905712345\n"
    "InactiveExitTimestampMonotonic=905600000\nNeedDaemonReload=no\n"
)
MISSING = (
    "LoadState=not-found\nActiveState=inactive\nUnitFileState=\nStateChangeTimestampMonotonic=0\n"
    "InactiveExitTimestampMonotonic=0\nNeedDaemonReload=no\n"
)
RUNS = Unit.of("pgha-agent.service", SHOWN)


def test_a_unit_that_runs() -> None:
    assert Unit(loaded=True, active=True, enabled=True, outdated=False, started=905.6, moved=905.712345) == RUNS
    assert steps_of(RUNS, [], RESTARTED) == []


@pytest.mark.parametrize("state", ["reloading", "refreshing"])
def test_one_that_is_just_reloading_runs(state: str) -> None:
    assert Unit.of("x", SHOWN.replace("ActiveState=active", f"ActiveState={state}")).active


@pytest.mark.parametrize("state", ["inactive", "failed", "activating"])
def test_one_that_does_not_run_is_started_and_has_no_need_of_more(state: str) -> None:
    unit = Unit.of("x", SHOWN.replace("ActiveState=active", f"ActiveState={state}"))
    assert steps_of(unit, ["/etc/x"], RESTARTED) == ["daemon-reload", "start"]
    assert steps_of(unit, ["/etc/x"], RELOADED) == ["daemon-reload", "start"]


def test_what_it_has_not_read_is_read_by_a_restart_or_by_a_reload() -> None:
    assert steps_of(RUNS, ["/etc/x"], RESTARTED) == ["restart"]
    assert steps_of(RUNS, ["/etc/x"], RELOADED) == ["reload"]


def test_a_unit_that_systemd_does_not_know_yet() -> None:
    assert steps_of(Unit.of("x", MISSING), [], RESTARTED) == ["daemon-reload", "enable", "start"]


def test_systemd_reads_the_changed_file_of_a_unit_first() -> None:
    unit = Unit.of("x", SHOWN.replace("NeedDaemonReload=no", "NeedDaemonReload=yes"))
    assert steps_of(unit, ["/etc/x"], RESTARTED) == ["daemon-reload", "restart"]
    # A drop-in that only says what happens at its end.
    assert steps_of(unit, [], RESTARTED) == ["daemon-reload"]


def test_a_unit_that_does_not_start_at_boot() -> None:
    assert steps_of(Unit.of("x", SHOWN.replace("=enabled", "=disabled")), [], RESTARTED) == ["enable"]


def test_something_else_than_properties_is_refused() -> None:
    with pytest.raises(ParseError, match="Not the properties of a unit"):
        Unit.of("x", "Failed to connect to bus\n")


def test_the_time_at_which_a_file_came_counts_and_not_the_one_that_it_carries(tmp_path: Path) -> None:
    before = time.monotonic()
    unpacked, old = tmp_path / "unpacked", tmp_path / "old"
    _wait_for_the_clock(tmp_path)
    for path in (unpacked, old):
        path.write_text("")
    os.utime(unpacked, (0, 0))
    assert newer_than(before, [str(unpacked), str(old), str(tmp_path / "none")]) == [str(unpacked), str(old)]
    _wait_for_the_clock(tmp_path)
    after = time.monotonic()
    assert newer_than(after, [str(unpacked), str(old)]) == []


def test_a_directory_is_as_new_as_its_newest_file_and_what_python_compiles_is_none(tmp_path: Path) -> None:
    (tmp_path / "agent" / "__pycache__").mkdir(parents=True)
    (tmp_path / "agent" / "desk.py").write_text("")
    _wait_for_the_clock(tmp_path / "agent")
    started = time.monotonic()
    _wait_for_the_clock(tmp_path / "agent")
    (tmp_path / "agent" / "__pycache__" / "desk.cpython-311.pyc").write_text("")
    assert newer_than(started, [str(tmp_path)]) == []
    (tmp_path / "agent" / "desk.py").write_text("new")
    assert newer_than(started, [str(tmp_path)]) == [str(tmp_path)]


def test_a_file_from_the_future_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started = time.monotonic() - 7200
    (tmp_path / "x").write_text("")
    now = time.time()
    assert newer_than(started, [str(tmp_path)]) == [str(tmp_path)]
    # Somebody has set the clock back by an hour since.
    monkeypatch.setattr(time, "time", lambda: now - 3600)
    assert newer_than(started, [str(tmp_path)]) == []


def _wait_for_the_clock(directory: Path) -> None:
    """Wait until the file system's clock, which goes in steps of some milliseconds, has made one."""
    probe = directory / "__pycache__" / "probe"
    probe.parent.mkdir(exist_ok=True)
    began = time.time_ns()
    while True:
        probe.write_text("")
        if probe.stat().st_ctime_ns > began:
            return
