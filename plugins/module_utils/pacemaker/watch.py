# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells pacemaker of PostgreSQL's death in the moment of it.

The cluster asks its resource agent every few seconds whether PostgreSQL lives, and each question starts dozens of
programs: asked more often it costs more than it gains. The kernel knows at once. This program waits for the death of
the postmaster, and reports one that was no orderly stop as a failure of the resource: pacemaker then does what it does
after a failed monitor. It decides nothing, and without it the monitor finds the same a moment later.

The role stack_pacemaker places this file on the servers as it is: it needs nothing but Python's standard library.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

LOG = logging.getLogger("pgha-watch")
"""The standard error of a service is the journal."""
LOOK_SECONDS = 0.5
REPORT_SECONDS = 30
USAGE = "usage: pgha-watch DATA_DIRECTORY RESOURCE SERVER"


def owner_of(lock: str) -> int | None:
    """Return the process that a ``postmaster.pid`` names in its first line, None when it names none."""
    first = lock.split("\n", 1)[0].strip()
    # A standalone backend enters itself with a minus: nobody's server.
    return int(first) if first.isdigit() and int(first) > 0 else None


class Watch:
    """Follows the postmaster of one data directory, whichever process that is at the moment.

    :param report: called with the number of a postmaster that died and was not stopped.
    """

    def __init__(self, directory: Path, report: Callable[[int], None], proc: Path = Path("/proc")) -> None:
        self._directory, self._report, self._proc = directory, report, proc

    def _owner(self) -> int | None:
        try:
            return owner_of((self._directory / "postmaster.pid").read_text(encoding="ascii", errors="replace"))
        except OSError:
            return None

    def _serves(self, pid: int) -> bool:
        """Tell whether a process works in the directory: a lock outlives a power cut, and its number is given anew."""
        try:
            return str((self._proc / str(pid) / "cwd").readlink()) == os.path.realpath(self._directory)
        except OSError:
            return False

    def once(self) -> bool:
        """Wait for the end of the postmaster that runs now, and judge it; False when none runs."""
        pid = self._owner()
        if pid is None:
            return False
        try:
            handle = os.pidfd_open(pid)
        except OSError:
            return False
        try:
            # After the handle is open: from here on it belongs to this process and to no later one of its number.
            if not self._serves(pid):
                return False
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            poll.poll()
        finally:
            os.close(handle)
        # Every orderly stop, an immediate one too, takes the lock away before the process ends.
        if self._owner() == pid:
            self._report(pid)
        return True

    def run(self) -> None:
        """Watch until somebody ends this process."""
        while True:
            if not self.once():
                time.sleep(LOOK_SECONDS)


def failed(resource: str, server: str) -> list[str]:
    """Return the command that reports a failure of a resource on a server."""
    return ["crm_resource", "--fail", "--resource", resource, "--node", server]


def reporter(resource: str, server: str) -> Callable[[int], None]:
    """Return what tells pacemaker; the journal gets what could not be told."""

    def report(pid: int) -> None:
        LOG.warning("PostgreSQL (process %d) died on %s: reporting %s as failed", pid, server, resource)
        # A cluster manager that is down starts with a look at every resource.
        with contextlib.suppress(subprocess.TimeoutExpired):
            done = subprocess.run(
                failed(resource, server), check=False, capture_output=True, text=True, timeout=REPORT_SECONDS
            )
            LOG.warning("%s", (done.stdout + done.stderr).strip() if done.returncode else "pacemaker has been told")

    return report


def main(arguments: Sequence[str]) -> int:
    """Run; the exit status is 2 for arguments that are not understood."""
    logging.basicConfig(format="%(message)s")
    if len(arguments) != 3:
        LOG.error(USAGE)
        return 2
    directory, resource, server = arguments
    Watch(Path(directory), reporter(resource, server)).run()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
