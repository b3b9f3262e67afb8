# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A shared disk without a second server: a real file system in a file, and the mark of whoever has it mounted."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.shared_disk.gateway import SharedDisk
from ansible_collections.pgha.cluster.plugins.module_utils.shared_disk.parse import HEAD, head
from ansible_collections.pgha.cluster.tests.support.programs import FakePrograms

MIB = 1024 * 1024
SIZE = 64 * MIB
NOBODY = 0xFF4D4D50
CHECK = 0xE24D4D50


class FileDisk(SharedDisk):
    """A file that counts as a block device which somebody may hold. No cache lies before it that could be old."""

    uncached = 0
    held: tuple[str, ...] = ()

    def is_block(self) -> bool:
        return True

    def size(self) -> int:
        return Path(self.path).stat().st_size

    def users(self) -> tuple[str, ...]:
        return self.held

    def numbers(self) -> str:
        return "254:16"


def mark(place: Path, node: str, sequence: int) -> None:
    """Mark a disk as its kernel does while it has the file system mounted."""
    with place.open("r+b") as disk:
        found = head(disk.read(HEAD))
        assert found is not None and found.mark
        disk.seek(found.mark * found.block + 4)
        disk.write(struct.pack("<IQ64s", sequence, 1, node.encode()))


def disk_in(directory: Path, monkeypatch: pytest.MonkeyPatch, *, signed: str = "") -> FileDisk:
    """Return a new disk; ``signed`` is what C(wipefs) finds on it."""
    programs = FakePrograms(directory / "bin", monkeypatch)
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:/usr/sbin:/sbin")
    listed = f'{{"type": "{signed}"}}' if signed else ""
    programs.add("wipefs", f"echo '{{\"signatures\": [{listed}]}}'")
    programs.add("udevadm", "echo ID_SERIAL=36001405")
    place = directory / "disk"
    with place.open("wb") as file:
        file.truncate(SIZE)
    disk = FileDisk(run, str(place))
    disk.mountinfo = directory / "mountinfo"
    disk.mountinfo.write_text("26 1 254:0 / / rw - ext4 /dev/ubda rw\n")
    return disk
