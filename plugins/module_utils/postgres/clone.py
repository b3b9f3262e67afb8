# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copying a primary into a place beside the data directory, and checking the copy. Nothing in service is touched here.

Names beside the data directory, all of them begin with its own so that the next run knows what is its own:

- ``<data>.pgha-clone``: a copy under way. Never in service; the next run removes it.
- ``<data>.pgha-checked``: a copy that is checked and on the disk, right before it is exchanged with the data directory,
  and right after it what was there.
- ``<data>.pgha-clone.json``: what the checked copy is, with its directory's number: which of the two is which.
- ``<data>.pgha-progress``: what pg_basebackup says while it runs. Whoever clones holds a lock on it.

Tablespaces are copied to ``<their directory>/pgha-clone``, where PostgreSQL does not look.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner, run
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import parse
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.files import backup, beside, record

TABLESPACE_COPY = "pgha-clone"
STOP_SECONDS = 10


@dataclass(frozen=True)
class CloneOptions:
    """How to clone.

    :ivar connection: keyword parameters of a libpq connection string, without the password.
    :ivar slot: a physical slot that keeps the WAL from the first byte on, empty for none.
    :ivar max_rate: kilobytes a second, 0 without limit.
    :ivar tablespaces: directory of a tablespace on the primary to the directory that it gets here.
    :ivar timeout: seconds for the whole copy.
    """

    connection: Mapping[str, Any]
    slot: str
    checkpoint: str
    max_rate: int
    tablespaces: Mapping[str, str]
    timeout: float
    password: str | None = field(default=None, repr=False)


def _quoted(value: Any) -> str:
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"


def conninfo(parameters: Mapping[str, Any]) -> str:
    """Return a libpq connection string."""
    return " ".join(f"{key}={_quoted(value)}" for key, value in sorted(parameters.items()))


def argv(options: CloneOptions, bin_directory: Path, place: Path) -> list[str]:
    """Return the call of pg_basebackup."""
    # The name keeps a copy from being taken for the standby of that server: see the plan's refusal of "*".
    parameters = {**options.connection, "application_name": "pgha_clone"}
    call = [
        str(bin_directory / "pg_basebackup"),
        f"--pgdata={place}",
        f"--dbname={conninfo(parameters)}",
        "--wal-method=stream",
        f"--checkpoint={options.checkpoint}",
        "--no-password",
        "--progress",
        "--verbose",
    ]
    if options.slot:
        call.append(f"--slot={options.slot}")
    if options.max_rate:
        call.append(f"--max-rate={options.max_rate}k")
    for old, new in sorted(options.tablespaces.items()):
        left, right = (path.replace("=", "\\=") for path in (old, f"{new}/{TABLESPACE_COPY}"))
        call.append(f"--tablespace-mapping={left}={right}")
    return call


@contextlib.contextmanager
def claimed(data_directory: Path) -> Iterator[TextIO]:
    """Hold the right to clone into this place, and the file that the progress goes to.

    pg_basebackup inherits the lock: a module that was killed leaves a copy that still runs, and a second one beside it
    would remove what the first is writing.
    """
    path = beside(data_directory, "progress")
    with path.open("a+", encoding="utf-8", errors="replace") as progress:
        try:
            fcntl.flock(progress, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PghaError(
                "Another clone into this place is under way.",
                said="".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-1:]),
                next_step=f"follow {path} until it ends, or end that pg_basebackup; then run this again",
            ) from None
        yield progress


def follow(call: list[str], password: str | None, timeout: float, progress: TextIO) -> None:
    """Run a long copy; its progress goes to a file that a person can follow while it runs."""
    progress.truncate(0)
    environment = {**os.environ, "LC_ALL": "C"}
    if password is not None:
        environment["PGPASSWORD"] = password
    try:
        copy = subprocess.Popen(call, stdin=subprocess.DEVNULL, stdout=progress, stderr=progress, env=environment)
    except FileNotFoundError as missing:
        raise PghaError(f"{call[0]} is not installed.", ran=call) from missing
    try:
        status = copy.wait(timeout)
    except subprocess.TimeoutExpired as late:
        raise PghaError(f"The copy took longer than {timeout:g} seconds.", ran=call) from late
    finally:
        _end(copy)
    if status != 0:
        progress.seek(0)
        raise PghaError(
            "The copy failed; nothing was replaced.",
            ran=call,
            said="\n".join(progress.read().splitlines()[-5:]),
            next_step="mend what it says and run this again",
        )


def _end(copy: subprocess.Popen[bytes]) -> None:
    if copy.poll() is None:
        # It removes what it has written when it is asked to stop.
        copy.terminate()
        try:
            copy.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            copy.kill()
            copy.wait()


def _verify(bin_directory: Path, place: Path, timeout: float, runner: Runner) -> None:
    """Compare every file with the manifest, and read the WAL that the copy needs to its end."""
    call = [str(bin_directory / "pg_verifybackup"), "--exit-on-error", str(place)]
    done = runner(call, timeout=timeout)
    if done.rc != 0:
        raise PghaError(
            "The copy is damaged and was not put in place.",
            ran=call,
            said=done.stderr or done.stdout,
            next_step="check the disks and the network of both servers, then run this again",
        )


def sync(path: Path) -> None:
    """Bring a file's content, or a directory's names, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def links(data_directory: Path) -> dict[Path, Path]:
    """Return the links to tablespaces that stand in a data directory."""
    place = data_directory / "pg_tblspc"
    if not place.is_dir():
        return {}
    return {link: link.readlink() for link in sorted(place.iterdir()) if link.is_symlink()}


def left_over(data_directory: Path) -> bool:
    """Return whether an interrupted run left a copy, as large as the database is."""
    return any(beside(data_directory, name).exists() for name in ("clone", "checked"))


def sweep(data_directory: Path, tablespaces: Mapping[str, str], stamp: str) -> None:
    """Remove what interrupted runs left, so that half a copy is never taken for a whole one."""
    place, checked = beside(data_directory, "clone"), beside(data_directory, "checked")
    own = checked.exists() and checked.stat().st_ino == record(data_directory).get("inode")
    if checked.exists() and not own:
        # Not provably a copy of ours: it may be what was in service (S4).
        checked.rename(beside(data_directory, f"old-{stamp}-interrupted"))
    left = {Path(directory) / TABLESPACE_COPY for directory in tablespaces.values()}
    for copy in (place, checked):
        left.update(target for target in links(copy).values() if target.name == TABLESPACE_COPY)
        left.add(copy)
    for directory in left - set(links(data_directory).values()):
        if directory.exists():
            shutil.rmtree(directory)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    sync(fresh)
    fresh.replace(path)
    sync(path.parent)


def clone(
    data_directory: Path,
    bin_directory: Path,
    options: CloneOptions,
    origin: Mapping[str, str],
    progress: TextIO,
    *,
    runner: Runner = run,
) -> int:
    """Copy and check, so that ``<data>.pgha-checked`` stands ready; return how many bytes came.

    :param origin: whose copy it is, and when: ``stamp`` goes into the name of what is moved aside later.
    """
    place = beside(data_directory, "clone")
    sweep(data_directory, options.tablespaces, origin["stamp"])
    try:
        follow(argv(options, bin_directory, place), options.password, options.timeout, progress)
        _verify(bin_directory, place, options.timeout, runner)
    except PghaError:
        # The disk may be full of it.
        sweep(data_directory, options.tablespaces, origin["stamp"])
        raise
    # S2: whoever starts this directory by hand gets a standby and no second primary.
    signal = place / "standby.signal"
    signal.touch(mode=0o600)
    sync(signal)
    sync(place)
    label = backup(place)
    wal = {"timeline": label.timeline, "start": str(label.start), "end": str(label.end)} if label else {}
    known = {**origin, "wal": wal, "inode": place.stat().st_ino, "in_place": False}
    write_json(beside(data_directory, "clone.json"), known)
    place.rename(beside(data_directory, "checked"))
    sync(data_directory.parent)
    progress.seek(0)
    return parse.copied_bytes(progress.read())
