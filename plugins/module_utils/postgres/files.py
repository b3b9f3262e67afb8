# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a data directory says of itself without its server: files, processes and PostgreSQL's offline tools.

This module util is private to the collection.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner, run
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import parse
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import (
    Backup,
    Control,
    History,
    Lsn,
    Position,
    State,
)
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.plan import Target

MANIFEST_TAIL_BYTES = 4096


def postmaster_pid(data_directory: Path) -> int | None:
    """Return the process that serves the directory, None when none does.

    A pid file outlives a crash, and its number may belong to another program by then: the process must work in this
    directory. One that may not be looked at counts as PostgreSQL's: a running server must never be taken for stopped.
    """
    try:
        pid = int((data_directory / "postmaster.pid").read_text(encoding="ascii").split("\n", 1)[0])
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return pid if _works_in(pid, data_directory) in (True, None) else None


def _works_in(pid: int, directory: Path) -> bool | None:
    """Return whether a process works in a directory, None when that may not be seen."""
    try:
        return str(Path(f"/proc/{pid}/cwd").readlink()) == os.path.realpath(directory)
    except (FileNotFoundError, ProcessLookupError):
        return False
    except PermissionError:
        return None


def served(data_directory: Path) -> bool:
    """Return whether any process of PostgreSQL works in the directory, also one whose pid file is gone."""
    return postmaster_pid(data_directory) is not None or bool(processes(data_directory))


def processes(data_directory: Path) -> list[int]:
    """Return the processes of PostgreSQL that work in the directory and that this user may look at."""
    running = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in running if _works_in(pid, data_directory) and _is_postgres(pid)]


def _is_postgres(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip() in ("postgres", "postmaster")
    except (FileNotFoundError, ProcessLookupError):
        return False


def holder(directories: Sequence[Path], port: int) -> Path | None:
    """Return the data directory of the server that has a port, whoever's it is; None when nobody has it.

    :param directories: where a server's sockets may be. The lock of one outlives a crash, as a pid file does.
    """
    for directory in directories:
        try:
            pid, data = (directory / f".s.PGSQL.{port}.lock").read_text(encoding="utf-8").splitlines()[:2]
            if _works_in(int(pid), Path(data)) in (True, None):
                return Path(data)
        except (OSError, ValueError):
            # Nobody's, or not to be read by this user.
            continue
    return None


def major_version(bin_directory: Path, runner: Runner = run) -> int | None:
    """Return the major version of the programs, None when they do not say."""
    done = runner([str(bin_directory / "pg_basebackup"), "--version"], timeout=20)
    found = re.search(r" (\d+)[.\w]*(?: \(.*\))?\s*$", done.stdout)
    return int(found.group(1)) if done.rc == 0 and found else None


def has_data(data_directory: Path) -> bool:
    """Tell whether there is a cluster's data; PG_VERSION alone is the bare directory that the role places."""
    return (data_directory / "global" / "pg_control").exists()


def data_version(data_directory: Path) -> int | None:
    """Return the major version that the data belongs to, None without data."""
    try:
        return int((data_directory / "PG_VERSION").read_text(encoding="ascii").split(".")[0])
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def control(data_directory: Path, bin_directory: Path, runner: Runner = run) -> Control | None:
    """Read the control data; None where there is no data directory, no PostgreSQL yet, or nothing that can be read."""
    tool = bin_directory / "pg_controldata"
    if not has_data(data_directory) or not tool.exists():
        return None
    done = runner([str(tool), "-D", str(data_directory)], timeout=20)
    if done.rc != 0:
        return None
    return parse.control(done.stdout)


def backup(data_directory: Path) -> Backup | None:
    """Return what a clone that has not run yet reaches to; None for a directory that has run.

    The server removes the label when it has replayed the clone's own WAL.
    """
    manifest = data_directory / "backup_manifest"
    if not (data_directory / "backup_label").exists() or not manifest.exists():
        return None
    with manifest.open("rb") as opened:
        # The list of files before it has a line for every file of the database.
        opened.seek(max(0, manifest.stat().st_size - MANIFEST_TAIL_BYTES))
        return parse.backup(opened.read().decode("utf-8", errors="replace"))


def wal_end(
    data_directory: Path, bin_directory: Path, found: Control, label: Backup | None, runner: Runner = run
) -> Position | None:
    """Return where the WAL in a stopped standby's directory ends; None when it cannot be told.

    What a standby received and did not replay stands in no control data, and it is replayed at the next start.
    """
    if label is not None:
        timeline, start = label.timeline, label.start
    elif found.state in (State.STANDBY, State.STANDBY_STOPPED):
        timeline, start = found.min_recovery_timeline or found.timeline, found.redo_lsn
        if timeline != found.timeline:
            start = found.min_recovery_end
    else:
        return None
    # Told where the files end, pg_waldump does not wait five seconds for one more to appear.
    present = _unbroken(data_directory / "pg_wal", timeline, start, found.segment_bytes)
    if not start < present:
        return None
    call = [str(bin_directory / "pg_waldump"), "--quiet", f"--path={data_directory / 'pg_wal'}"]
    done = runner([*call, f"--timeline={timeline}", f"--start={start}", f"--end={present}"], timeout=600)
    return Position(timeline, present) if done.rc == 0 else parse.wal_end(timeline, done.stderr)


def _unbroken(directory: Path, timeline: int, start: Lsn, segment_bytes: int) -> Lsn:
    """Return where the row of WAL files ends that holds a place."""
    place = start.segment_start(segment_bytes)
    while (directory / f"{timeline:08X}{place.file_name(segment_bytes)}").exists():
        place = Lsn(place.value + segment_bytes)
    return place


def obstacle(data_directory: Path) -> str:
    """Return why the directory could not be replaced by one beside it, empty when it can."""
    parent = data_directory.parent
    if data_directory.is_mount():
        return f"{data_directory} is a mount point and cannot be moved aside; mount the disk at {parent}"
    if not parent.is_dir():
        return f"{parent} does not exist"
    if not os.access(parent, os.W_OK | os.X_OK):
        return f"the user that this runs as may not write to {parent}"
    return ""


def beside(data_directory: Path, what: str) -> Path:
    """Return a name beside the data directory."""
    return data_directory.with_name(f"{data_directory.name}.pgha-{what}")


def bare(directory: Path) -> bool:
    """Tell whether there is nothing to keep: no directory, or the bare one with PG_VERSION that the role places."""
    return not directory.exists() or {one.name for one in directory.iterdir()} <= {"PG_VERSION"}


def record(data_directory: Path) -> dict[str, Any]:
    """Return what the last clone into this place is, nothing when there was none."""
    path = beside(data_directory, "clone.json")
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def in_service(data_directory: Path) -> bool:
    """Tell whether the last clone is what stands in the place: a directory keeps its number when it is moved."""
    return data_directory.exists() and data_directory.stat().st_ino == record(data_directory).get("inode")


def half_rewound(data_directory: Path) -> bool:
    """Tell whether a pg_rewind of this very directory has begun and not come to its end."""
    path = beside(data_directory, "rewind.json")
    if not path.exists() or not data_directory.exists():
        return False
    return bool(json.loads(path.read_text(encoding="utf-8")).get("inode") == data_directory.stat().st_ino)


def history(data_directory: Path, timeline: int) -> History | None:
    """Return the past of a timeline as it is written in a data directory; None where it is not."""
    path = data_directory / "pg_wal" / f"{timeline:08X}.history"
    return parse.history(timeline, path.read_text(encoding="utf-8")) if path.exists() else None


def target(data_directory: Path, bin_directory: Path, runner: Runner = run) -> Target:
    """Observe the data directory that is to follow."""
    exists = has_data(data_directory)
    if not exists and not bare(data_directory):
        raise PghaError(
            f"{data_directory} is not empty, and holds no PostgreSQL data.",
            next_step="see what is in it and move it away by hand",
        )
    running = served(data_directory)
    found, label = control(data_directory, bin_directory, runner), backup(data_directory)
    parent = data_directory.parent
    room = os.statvfs(parent) if parent.is_dir() else None
    return Target(
        exists=exists,
        running=running,
        control=found,
        backup=label,
        wal_end=wal_end(data_directory, bin_directory, found, label, runner) if found and not running else None,
        history=history(data_directory, found.timeline) if found else None,
        half_rewound=half_rewound(data_directory),
        signal=(data_directory / "standby.signal").exists(),
        unfinished=in_service(data_directory) and not record(data_directory).get("in_place", True),
        obstacle=obstacle(data_directory),
        free_bytes=room.f_bavail * room.f_frsize if room else None,
        programs=major_version(bin_directory, runner),
    )
