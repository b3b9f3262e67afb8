# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon that runs with another file than the one on disk, as Ansible finds it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.tests.support.module_process import run_module
from ansible_collections.pgha.cluster.tests.support.programs import FakePrograms


class Systemd:
    """A systemd with one unit."""

    def __init__(self, programs: FakePrograms, directory: Path) -> None:
        self._programs = programs
        self._directory = directory
        self.file = directory / "agent.json"
        self.file.write_text("{}")

    def runs(self, *, active: str = "active", started: float = 0.0, moved: float = 0.0, start: str = "active") -> None:
        """Let it be in a state, with the seconds of the monotonic clock at which it came there."""
        state = self._directory / "state"
        state.write_text(active)
        times = f"InactiveExitTimestampMonotonic={started * 1e6:.0f}\\nStateChangeTimestampMonotonic={moved * 1e6:.0f}"
        rest = "LoadState=loaded\\nUnitFileState=enabled\\nNeedDaemonReload=no"
        self._programs.add(
            "systemctl",
            f"""case "$1" in
            show) printf "{rest}\\n{times}\\nActiveState=$(cat {state})\\n";;
            start|restart) echo {start} > {state};;
            esac""",
        )

    def done(self) -> list[str]:
        """What it was asked to do."""
        return [call for call in self._programs.calls("systemctl") if not call.startswith("show")]

    def result(self, *, check_mode: bool = False, **more: str) -> dict[str, object]:
        """Run the module."""
        arguments = {"name": "pgha-agent.service", "files": [str(self.file)], **more}
        return run_module("daemon", arguments, check_mode=check_mode)


@pytest.fixture(name="systemd")
def _systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Systemd]:
    yield Systemd(FakePrograms(tmp_path / "bin", monkeypatch), tmp_path)


def test_what_runs_with_its_files_is_left_alone(systemd: Systemd) -> None:
    later = time.monotonic() + 60
    systemd.runs(started=later, moved=later)
    assert systemd.result()["changed"] is False
    assert systemd.done() == []


def test_a_file_that_came_later_is_read_and_a_check_says_so(systemd: Systemd) -> None:
    earlier = time.monotonic() - 60
    systemd.runs(started=earlier, moved=earlier)
    planned = systemd.result(check_mode=True)
    assert (planned["changed"], planned["steps"], planned["newer"]) == (True, ["restart"], [str(systemd.file)])
    assert str(systemd.file) in str(planned["diff"])
    assert systemd.done() == []
    assert systemd.result()["steps"] == ["restart"]
    assert systemd.done() == ["restart pgha-agent.service"]


def test_what_was_reloaded_since_has_read_it_and_what_was_restarted_has_not(systemd: Systemd) -> None:
    now = time.monotonic()
    systemd.runs(started=now - 60, moved=now + 60)
    assert systemd.result(on_change="reloaded")["changed"] is False
    assert systemd.result(on_change="restarted", check_mode=True)["steps"] == ["restart"]


def test_what_does_not_run_is_started(systemd: Systemd) -> None:
    systemd.runs(active="failed")
    assert systemd.result()["steps"] == ["daemon-reload", "start"]
    assert systemd.done() == ["daemon-reload", "start pgha-agent.service"]


def test_one_that_ends_right_after_its_start_is_an_error(systemd: Systemd) -> None:
    systemd.runs(active="failed", start="failed")
    result = systemd.result()
    assert result["failed"] is True
    assert "journalctl -u pgha-agent.service" in str(result["msg"])


def test_what_systemd_refuses_is_an_error(systemd: Systemd) -> None:
    systemd.runs(active="inactive", start="x; echo masked >&2; exit 1")
    assert "It said: masked" in str(systemd.result()["msg"])
