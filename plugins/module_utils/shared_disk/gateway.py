# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door to a shared disk.

This module util is private to the collection.
"""

from __future__ import annotations

import mmap
import os
from dataclasses import replace
from pathlib import Path

from ansible_collections.pgha.cluster.plugins.module_utils.common.block import Block
from ansible_collections.pgha.cluster.plugins.module_utils.common.device import Device
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner
from ansible_collections.pgha.cluster.plugins.module_utils.shared_disk.model import (
    MARK_EVERY,
    FileSystem,
    Look,
    label_of,
)
from ansible_collections.pgha.cluster.plugins.module_utils.shared_disk.parse import (
    HEAD,
    head,
    holder,
    identity,
    mounted,
)
from ansible_collections.pgha.cluster.plugins.module_utils.shared_disk.plan import is_own


class SharedDisk(Block):
    """A block device that another server reaches as well."""

    # What this kernel has read before may be old: the other server has written since.
    uncached = os.O_DIRECT
    mountinfo = Path("/proc/self/mountinfo")

    def __init__(self, run: Runner, path: str) -> None:
        super().__init__(run, path)
        self.node = os.uname().nodename

    def look(self) -> Look:
        """Return what this server sees of it; that it sees nothing is an answer, too."""
        nothing = Look(self.path, self.node, seen=False)
        if not Path(self.path).exists():
            return replace(nothing, problem=f"{self.path} does not exist")
        if not self.is_block():
            return replace(nothing, problem=f"{self.path} is no block device")
        try:
            return Look(
                device=self.path,
                node=self.node,
                seen=True,
                size=self.size(),
                identity=self._identity(),
                filesystem=self._filesystem(),
                mounted=mounted(self.mountinfo.read_text(encoding="utf-8"), self.numbers()),
            )
        except PghaError as broken:
            return replace(nothing, problem=broken.message.rstrip("."))
        except OSError as broken:
            return replace(nothing, problem=f"{self.path} cannot be read ({broken.strerror})")

    def for_preparation(self, look: Look, cluster: str) -> Device:
        """Return everything that speaks for or against a file system on it."""
        if not look.seen:
            return Device(self.path, exists=Path(self.path).exists(), block=look.seen)
        return Device(
            path=self.path,
            exists=True,
            block=True,
            size=look.size,
            users=self.users(),
            signatures=self.signatures(),
            zero=self.edges_are_zero(),
            own=is_own(look, cluster),
        )

    def make(self, cluster: str) -> None:
        """Make the file system. An error makes it read-only: that also holds for the mark of another server on it."""
        argv = [
            *("mke2fs", "-q", "-F", "-t", "ext4", "-L", label_of(cluster), "-O", "mmp"),
            *("-E", f"mmp_update_interval={MARK_EVERY}", "-e", "remount-ro", self.path),
        ]
        done = self._run(argv, timeout=3600)
        if done.rc != 0:
            raise PghaError(f"No file system could be made on {self.path}.", ran=argv, said=done.stderr)

    def numbers(self) -> str:
        """By which the kernel tells it apart."""
        number = Path(self.path).stat().st_rdev
        return f"{os.major(number)}:{os.minor(number)}"

    def _identity(self) -> str:
        done = self._run(["udevadm", "info", "--query=property", f"--name={self.path}"], timeout=30)
        return identity(done.stdout) if done.rc == 0 else ""

    def _filesystem(self) -> FileSystem | None:
        found = head(self._read(0, HEAD))
        if found is None or not found.mark:
            return None if found is None else found.filesystem
        return replace(found.filesystem, holder=holder(self._read(found.mark * found.block, found.block)))

    def _read(self, start: int, length: int) -> bytes:
        """Read from the disk itself. The buffer has to begin where a page does."""
        with self._open(os.O_RDONLY | self.uncached) as handle, mmap.mmap(-1, length) as buffer:
            got = os.preadv(handle, [buffer], start)
            return buffer[:got]
