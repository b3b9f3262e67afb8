# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restarts a server that was barred from its disk, because nobody has cut its power.

A server that lost its power has lost everything. One that lost its key goes on: it has the address that clients use,
and PostgreSQL's memory, while another server has both, too. Pacemaker takes a server down that hears of its own
fencing. This program is for one that hears nothing, or comes to itself later: it asks the disk.

Only a disk that answers is believed: a reservation is in force, and this server's key is gone. No answer is no proof,
for a storage that is away for a minute must not restart all servers; a disk without any reservation bars nobody.

The role fencing places this file on the servers as it is: it needs only Python's standard library, and sg_persist.

This module util is private to the collection.
"""

from __future__ import annotations

import logging
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

LOG = logging.getLogger("pgha-disk-watch")
"""The standard error of a service is the journal."""
LOOK_SECONDS = 5.0
ANSWER_SECONDS = 20.0
# A server that lets itself in again takes its old key away for a moment.
LOOKS = 2
USAGE = "usage: pgha-disk-watch DISK KEY"
# Gone after a boot, as the danger is: until it has its key again, the server has nothing of the disk in its memory.
MARK = Path("/run/pgha-disk-watch")
SYSRQ = Path("/proc/sysrq-trigger")


@dataclass(frozen=True)
class Registrations:
    """What a disk says of who may write to it.

    :ivar holder: whose reservation is in force, empty for none.
    """

    keys: frozenset[str]
    holder: str


def registrations(keys: str, reservation: str) -> Registrations:
    """Read what ``sg_persist`` says of the keys and of the reservation."""
    holder = re.search(r"\bKey=0x([0-9a-f]+)\b", reservation)
    listed = re.findall(r"^\s+0x([0-9a-f]+)\s*$", keys, re.MULTILINE)
    return Registrations(frozenset(listed), holder.group(1) if holder else "")


def is_barred(said: Registrations | None, key: str) -> bool:
    """Tell whether a disk has said that a server may not write to it; None is no answer."""
    return said is not None and key not in said.keys and said.holder not in ("", key)


def read_argv(disk: str, what: str) -> list[str]:
    """Return the command that asks a disk. Opened for reading: udev would examine it anew each time otherwise."""
    return ["sg_persist", "--no-inquiry", "--in", "--readonly", f"--read-{what}", disk]


def ask(disk: str) -> Registrations | None:
    """Ask a disk; None when it does not answer."""
    said = []
    for what in ("keys", "reservation"):
        try:
            done = subprocess.run(
                read_argv(disk, what), capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        if done.returncode != 0:
            return None
        said.append(done.stdout)
    return registrations(*said)


def restart() -> None:
    """Restart at once: an orderly stop would wait for a disk that takes nothing."""
    SYSRQ.write_text("b", encoding="ascii")


class Watch:
    """Follows a server's own key on a disk.

    :param say: asks the disk.
    :param down: takes the server down.
    :param mark: the file by which it knows that the server has had its key since it booted.
    """

    def __init__(
        self, key: str, say: Callable[[], Registrations | None], down: Callable[[], None], mark: Path = MARK
    ) -> None:
        self._key, self._say, self._down, self._mark = key, say, down, mark
        self._seen = 0

    def once(self) -> None:
        """Look once."""
        said = self._say()
        if said is not None and self._key in said.keys:
            self._mark.touch()
        if not (is_barred(said, self._key) and self._mark.exists()):
            self._seen = 0
            return
        self._seen += 1
        LOG.warning("the disk has no key of this server any more (%d of %d looks)", self._seen, LOOKS)
        if self._seen >= LOOKS:
            LOG.warning("restarting: another server has taken over")
            self._down()

    def run(self) -> None:
        """Look until somebody ends this process."""
        while True:
            self.once()
            time.sleep(LOOK_SECONDS)


def main(arguments: Sequence[str]) -> int:
    """Run; the exit status is 2 for arguments that are not understood."""
    logging.basicConfig(format="%(message)s")
    if len(arguments) != 2:
        LOG.error(USAGE)
        return 2
    disk, key = arguments
    Watch(key, lambda: ask(disk), restart).run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
