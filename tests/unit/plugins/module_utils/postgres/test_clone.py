# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clone is checked before it is put in place, and what was there is moved aside, wherever it is interrupted."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import clone as subject
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import gateway, info
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.clone import CloneOptions, argv, clone, drop_older

OPTIONS = CloneOptions(
    connection={"host": "10.0.1.100", "user": "pgha_replication", "sslmode": "verify-ca"},
    slot="pgha_n2",
    checkpoint="fast",
    max_rate=0,
    tablespace_mapping={},
    timeout=30,
)
COPY = """#!/bin/sh
for word in "$@"; do case "$word" in --pgdata=*) place="${word#--pgdata=}";; esac; done
mkdir -p "$place/global" && echo new > "$place/global/pg_control" && echo "100%" >&2
"""


class Verify:
    """Stands for pg_verifybackup."""

    def __init__(self, rc: int = 0) -> None:
        self.rc = rc

    def __call__(
        self, argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        return Completed(self.rc, "", "checksum mismatch")


@pytest.fixture
def binaries(tmp_path: Path) -> Path:
    directory = tmp_path / "bin"
    directory.mkdir()
    (directory / "pg_basebackup").write_text(COPY)
    (directory / "pg_basebackup").chmod(0o755)
    return directory


@pytest.fixture
def data(tmp_path: Path) -> Path:
    directory = tmp_path / "main"
    (directory / "global").mkdir(parents=True)
    (directory / "global" / "pg_control").write_text("old\n")
    return directory


def content(directory: Path) -> str:
    return (directory / "global" / "pg_control").read_text().strip()


def test_the_call_holds_slot_checkpoint_and_no_secret() -> None:
    call = argv(OPTIONS, Path("/usr/lib/postgresql/15/bin"), Path("/data/main.pgha-clone"))
    assert call[0] == "/usr/lib/postgresql/15/bin/pg_basebackup"
    assert "--slot=pgha_n2" in call
    assert "--checkpoint=fast" in call
    assert "--wal-method=stream" in call
    assert "--no-password" in call
    assert not [word for word in call if "password=" in word]


def test_a_clone_replaces_and_keeps_what_was_there(data: Path, binaries: Path) -> None:
    done = clone(data, binaries, OPTIONS, "20260102T030405Z", Verify())
    assert content(data) == "new"
    assert (data / "standby.signal").exists()
    assert content(Path(done["moved_aside"])) == "old"
    assert "100%" in Path(done["progress_file"]).read_text()


@pytest.mark.parametrize("bare", [True, False])
def test_where_nothing_was_nothing_is_kept(tmp_path: Path, binaries: Path, bare: bool) -> None:
    data = tmp_path / "main"
    if bare:
        data.mkdir()
        (data / "PG_VERSION").write_text("15\n")
    assert clone(data, binaries, OPTIONS, "x", Verify())["moved_aside"] == ""
    assert content(data) == "new"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["bin", "main", "main.pgha-progress"]


def test_a_damaged_clone_replaces_nothing(data: Path, binaries: Path) -> None:
    with pytest.raises(PghaError, match="damaged"):
        clone(data, binaries, OPTIONS, "x", Verify(1))
    assert content(data) == "old"


def test_a_copy_that_fails_replaces_nothing_and_says_why(data: Path, binaries: Path) -> None:
    (binaries / "pg_basebackup").write_text("#!/bin/sh\necho 'no space left on device' >&2\nexit 1\n")
    with pytest.raises(PghaError) as failure:
        clone(data, binaries, OPTIONS, "x", Verify())
    assert "no space left" in failure.value.as_result()["msg"]
    assert content(data) == "old"


@pytest.mark.parametrize("step", ["_copy", "_verify", "_exchange"])
def test_interrupted_at_any_step_the_next_run_completes(
    data: Path, binaries: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(subject, step, interrupted)
        with pytest.raises(KeyboardInterrupt):
            clone(data, binaries, OPTIONS, "1", Verify())
    assert content(data) == "old"
    clone(data, binaries, OPTIONS, "2", Verify())
    assert content(data) == "new"
    assert content(data.with_name("main.pgha-old-2")) == "old"


def test_interrupted_right_after_the_exchange_the_old_data_are_kept(data: Path, binaries: Path) -> None:
    # What the exchange leaves behind when nothing runs after it.
    data.rename(data.with_name("main.pgha-checked"))
    (data / "global").mkdir(parents=True)
    (data / "global" / "pg_control").write_text("in between\n")
    clone(data, binaries, OPTIONS, "3", Verify())
    assert content(data.with_name("main.pgha-old-3-interrupted")) == "old"
    assert content(data.with_name("main.pgha-old-3")) == "in between"


def test_older_ones_go_and_the_newest_stays(data: Path) -> None:
    for stamp in ("1", "2", "3"):
        data.with_name(f"main.pgha-old-{stamp}").mkdir()
    assert [Path(one).name for one in drop_older(data, 1)] == ["main.pgha-old-1", "main.pgha-old-2"]
    assert data.with_name("main.pgha-old-3").exists()


def test_a_stale_pid_file_is_no_running_server(data: Path) -> None:
    assert gateway.postmaster_pid(data) is None
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n")
    assert gateway.postmaster_pid(data) is None, "the process works elsewhere"
    (data / "postmaster.pid").write_text("nonsense\n")
    assert gateway.postmaster_pid(data) is None


def test_a_process_that_works_in_the_directory_is_one(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(data)
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n")
    assert gateway.postmaster_pid(data) == os.getpid()


def test_absent_and_stopped_servers_are_answers(tmp_path: Path, data: Path, binaries: Path) -> None:
    assert info.observe(tmp_path / "none", binaries, "/nowhere", 5432)["role"] == "none"
    found = info.observe(data, binaries, "/nowhere", 5432)
    assert (found["role"], found["running"], found["accepts_writes"]) == ("stopped", False, False)


def test_a_clone_that_has_not_run_tells_its_start(data: Path) -> None:
    assert gateway.backup_start(data) is None
    (data / "backup_label").write_text("START WAL LOCATION: 0/2000028 (file 0)\nSTART TIMELINE: 2\n")
    assert gateway.backup_start(data) is None, "a backup of somebody else's that may start as a primary"
    (data / "standby.signal").touch()
    start = gateway.backup_start(data)
    assert start is not None
    assert (start.timeline, str(start.lsn)) == (2, "0/2000028")
