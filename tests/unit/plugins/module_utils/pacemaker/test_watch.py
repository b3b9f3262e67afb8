# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which end of a process is PostgreSQL's death. The processes are real; what they stand for is not."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.watch import Watch, failed, main, owner_of

SECONDS = 30


@pytest.mark.parametrize(
    ("lock", "owner"),
    [
        ("4711\n/var/lib/postgresql\n", 4711),
        ("4711", 4711),
        ("-4711\n/data\n", None),
        ("", None),
        ("\n", None),
        ("x", None),
    ],
)
def test_whom_a_lock_names(lock: str, owner: int | None) -> None:
    assert owner_of(lock) == owner


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "main"
    path.mkdir()
    return path


@pytest.fixture
def server(data: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that works in the data directory and has its lock, as a postmaster has."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], cwd=data)
    (data / "postmaster.pid").write_text(f"{process.pid}\n{data}\n")
    yield process
    process.kill()
    process.wait(SECONDS)


def nobody(pid: int) -> None:
    pytest.fail(f"process {pid} was reported")


class Watching(threading.Thread):
    """One look in the background, because it lasts as long as the process does."""

    def __init__(self, data: Path) -> None:
        super().__init__(daemon=True)
        self.told: list[int] = []
        self.found: bool | None = None
        self._watch = Watch(data, self.told.append)
        self.start()

    def run(self) -> None:
        self.found = self._watch.once()

    def ended(self) -> bool | None:
        self.join(SECONDS)
        assert not self.is_alive(), "it waits for a process that is gone"
        return self.found


def test_a_living_server_is_waited_for_and_its_death_reported(data: Path, server: subprocess.Popen[bytes]) -> None:
    watching = Watching(data)
    watching.join(0.5)
    assert watching.is_alive()
    server.kill()
    assert watching.ended() is True
    assert watching.told == [server.pid]


@pytest.mark.parametrize("lock", [None, "1\n", ""], ids=["taken away", "another server's", "empty"])
def test_a_server_that_stopped_in_order_is_not_reported(
    data: Path, server: subprocess.Popen[bytes], lock: str | None
) -> None:
    watching = Watching(data)
    watching.join(0.5)
    assert watching.is_alive()
    if lock is None:
        (data / "postmaster.pid").unlink()
    else:
        (data / "postmaster.pid").write_text(lock)
    server.kill()
    assert watching.ended() is True
    assert watching.told == []


def test_a_lock_that_a_power_cut_left_names_nobody(data: Path, server: subprocess.Popen[bytes]) -> None:
    """Its number may be another program's by now, whose end is nobody's business."""
    other = data.with_name("other")
    other.mkdir()
    (other / "postmaster.pid").write_text(f"{server.pid}\n")
    assert Watch(other, nobody).once() is False
    (other / "postmaster.pid").write_text("999999999\n")
    assert Watch(other, nobody).once() is False


def test_without_data_or_server_there_is_nobody_to_watch(tmp_path: Path, data: Path) -> None:
    assert Watch(data, nobody).once() is False
    assert Watch(tmp_path / "none", nobody).once() is False


def test_what_pacemaker_is_told() -> None:
    assert failed("postgresql", "n1") == ["crm_resource", "--fail", "--resource", "postgresql", "--node", "n1"]


def test_arguments_that_are_not_understood(caplog: pytest.LogCaptureFixture) -> None:
    assert main(["/data"]) == 2
    assert "usage" in caplog.text
