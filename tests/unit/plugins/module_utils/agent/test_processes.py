# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which processes are this server's PostgreSQL, and how their end is noticed."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.processes import (
    Deathwatch,
    Postmaster,
    Processes,
    belongs,
    started_of,
)

UNIT, DATA = "postgresql@15-main.service", "/var/lib/postgresql/15/main"
GROUP = f"0::/system.slice/system-postgresql.slice/{UNIT}\n"
SERVER = f"/usr/lib/postgresql/15/bin/postgres\0-D\0{DATA}\0"


@pytest.mark.parametrize(
    ("command", "groups", "ours"),
    [
        (SERVER, GROUP, True),
        (SERVER, "0::/user.slice\n", True),
        (f"postgres\0--single\0--pgdata={DATA}\0", "", True),
        ("postgres: n1: checkpointer \0", GROUP, True),
        ("postgres: n1: checkpointer \0", f"1:name=systemd:/a/{UNIT}\n0::/\n", True),
        ("postgres: n1: checkpointer \0", "0::/system.slice/postgresql@15-other.service\n", False),
        (SERVER.replace("main", "main2"), "0::/user.slice\n", False),
        ("", "", False),
    ],
)
def test_whose_a_process_is(command: str, groups: str, ours: bool) -> None:
    assert belongs(command, groups, unit=UNIT, data_directory=DATA) is ours


def test_when_a_process_began() -> None:
    fields = " ".join(str(number) for number in range(4, 53))
    assert started_of(f"77 (post) gres) S {fields}") == 22


def process(proc: Path, pid: int, *, comm: str = "postgres", state: str = "S", command: str = SERVER) -> None:
    place = proc / str(pid)
    place.mkdir(parents=True)
    (place / "comm").write_text(f"{comm}\n")
    (place / "stat").write_text(f"{pid} ({comm}) {state} " + " ".join(["1"] * 18) + f" {pid * 10} 0 0")
    (place / "cmdline").write_text(command)
    (place / "cgroup").write_text(GROUP if command == SERVER else "0::/\n")


def processes(tmp_path: Path) -> Processes:
    return Processes(tmp_path / "15-main.pid", UNIT, DATA, tmp_path / "proc")


def test_the_postmaster_is_the_living_process_of_the_pid_file(tmp_path: Path) -> None:
    process(tmp_path / "proc", 100)
    (tmp_path / "15-main.pid").write_text("100\n")
    assert processes(tmp_path).postmaster() == Postmaster(100, 1000)
    assert processes(tmp_path).running() == [100]


@pytest.mark.parametrize("change", [{"comm": "sshd"}, {"state": "Z"}, {"command": "postgres\0-D\0/other\0"}])
def test_a_pid_file_that_was_left_behind_names_nobody(tmp_path: Path, change: dict[str, str]) -> None:
    process(tmp_path / "proc", 100, **change)
    (tmp_path / "15-main.pid").write_text("100\n")
    assert processes(tmp_path).postmaster() is None
    assert processes(tmp_path).running() == []


def test_a_child_that_outlives_its_postmaster_still_runs(tmp_path: Path) -> None:
    process(tmp_path / "proc", 101)
    assert processes(tmp_path).postmaster() is None
    assert processes(tmp_path).running() == [101]


def test_no_pid_file_and_one_without_a_number(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    assert processes(tmp_path).postmaster() is None
    (tmp_path / "15-main.pid").write_text("")
    assert processes(tmp_path).postmaster() is None


def test_the_end_of_a_process_ends_the_wait() -> None:
    watched = Deathwatch()
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        watched.follow(Postmaster(sleeper.pid, 1))
        sleeper.kill()
        began = time.monotonic()
        watched.wait(30)
        assert time.monotonic() - began < 10
    # Told once, and not again and again.
    began = time.monotonic()
    watched.wait(0.1)
    assert time.monotonic() - began >= 0.09
    watched.close()


def test_a_process_lives_until_it_has_ended() -> None:
    watched = Deathwatch()
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        postmaster = Postmaster(sleeper.pid, 1)
        watched.follow(postmaster)
        found = [watched.living]
        sleeper.kill()
        # Before anybody has taken note of its end, too.
        watched.wait(10)
        assert [*found, watched.living] == [postmaster, None]
    watched.close()


def test_a_wait_can_be_ended_and_lasts_no_longer_than_asked_for() -> None:
    watched = Deathwatch()
    watched.wake()
    began = time.monotonic()
    watched.wait(30)
    assert time.monotonic() - began < 10
    watched.wait(0.01)
    watched.follow(Postmaster(2**22 + 1, 1))
    watched.follow(Postmaster(os.getpid(), 1))
    watched.follow(None)
    watched.close()
