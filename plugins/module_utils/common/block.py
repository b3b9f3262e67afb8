# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at a block device, copying it, and clearing what a person allowed to be overwritten.

This module util is private to the collection.
"""

from __future__ import annotations

import fcntl
import os
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.pgha.cluster.plugins.module_utils.common.device import (
    Action,
    Decision,
    Device,
    parse_signatures,
    preparation,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner

MIB = 1024 * 1024
READ_WHOLE = 1024 * MIB
"""Up to this size a device is read from end to end to prove that it is blank. A larger one is copied once instead."""
_BLKGETSIZE64 = 0x80081272


class Block:
    """A block device, by its path."""

    def __init__(self, run: Runner, path: str) -> None:
        self._run = run
        self.path = path

    def is_block(self) -> bool:
        """Whether it is a block device."""
        return stat.S_ISBLK(Path(self.path).stat().st_mode)

    def size(self) -> int:
        """Its size in bytes."""
        with self._open(os.O_RDONLY) as handle:
            answer = fcntl.ioctl(handle, _BLKGETSIZE64, b"\0" * 8)
        return int(struct.unpack("Q", answer)[0])

    def users(self) -> tuple[str, ...]:
        """Who uses it: what stands above it, and whether the kernel holds it (mounted, swap, a part of something)."""
        kernel = Path("/sys/class/block") / Path(os.path.realpath(self.path)).name
        holders = kernel / "holders"
        found = sorted(one.name for one in holders.iterdir()) if holders.is_dir() else []
        found += sorted(f"partition {one.parent.name}" for one in kernel.glob("*/partition"))
        try:
            with self._open(os.O_RDONLY | os.O_EXCL):
                pass
        except OSError as held:
            found.append(f"the kernel holds it ({held.strerror})")
        return tuple(found)

    def signatures(self) -> tuple[str, ...]:
        """The types of everything that is recognized on it."""
        argv = ["wipefs", "--no-act", "--json", self.path]
        done = self._run(argv, timeout=60)
        if done.rc != 0:
            raise PghaError(f"{self.path} could not be examined.", ran=argv, said=done.stderr)
        return parse_signatures(done.stdout)

    def edges_are_zero(self) -> bool | None:
        """Whether its first and last MiB are zero; None when they cannot be read."""
        try:
            size = self.size()
            return self._zero(0, min(MIB, size)) and self._zero(max(size - MIB, 0), size)
        except OSError:
            return None

    def is_blank(self, end: int | None = None) -> bool:
        """Whether every byte was read and is zero. A device that is too large to be read counts as not blank.

        :param end: where the data ends and the metadata begins; None for the whole device.
        """
        last = self.size() if end is None else end
        return 0 < last <= READ_WHOLE and self._zero(0, last)

    def keep_copy(self, place: str) -> int:
        """Copy it into a new file, metadata and all; return the bytes. Never over a file that is there."""
        size, target = self.size(), Path(place)
        partial = target.with_name(f"{target.name}.partial")
        if target.exists():
            raise PghaError(f"{place} exists.", next_step="name another file, or move that one away")
        free = os.statvfs(target.parent)
        if free.f_bavail * free.f_frsize < size:
            raise PghaError(
                f"{target.parent} has no room for {size} bytes.",
                next_step="name a file on a larger file system, or free some room; nothing was discarded",
            )
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with self._open(os.O_RDONLY) as source, os.fdopen(handle, "wb") as copy:
            copied = 0
            while block := os.pread(source, MIB, copied):
                if block.count(0) == len(block):
                    copy.seek(len(block), os.SEEK_CUR)
                else:
                    copy.write(block)
                copied += len(block)
            copy.truncate(copied)
            copy.flush()
            os.fsync(copy.fileno())
        if copied != size or partial.stat().st_size != size:
            raise PghaError(f"The copy has {copied} bytes and the device {size}.", next_step="nothing was discarded")
        partial.rename(target)
        return copied

    def clear(self) -> None:
        """Overwrite what its first and last MiB hold. The kernel refuses while anything holds the device."""
        size = self.size()
        with self._open(os.O_WRONLY | os.O_EXCL) as handle:
            for start in (0, max(size - MIB, 0)):
                os.pwrite(handle, b"\0" * min(MIB, size - start), start)
            os.fsync(handle)

    @contextmanager
    def _open(self, flags: int) -> Iterator[int]:
        handle = os.open(self.path, flags | os.O_CLOEXEC)
        try:
            yield handle
        finally:
            os.close(handle)

    def _zero(self, start: int, end: int) -> bool:
        with self._open(os.O_RDONLY) as handle:
            while start < end:
                block = os.pread(handle, min(MIB, end - start), start)
                if not block or block.count(0) != len(block):
                    return False
                start += len(block)
        return True


def prepare(
    disk: Block,
    decision: Decision,
    overwrite: str,
    *,
    look: Callable[[], Device],
    make: Callable[[], None],
    refuse: Callable[[Decision], PghaError],
) -> None:
    """Carry out the decision to prepare a device, and look whether it is prepared then.

    :param look: looks at the device anew.
    :param make: puts the cluster's own on it.
    :param refuse: the error for a device that turns out to hold something else.
    """
    if decision.clear:
        disk.clear()
        # Something else may come to light, such as what lay below: it was not allowed to be overwritten.
        again = preparation(look(), overwrite)
        if again.action is not Action.CREATE or again.clear:
            raise refuse(again)
    make()
    left = preparation(look(), overwrite)
    if left.action is not Action.KEEP:
        raise PghaError(f"{disk.path} was prepared, and cannot be read back: {left.message}")
