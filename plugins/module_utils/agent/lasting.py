# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What outlives the agent's process, beside its record: how often it was started, a pause, and which boot this is.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError

KERNEL_BOOT = Path("/proc/sys/kernel/random/boot_id")


def write(path: Path, text: str) -> None:
    """Replace a file. A power cut leaves the old text or the new one, and the new one once this has returned."""
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    _sync(path.parent)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def next_session(directory: Path, clock: Callable[[], float] = time.time) -> int:
    """Return a number higher than at any earlier start of the agent; it is on disk when this returns.

    It begins at the seconds of the clock, for a server whose disk was replaced has to be heard as well: the other agent
    listens to nobody whose number is lower than one that it has heard. A number that was used before would let a
    recorded message of an earlier start count as a new one. So a counter that cannot be read is an error, and no reason
    to begin anew.
    """
    path = directory / "session"
    try:
        last = int(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        last = 0
    except ValueError as wrong:
        raise PghaError(
            f"The agent's counter {path} does not hold a number.",
            next_step="write a number into it that is higher than the session that status shows on the other server",
        ) from wrong
    number = max(last + 1, int(clock()))
    write(path, f"{number}\n")
    return number


def boot_name(run_directory: Path, kernel: Path = KERNEL_BOOT) -> str:
    """Return a name of this boot of this server; no other boot has it.

    The kernel's own is not enough: a system container that is started again runs on the same kernel, and has lost its
    memory all the same. What was written below ``/run`` is lost with it.
    """
    path = run_directory / "boot"
    try:
        drawn = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        drawn = uuid.uuid4().hex
        write(path, drawn + "\n")
    return f"{kernel.read_text(encoding='utf-8').strip()}/{drawn}"


class Pause:
    """An operator's request to do nothing. On disk: it holds over restarts and reboots, until it is taken back."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "paused"
        self.on = self._path.exists()

    def set(self, on: bool) -> None:
        """Begin or end it."""
        if on:
            write(self._path, "")
        else:
            with contextlib.suppress(FileNotFoundError):
                self._path.unlink()
                _sync(self._path.parent)
        self.on = on
