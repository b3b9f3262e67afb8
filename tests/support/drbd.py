# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab server's kernel says of DRBD; and a server with DRBD and no kernel for it.

On the latter, programs keep the state in files, and a file stands in the device's place.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.disk import Disk
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.gateway import Gateway
from ansible_collections.pgha.cluster.tests.support import lab
from ansible_collections.pgha.cluster.tests.support.programs import FakePrograms

FIXTURES = Path(__file__).parents[1] / "fixtures" / "drbd" / "8.4.11"
MIB = 1024 * 1024
MEMBER: dict[str, Any] = {
    "stack": "drbd",
    "attributes": {"pgha-data": "ready"},
    "quorum": True,
    "window": "",
    "failures": [],
}
"""What the discovery says of either server of a cluster with one disk, whichever service is on it."""


def disk_state(server: lab.Server) -> str:
    """Return what the kernel says of both replicated disks, this server's first; nothing while the device is down.

    ``drbdadm dstate`` reads what a device that is down was last, and that proves nothing of what it is now.
    """
    found = re.search(r"\bds:(\S+)", server.ssh("cat /proc/drbd", timeout=15).stdout)
    return found[1] if found else ""


class FileDisk(Disk):
    """A file that counts as a block device which somebody may hold."""

    held: tuple[str, ...] = ()

    def is_block(self) -> bool:
        return True

    def size(self) -> int:
        return Path(self.path).stat().st_size

    def users(self) -> tuple[str, ...]:
        return self.held


class Server:
    """One server: what its kernel and its device say, and every call of a program."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.programs = FakePrograms(directory / "bin", monkeypatch)
        self.proc, self.generations = directory / "proc", directory / "gi"
        self.signatures, self.device = directory / "signatures", directory / "vdb"
        self.device.write_bytes(b"\0" * 40 * MIB)
        self.shows("wfconnection-n2")
        self.generations.unlink()
        self.signed("none")
        self.programs.add("wipefs", f"cat {self.signatures}")
        self.programs.add("modinfo", "echo 8.4.11")
        self.verified = directory / "verified"
        self.verified.touch()
        said = f'case "$*" in *"Online verify"*) cat {self.verified};; *) cat {FIXTURES}/journal.json;; esac'
        self.programs.add("journalctl", said)
        self.answers()

    def answers(self, extra: str = "") -> None:
        """Set what ``drbdadm`` does; ``extra`` is one more case of it, tried first."""
        self.programs.add(
            "drbdadm",
            f"""case "$*" in
            {extra}
            sh-resources) echo pgha;;
            sh-minor*) echo 0;;
            sh-ll-dev*) echo {self.device};;
            get-gi*) cat {self.generations} 2>/dev/null;;
            create-md*) cp {FIXTURES}/fresh-n1.gi {self.generations};;
            dump-md*) echo "# bm_offset {39 * MIB}";;
            esac""",
        )

    def shows(self, state: str) -> None:
        """Set what the kernel says."""
        self.proc.write_text((FIXTURES / f"{state}.txt").read_text())
        self.generations.write_text((FIXTURES / f"{state}.gi").read_text())

    def compared(self, what: str) -> None:
        """Set what the journal has of verifications."""
        self.verified.write_text((FIXTURES / f"journal-{what}.json").read_text())

    def signed(self, name: str) -> None:
        """Set what ``wipefs`` finds."""
        self.signatures.write_text((FIXTURES / f"wipefs-{name}.json").read_text())

    @property
    def gateway(self) -> Gateway:
        """The door to it."""
        return Gateway(run, "pgha", self.proc, lambda _seconds: None)

    @property
    def disk(self) -> FileDisk:
        """Its backing device."""
        return FileDisk(run, str(self.device))

    def calls(self) -> list[str]:
        """What ``drbdadm`` was called for, without what only reads."""
        reading = ("sh-", "get-gi", "dump-md", "--dry-run")
        return [one for one in self.programs.calls("drbdadm") if not one.startswith(reading)]
