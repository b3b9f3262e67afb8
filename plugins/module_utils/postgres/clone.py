# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloning a primary into a place beside the data directory, and putting it in place once it is checked.

Everything this file makes or moves has a name that begins with the data directory's own, so that the next run after an
interruption knows what is its own:

- ``<data>.pgha-clone``: a clone under way. Never in service; the next run removes it.
- ``<data>.pgha-checked``: a checked clone right before it is exchanged with the data directory, and right after it what
  was there. The next run keeps it like anything that was moved aside.
- ``<data>.pgha-old-<UTC time>``: what was in service before. Moved aside, never removed by a clone that is not checked.

This module util is private to the collection.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner, run


@dataclass(frozen=True)
class CloneOptions:
    """How to clone.

    :ivar connection: keyword parameters of a libpq connection string, without secrets.
    :ivar slot: a physical slot that keeps the WAL from the first byte on; it is made when it is missing.
    :ivar max_rate: kilobytes a second, 0 without limit.
    :ivar timeout: seconds for the whole copy.
    """

    connection: dict[str, Any]
    slot: str
    checkpoint: str
    max_rate: int
    tablespace_mapping: dict[str, str]
    timeout: float


def beside(data_directory: Path, what: str) -> Path:
    """Return a name beside the data directory."""
    return data_directory.with_name(f"{data_directory.name}.pgha-{what}")


def argv(options: CloneOptions, bin_directory: Path, place: Path) -> list[str]:
    """Return the call of pg_basebackup."""
    conninfo = " ".join(f"{key}={value}" for key, value in sorted(options.connection.items()))
    call = [
        str(bin_directory / "pg_basebackup"),
        f"--pgdata={place}",
        f"--dbname={conninfo}",
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
    call.extend(f"--tablespace-mapping={old}={new}" for old, new in sorted(options.tablespace_mapping.items()))
    return call


def _copy(call: list[str], progress: Path, timeout: float) -> None:
    """Run the copy; its progress goes to a file that a person can follow while it runs."""
    with progress.open("w", encoding="utf-8") as sink:
        try:
            done = subprocess.run(
                call, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, timeout=timeout, check=False,
                env={**os.environ, "LC_ALL": "C"},
            )  # fmt: skip
        except subprocess.TimeoutExpired as late:
            raise PghaError(f"The copy took longer than {timeout:g} seconds.", ran=call) from late
    if done.returncode != 0:
        raise PghaError(
            "The copy failed.",
            ran=call,
            said="\n".join(progress.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]),
            next_step="mend what it says and run this again; nothing was replaced",
        )


def _verify(bin_directory: Path, place: Path, timeout: float, runner: Runner) -> None:
    call = [str(bin_directory / "pg_verifybackup"), "--exit-on-error", str(place)]
    done = runner(call, timeout=timeout)
    if done.rc != 0:
        raise PghaError("The copy is damaged and was not put in place.", ran=call, said=done.stderr or done.stdout)


def _exchange(one: Path, other: Path) -> None:
    """Swap two directories in one step (renameat2(2), RENAME_EXCHANGE).

    Two renames would leave a moment without any data directory, and a crash in it a server without one. The resource
    agent of Debian 13 cannot even be stopped there, so that the cluster fences such a server again and again.
    """
    here, exchange = -100, 2
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(here, os.fsencode(one), here, os.fsencode(other), exchange) != 0:
        number = ctypes.get_errno()
        raise PghaError(
            f"{one} and {other} could not be exchanged.",
            said=os.strerror(number),
            next_step="keep the data directory on a file system that can do it, such as ext4, xfs or btrfs, and let it "
            "not be a mount point itself",
        )


def _is_empty(data_directory: Path) -> bool:
    """Tell whether there is nothing to keep: no directory, or the bare one with PG_VERSION that the role places."""
    return not data_directory.exists() or {one.name for one in data_directory.iterdir()} <= {"PG_VERSION"}


def clone(
    data_directory: Path, bin_directory: Path, options: CloneOptions, stamp: str, runner: Runner = run
) -> dict[str, Any]:
    """Clone, check, and only then replace.

    :param stamp: the time, for the name of what is moved aside.
    :returns: where the old data went, and where the progress was written.
    """
    place, checked = beside(data_directory, "clone"), beside(data_directory, "checked")
    progress = beside(data_directory, "progress")
    if place.exists():
        shutil.rmtree(place)
    if checked.exists():
        # An interrupted run left either its clone here, or, after the exchange, what was in service before: keep it.
        checked.rename(beside(data_directory, f"old-{stamp}-interrupted"))
    _copy(argv(options, bin_directory, place), progress, options.timeout)
    _verify(bin_directory, place, options.timeout, runner)
    # S2: whoever starts this directory by hand gets a standby and no second primary.
    (place / "standby.signal").touch(mode=0o600)
    place.rename(checked)
    if not data_directory.exists():
        checked.rename(data_directory)
        return {"moved_aside": "", "progress_file": str(progress)}
    bare = _is_empty(data_directory)
    _exchange(checked, data_directory)
    # From here on the clone is in service and `checked` is what was there before.
    if bare:
        shutil.rmtree(checked)
        return {"moved_aside": "", "progress_file": str(progress)}
    old = beside(data_directory, f"old-{stamp}")
    checked.rename(old)
    return {"moved_aside": str(old), "progress_file": str(progress)}


def drop_older(data_directory: Path, keep: int) -> list[str]:
    """Remove what was moved aside earlier, all but the newest; only called after a checked clone is in place (S4)."""
    moved = sorted(data_directory.parent.glob(f"{data_directory.name}.pgha-old-*"))
    dropped = moved[: max(len(moved) - keep, 0)]
    for directory in dropped:
        shutil.rmtree(directory)
    return [str(directory) for directory in dropped]
