# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that two servers reach, as one of them sees it.

This module util is private to the collection.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

# Seconds. The kernel asks for five at least before it believes that nobody else writes; the packaged five seconds
# between two writes would make that ten, and a takeover after a power cut last twice as long.
MARK_EVERY = 1


def label_of(cluster: str) -> str:
    """Return the label of a cluster's file system, of 16 characters at most; no other cluster has the same."""
    return f"pgha-{hashlib.sha256(cluster.encode()).hexdigest()[:11]}"


@dataclass(frozen=True)
class FileSystem:
    """An ext4 file system, by what stands on the disk.

    :ivar protected: whether it has multi-mount protection: a second mount is refused by the disk itself.
    :ivar holder: the kernel (C(uname -n)) that has it mounted, or had when it lost its power; empty after an unmount.
    """

    uuid: str
    label: str
    protected: bool
    holder: str = ""


@dataclass(frozen=True)
class Look:
    """What one server sees of the disk.

    :ivar node: what C(uname -n) says there.
    :ivar seen: it is there, and was read just now, past every cache.
    :ivar problem: why it could not be read.
    :ivar identity: by which its hardware tells it apart, empty where that has none.
    :ivar mounted: where this server has it mounted.
    """

    device: str
    node: str
    seen: bool
    problem: str = ""
    size: int = 0
    identity: str = ""
    filesystem: FileSystem | None = None
    mounted: tuple[str, ...] = ()

    def as_result(self) -> dict[str, Any]:
        """Return plain data for a module's result; the mark tells it from a disk of another kind."""
        return {**asdict(self), "mounted": list(self.mounted), "shared": True}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Look:
        """Read what a module returned; what it did not say counts as not seen."""
        found = data.get("filesystem") or None
        return cls(
            device=str(data.get("device") or ""),
            node=str(data.get("node") or ""),
            seen=data.get("seen") is True,
            problem=str(data.get("problem") or ""),
            size=int(data.get("size") or 0),
            identity=str(data.get("identity") or ""),
            filesystem=None if found is None else FileSystem(**found),
            mounted=tuple(data.get("mounted") or ()),
        )
