# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on a shared disk, and what the kernel says of it, as text and bytes to the model.

Pure. The layout is that of the kernel's C(fs/ext4/ext4.h), little endian.

This module util is private to the collection.
"""

from __future__ import annotations

import re
import struct
import uuid
from dataclasses import dataclass

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError
from ansible_collections.pgha.cluster.plugins.module_utils.shared_disk.model import FileSystem

SUPERBLOCK = 1024
"""Where it begins."""
HEAD = 4096
"""So much of a disk holds it, in whole sectors of any disk."""
_MAGIC = 0xEF53
_EXTENTS, _PROTECTION = 0x40, 0x100
_MARK_MAGIC = 0x004D4D50
_CLEAN, _CHECKED = 0xFF4D4D50, 0xE24D4D50
# In this order: what names the disk itself comes before what names one way to it.
_IDENTITIES = ("ID_WWN_WITH_EXTENSION", "ID_WWN", "DM_WWN", "ID_SERIAL", "DM_SERIAL")


@dataclass(frozen=True)
class Head:
    """The beginning of a disk with ext4.

    :ivar mark: where the block stands that whoever mounts it writes again and again; 0 without such protection.
    :ivar block: the size of a block.
    """

    filesystem: FileSystem
    mark: int
    block: int


def head(data: bytes) -> Head | None:
    """Read the superblock; None when there is no ext4."""
    if len(data) < HEAD:
        raise ParseError("A disk's beginning ends early", where=f"byte {len(data)}", said=data[:16].hex())
    found = data[SUPERBLOCK:HEAD]
    (magic,) = struct.unpack_from("<H", found, 0x38)
    (features,) = struct.unpack_from("<I", found, 0x60)
    if magic != _MAGIC or not features & _EXTENTS:
        return None
    (exponent,) = struct.unpack_from("<I", found, 0x18)
    (mark,) = struct.unpack_from("<Q", found, 0x168)
    if exponent > 6:
        raise ParseError("No block size of ext4", where="superblock, byte 24", said=str(exponent))
    protected = bool(features & _PROTECTION and mark)
    label = found[0x78:0x88].rstrip(b"\0").decode(errors="replace")
    filesystem = FileSystem(str(uuid.UUID(bytes=found[0x68:0x78])), label, protected)
    return Head(filesystem, mark if protected else 0, 1024 << exponent)


def holder(mark: bytes) -> str:
    """Return who has it mounted, or had when it lost its power; empty for nobody."""
    magic, sequence = struct.unpack_from("<II", mark, 0)
    if magic != _MARK_MAGIC:
        raise ParseError("No mark of multi-mount protection", where="its block", said=mark[:16].hex())
    if sequence == _CLEAN:
        return ""
    node = mark[16:80].split(b"\0")[0].decode(errors="replace")
    return f"a file system check on {node}" if sequence == _CHECKED else node


def identity(properties: str) -> str:
    """Read from C(udevadm info --query=property) by what the hardware tells the disk apart; empty for nothing."""
    known = dict(line.split("=", 1) for line in properties.splitlines() if "=" in line)
    return next((f"{key}={known[key]}" for key in _IDENTITIES if known.get(key)), "")


def mounted(mountinfo: str, device: str) -> tuple[str, ...]:
    """Read from C(/proc/self/mountinfo) where a device is mounted.

    :param device: its numbers, such as C(8:16).
    """
    rows = [line.split() for line in mountinfo.splitlines()]
    places = [row[4] for row in rows if len(row) > 4 and row[2] == device]
    return tuple(re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), place) for place in places)
