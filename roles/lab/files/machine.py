# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the programs of a lab share: reading the kernel's files, running other programs, a server's first process."""

from __future__ import annotations

import os
import re
import select
import subprocess


class RefusedError(Exception):
    """The request makes no sense now; the message is for a person."""


def read(*path: str) -> str:
    """Return a file's text, empty when there is none."""
    try:
        with open(os.path.join(*path), encoding="utf-8") as file:
            return file.read().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def freezer_of(cgroups: str, container_id: str) -> tuple[str, str, str]:
    """Return the file that freezes a container, and what to write there to freeze and to thaw.

    :param cgroups: the text of ``/proc/<pid>/cgroup`` of the container's first process.
    :raises RefusedError: the text names no cgroup of this container.
    """
    unified = ""
    for line in cgroups.splitlines():
        _number, controllers, path = line.split(":", 2)
        place = re.match(rf".*libpod-{container_id}(\.scope)?", path)
        if place is None:
            continue
        if "freezer" in controllers.split(","):
            return f"/sys/fs/cgroup/freezer{place.group()}/freezer.state", "FROZEN", "THAWED"
        if not controllers:
            unified = place.group()
    if not unified:
        raise RefusedError("no freezer cgroup of this server was found")
    return f"/sys/fs/cgroup{unified}/cgroup.freeze", "1", "0"


def host_index(link: str) -> int:
    """Return the host's interface index out of ``ip -o link show dev eth0`` in a server: ``2: eth0@if23: <…``."""
    found = re.match(r"\d+: [^@:]+@if(\d+):", link)
    if found is None:
        raise RefusedError(f"this interface is no cable of the lab: {link}")
    return int(found.group(1))


class Running:
    """The first process of a running server, held by a pidfd so that a reused number can never be hit."""

    def __init__(self, pid: int, pidfd: int, container_id: str) -> None:
        self.pid = pid
        self.pidfd = pidfd
        self.container_id = container_id

    def inside(self, *argv: str, stdin: str = "") -> str:
        """Run a program of the host in the server's network namespace."""
        return run("nsenter", f"--net=/proc/{self.pid}/ns/net", *argv, stdin=stdin)

    def interfaces(self) -> list[str]:
        """Return every network interface inside, the loopback excepted."""
        lines = read(f"/proc/{self.pid}/net/dev").splitlines()[2:]
        return [name for name in (line.split(":")[0].strip() for line in lines) if name != "lo"]

    def freezer(self) -> tuple[str, str, str]:
        """See :func:`freezer_of`."""
        return freezer_of(read(f"/proc/{self.pid}/cgroup"), self.container_id)

    def exited(self, seconds: float) -> bool:
        """Wait until the process and with it its whole pid namespace is gone."""
        return bool(select.select([self.pidfd], [], [], seconds)[0])


def run(*argv: str, stdin: str = "") -> str:
    """Run a program, and refuse with what it said when it fails."""
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RefusedError(f"{' '.join(argv)} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
