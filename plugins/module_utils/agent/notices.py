# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What VRRP says, as keepalived writes it into a named pipe (``vrrp_notify_fifo`` in keepalived.conf(5)).

A pipe keeps the order, and what nobody has read yet. Notify scripts keep neither: keepalived starts one for each change
and waits for none, so that on a busy server an older state may arrive last, and stay.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.pgha.cluster.plugins.module_utils.agent.lasting import write

FIFO = "vrrp"
LAST = "vrrp."
UNKNOWN = ""
LINE = re.compile(rb'^INSTANCE "([\w-]+)" ([A-Z]+)\b', re.MULTILINE)
CHUNK = 65536
"""What a pipe of Linux holds (pipe(7))."""
FULL = CHUNK - 4096
"""keepalived drops what does not fit, and so the last word of a pipe that was full may be an old one."""

Notice = tuple[str, str]
"""An instance and its state."""


class Notices:
    """The pipe's other end, and what was said last: keepalived says it once, and the agent may be started anew."""

    def __init__(self, run_directory: Path) -> None:
        self._directory = run_directory
        with contextlib.suppress(FileExistsError):
            os.mkfifo(run_directory / FIFO, 0o600)
        # To write as well: so it has no end when keepalived goes, and keeps what the next keepalived says.
        self.pipe = os.open(run_directory / FIFO, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def last(self) -> list[Notice]:
        """Return what was said last before this start."""
        found = []
        for path in sorted(self._directory.glob(f"{LAST}*")):
            with contextlib.suppress(OSError, ValueError):
                found.append((path.name.removeprefix(LAST), path.read_text(encoding="utf-8").strip()))
        return found

    def read(self) -> list[Notice]:
        """Return what was said since the last call, in its order. Lines are written whole, and so they are read."""
        said = b""
        with contextlib.suppress(BlockingIOError):
            while True:
                said += os.read(self.pipe, CHUNK)
        found = [(name.decode(), state.decode()) for name, state in LINE.findall(said)]
        if len(said) >= FULL:
            found = [(name, UNKNOWN) for name in dict(found)]
        return found

    def keep(self, found: Sequence[Notice]) -> None:
        """Remember it for the next start.

        :raises OSError: that cannot be written.
        """
        for name, state in dict(found).items():
            write(self._directory / f"{LAST}{name}", state + "\n")

    def close(self) -> None:
        """Read no more."""
        os.close(self.pipe)
