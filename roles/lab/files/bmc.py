# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated management controller of one lab server: a process of the host, whatever happens to the server.

``bmc NAME start``    start it unless it runs; a silent one speaks again, any other one does its work again
``bmc NAME stop``     dead: its port is closed, whoever asks is told so at once
``bmc NAME hang``     silent: requests vanish, as behind a cut management cable
``bmc NAME refuse``   it answers, and refuses to switch anything
``bmc NAME lie``      it says that it has switched what it was told to, and has not
``bmc NAME resume``   end of the silence
``bmc NAME status``   on, off, silent, refusing, lying, or stale (it runs, but with an older configuration)
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Sequence

from machine import read

LAB = os.path.dirname(os.path.realpath(__file__))
DEATH_SECONDS = 10.0


def is_stopped(stat: str) -> bool:
    """Tell from the text of ``/proc/<pid>/stat`` whether a process is stopped; its name may hold anything."""
    return stat.rpartition(")")[2].split()[:1] == ["T"]


class Bmc:
    """One BMC with its files."""

    def __init__(self, name: str) -> None:
        self.directory = os.path.join(LAB, name, "bmc")
        self.pidfile = os.path.join(self.directory, "pid")
        self.configuration = os.path.join(self.directory, "lan.conf")
        # What the program "server" reads when the simulator calls it, and what it notes there.
        self.mode = os.path.join(self.directory, "mode")
        self.claimed = os.path.join(self.directory, "claimed")

    def pid(self) -> int | None:
        """Return the process that serves this BMC's configuration, None when there is none."""
        text = read(self.pidfile)
        if not text or self.configuration not in read(f"/proc/{text}/cmdline").split("\0"):
            return None
        return int(text)

    def behave(self, mode: str) -> None:
        """Let it refuse, lie, or do its work (no mode)."""
        for path in (self.mode, self.claimed):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        if mode:
            with open(self.mode, "w", encoding="utf-8") as file:
                file.write(mode)

    def start(self) -> None:
        """Start it unless it runs; it outlives whoever starts it."""
        self.behave("")
        if self.pid() is not None:
            self.send(signal.SIGCONT)
            return
        commands = os.path.join(self.directory, "commands")
        argv = ["ipmi_sim", "-n", "-c", self.configuration, "-f", commands, "-s", self.directory]
        with open(os.path.join(self.directory, "log"), "ab") as log:
            process = subprocess.Popen(
                argv, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        with open(self.pidfile, "w", encoding="utf-8") as file:
            file.write(str(process.pid))

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it, if it runs; after a deadly one it is gone."""
        pid = self.pid()
        if pid is None:
            return
        pidfd = os.pidfd_open(pid)
        signal.pidfd_send_signal(pidfd, number)
        if number == signal.SIGKILL and not select.select([pidfd], [], [], DEATH_SECONDS)[0]:
            raise TimeoutError(f"the BMC process {pid} did not die within {DEATH_SECONDS:g} seconds")

    def status(self) -> str:
        """Return on, off, silent, refusing, lying or stale."""
        pid = self.pid()
        if pid is None:
            return "off"
        if os.stat(self.configuration).st_mtime_ns > os.stat(self.pidfile).st_mtime_ns:
            return "stale"
        if is_stopped(read(f"/proc/{pid}/stat")):
            return "silent"
        return {"refuse": "refusing", "lie": "lying"}.get(read(self.mode), "on")


def main(arguments: Sequence[str]) -> int:
    """Carry out one request."""
    match list(arguments):
        case [name, "start"]:
            Bmc(name).start()
        case [name, "stop"]:
            Bmc(name).send(signal.SIGKILL)
        case [name, "hang"]:
            Bmc(name).send(signal.SIGSTOP)
        case [name, "refuse" | "lie" as mode]:
            Bmc(name).behave(mode)
        case [name, "resume"]:
            Bmc(name).send(signal.SIGCONT)
        case [name, "status"]:
            print(Bmc(name).status())
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
