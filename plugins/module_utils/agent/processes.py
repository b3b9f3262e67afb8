# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes of the local PostgreSQL, as a user may see them who owns none of them.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import os
import select
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

NAMES = frozenset({"postgres", "postmaster"})


@dataclass(frozen=True)
class Postmaster:
    """The process that serves a data directory.

    :ivar started: in ticks since the kernel's boot: a number that the kernel gives again is another process.
    """

    pid: int
    started: int


def started_of(stat: str) -> int:
    """Read when a process began from ``/proc/<pid>/stat``; its name may hold blanks and brackets."""
    return int(stat.rpartition(")")[2].split()[19])


def belongs(command: str, groups: str, *, unit: str, data_directory: str) -> bool:
    """Tell whether a process named postgres is one of this server's, and not of another one on the same machine.

    :param command: its command line, with zero bytes between the words; its children wear another one.
    :param groups: its control groups; a child whose postmaster is gone is still in its unit's.
    """
    ours = any(unit in line.split("/") for line in groups.split("\n"))
    return ours or data_directory in command.split("\0") or f"--pgdata={data_directory}" in command.split("\0")


def _text(path: Path) -> str:
    # Processes come and go while they are looked at.
    with contextlib.suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace")
    return ""


class Processes:
    """Looks at the processes of one server.

    :param pid_file: the one that every user may read (``external_pid_file``).
    """

    def __init__(self, pid_file: Path, unit: str, data_directory: str, proc: Path = Path("/proc")) -> None:
        self._pid_file, self._unit, self._data_directory, self._proc = pid_file, unit, data_directory, proc

    def postmaster(self) -> Postmaster | None:
        """Return the process of the pid file; None when it does not run, for a crash leaves the file behind."""
        text = _text(self._pid_file).strip()
        return self._postgres(int(text)) if text.isdigit() else None

    def _postgres(self, pid: int) -> Postmaster | None:
        place = self._proc / str(pid)
        if _text(place / "comm").strip() not in NAMES:
            return None
        stat = _text(place / "stat")
        # A zombie has ended: nobody has taken note of it yet.
        if not stat or stat.rpartition(")")[2].split()[0] == "Z":
            return None
        if not belongs(
            _text(place / "cmdline"),
            _text(place / "cgroup"),
            unit=self._unit,
            data_directory=self._data_directory,
        ):
            return None
        return Postmaster(pid, started_of(stat))

    def running(self) -> list[int]:
        """Return every process of this server: also one that outlives its postmaster, or was started by hand."""
        numbers: Iterable[str] = (entry.name for entry in self._proc.iterdir() if entry.name.isdigit())
        return [int(number) for number in numbers if self._postgres(int(number)) is not None]


class Deathwatch:
    """Waits for something to do, and wakes at once when the postmaster ends or when it is told to."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._followed: Postmaster | None = None
        self._handle = -1

    @property
    def living(self) -> Postmaster | None:
        """The process that is watched, while it has not ended. A handle of the kernel's belongs to one process only."""
        if self._handle >= 0 and not select.select([self._handle], [], [], 0)[0]:
            return self._followed
        return None

    def follow(self, postmaster: Postmaster | None) -> None:
        """Watch this process from now on; None for nobody."""
        if postmaster == self._followed:
            return
        self._drop()
        if postmaster is not None:
            # It may have ended already; the next look tells.
            with contextlib.suppress(OSError):
                self._handle = os.pidfd_open(postmaster.pid)
                self._followed = postmaster

    def _drop(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
        self._handle, self._followed = -1, None

    def wait(self, seconds: float) -> None:
        """Wait, and not longer than that."""
        places = [self._read] + ([self._handle] if self._handle >= 0 else [])
        ready = select.select(places, [], [], seconds)[0]
        if self._read in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._read, 4096)
        if self._handle in ready:
            self._drop()

    def wake(self) -> None:
        """End the wait of another thread."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._write, b"!")

    def close(self) -> None:
        """Let go of everything."""
        self._drop()
        os.close(self._read)
        os.close(self._write)
