# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stopped data directory as it is read: processes, WAL, leftovers and obstacles."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import files, parse
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import Backup, Control, Lsn, Position, State

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures" / "postgres"


def control_of(situation: str) -> Control:
    return parse.control((FIXTURES / "15" / f"controldata-{situation}.txt").read_text())


class Tool:
    """Stands for one of PostgreSQL's programs and remembers how it was called."""

    def __init__(self, rc: int = 0, stdout: str = "", stderr: str = "") -> None:
        self.answer = Completed(rc, stdout, stderr)
        self.calls: list[list[str]] = []

    def __call__(
        self, argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        self.calls.append(list(argv))
        return self.answer


@pytest.fixture(name="data")
def _data(tmp_path: Path) -> Path:
    directory = tmp_path / "main"
    for name in ("global", "pg_wal"):
        (directory / name).mkdir(parents=True)
    (directory / "global" / "pg_control").touch()
    (directory / "PG_VERSION").write_text("15\n")
    return directory


@pytest.fixture(name="other")
def _other(data: Path, tmp_path: Path) -> Iterator[int]:
    """A process of PostgreSQL's name that works in the directory."""
    program = tmp_path / "postgres"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([str(program), "60"], cwd=data) as process:
        yield process.pid
        process.kill()


def test_a_stale_pid_file_is_no_running_server(data: Path) -> None:
    assert files.postmaster_pid(data) is None
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n")
    assert files.postmaster_pid(data) is None, "the process works elsewhere"
    (data / "postmaster.pid").write_text("nonsense\n")
    assert files.postmaster_pid(data) is None


def test_a_process_that_works_in_the_directory_is_one(data: Path, other: int) -> None:
    (data / "postmaster.pid").write_text(f"{other}\n{data}\n")
    assert files.postmaster_pid(data) == other


def test_a_process_that_may_not_be_looked_at_counts_as_running(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> Path:
        raise PermissionError

    (data / "postmaster.pid").write_text("1\n")
    monkeypatch.setattr(Path, "readlink", refused)
    assert files.postmaster_pid(data) == 1


def test_a_server_whose_pid_file_is_gone_is_still_served(data: Path, other: int) -> None:
    assert other
    assert files.postmaster_pid(data) is None
    assert files.served(data)
    assert not files.served(data.parent)


def test_whoever_has_the_port_is_found_by_the_lock_of_its_socket(data: Path, other: int, tmp_path: Path) -> None:
    sockets = [tmp_path / "absent", tmp_path]
    assert files.holder(sockets, 5432) is None
    lock = tmp_path / ".s.PGSQL.5432.lock"
    lock.write_text(f"{other}\n{data}\n1700000000\n5432\n{tmp_path}\n")
    assert files.holder(sockets, 5432) == data
    assert files.holder(sockets, 5433) is None
    for left in (f"{os.getpid()}\n{data}\n", f"{other}\n", "nonsense\n", ""):
        lock.write_text(left)
        assert files.holder(sockets, 5432) is None, "a lock that a crash has left is nobody's"


def test_control_data_of_a_bare_or_absent_directory_are_none(data: Path, tmp_path: Path) -> None:
    (tmp_path / "pg_controldata").touch()
    tool = Tool(0, (FIXTURES / "15" / "controldata-primary.txt").read_text())
    found = files.control(data, tmp_path, tool)
    assert found is not None
    assert found.state is State.PRIMARY
    (data / "global" / "pg_control").unlink()
    assert files.control(data, tmp_path, tool) is None
    assert files.control(tmp_path / "none", tmp_path, tool) is None
    assert len(tool.calls) == 1


def test_a_clone_that_has_not_run_tells_what_it_reaches_to(data: Path) -> None:
    tail = (FIXTURES / "15" / "backup_manifest-tail.txt").read_text()
    (data / "backup_manifest").write_text('{ "Files": [\n' + '{ "Path": "x" },\n' * 5000 + tail)
    assert files.backup(data) is None, "it has run: the server removes the label"
    (data / "backup_label").touch()
    assert files.backup(data) == Backup(1, Lsn(0x3000028), Lsn(0x3000100))


def test_the_wal_that_was_received_is_read_to_its_end(data: Path) -> None:
    stopped = control_of("stopped-standby")
    for name in ("000000010000000000000003", "000000010000000000000004", "000000010000000000000006"):
        (data / "pg_wal" / name).touch()
    tool = Tool(1, "", (FIXTURES / "15" / "waldump-standby.txt").read_text())
    end = files.wal_end(data, Path("/bin"), stopped, None, tool)
    assert end == Position(1, Lsn(0x4012E98), is_end=False)
    # Up to the gap: beyond it pg_waldump waits five seconds for a file that will never come.
    assert tool.calls[0][-3:] == ["--timeline=1", f"--start={stopped.redo_lsn}", "--end=0/5000000"]
    assert files.wal_end(data, Path("/bin"), stopped, None, Tool(0)) == Position(1, Lsn(0x5000000))


def test_without_wal_files_nothing_is_claimed(data: Path) -> None:
    tool = Tool()
    assert files.wal_end(data, Path("/bin"), control_of("stopped-standby"), None, tool) is None
    assert tool.calls == []


def test_a_stopped_primary_is_known_by_its_checkpoint_alone(data: Path) -> None:
    (data / "pg_wal" / "000000010000000000000005").touch()
    assert files.wal_end(data, Path("/bin"), control_of("stopped-primary"), None, Tool()) is None


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("pg_basebackup (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n", 15),
        ("pg_basebackup (PostgreSQL) 17.6\n", 17),
        ("pg_basebackup (PostgreSQL) 18beta1\n", 18),
        ("what?\n", None),
    ],
)
def test_the_programs_tell_their_version(said: str, version: int | None) -> None:
    assert files.major_version(Path("/bin"), Tool(0, said)) == version


def test_what_could_not_be_replaced_is_named(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert files.obstacle(data) == ""
    assert "does not exist" in files.obstacle(data / "no" / "where")
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "may not write" in files.obstacle(data)
    monkeypatch.setattr(Path, "is_mount", lambda _: True)
    assert "mount point" in files.obstacle(data)


def test_a_directory_with_something_else_is_not_touched(tmp_path: Path) -> None:
    data = tmp_path / "main"
    data.mkdir()
    (data / "PG_VERSION").write_text("15\n")
    assert not files.target(data, tmp_path, Tool()).exists
    (data / "somebody's").touch()
    with pytest.raises(PghaError, match="holds no PostgreSQL data"):
        files.target(data, tmp_path, Tool())
