# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a device may be given to the cluster: kept, prepared, or refused because somebody's data stands there.

Pure. A new file system writes over what lies there, and DRBD's metadata at the end of a device would cut a file system
that reached to it. So a device is free only when nothing says otherwise, and a person can allow exactly one thing that
does, by its name.

This module util is private to the collection.
"""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError

SMALLEST = 32 * 1024 * 1024
"""Below that, nothing is left that could hold a database."""
UNNAMED = "unknown"
"""How a person names bytes that no tool knows."""


class Action(enum.Enum):
    """What happens to the device."""

    KEEP = "keep"
    CREATE = "create"
    REFUSE = "refuse"


@dataclass(frozen=True)
class Device:
    """A block device as it was found.

    :ivar users: who uses it: mount points, swap, devices above it, or that the kernel holds it.
    :ivar signatures: types that ``wipefs`` found, such as ``ext4`` or ``drbd``.
    :ivar zero: its first and last MiB are zero; None when they could not be read.
    :ivar taken_by: what else it is configured for, such as another DRBD resource; empty for nothing.
    :ivar own: it holds what was prepared for this cluster.
    """

    path: str
    exists: bool
    block: bool = False
    size: int = 0
    users: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    zero: bool | None = None
    taken_by: str = ""
    own: bool = False


@dataclass(frozen=True)
class Decision:
    """What to do with a device, and why; ``clear`` names what is removed first."""

    action: Action
    code: str
    message: str
    clear: tuple[str, ...] = ()


def _refuse(code: str, message: str) -> Decision:
    return Decision(Action.REFUSE, code, message)


def _impossible(device: Device) -> Decision | None:
    if not device.exists:
        return _refuse("no_device", f"{device.path} does not exist.")
    if not device.block:
        return _refuse("no_block_device", f"{device.path} is no block device.")
    if device.taken_by:
        return _refuse("taken", f"{device.path} belongs to {device.taken_by}.")
    return None


def preparation(device: Device, overwrite: str = "") -> Decision:
    """Decide whether a device is prepared.

    :param overwrite: the one type of signature that a person allows to be overwritten; empty for none.
    """
    impossible = _impossible(device)
    if impossible is not None:
        return impossible
    if device.own:
        return Decision(Action.KEEP, "own", f"{device.path} is prepared already.")
    if device.users:
        return _refuse("in_use", f"{device.path} is in use: {', '.join(device.users)}.")
    if device.size < SMALLEST:
        return _refuse("too_small", f"{device.path} has {device.size} bytes; at least {SMALLEST} are needed.")
    if device.zero is None:
        return _refuse("unreadable", f"{device.path} could not be read.")
    found = tuple(sorted(set(device.signatures))) or (() if device.zero else (UNNAMED,))
    foreign = [one for one in found if one != overwrite]
    if foreign:
        return _refuse("holds_data", f"{device.path} holds data: {', '.join(foreign)}.")
    if found:
        message = f"{device.path} holds {overwrite}, which may be overwritten."
        return Decision(Action.CREATE, "overwrite", message, found)
    return Decision(Action.CREATE, "free", f"{device.path} holds nothing.")


def parse_signatures(text: str) -> tuple[str, ...]:
    """Read the types that ``wipefs --no-act --json`` lists."""
    if not text.strip():
        return ()
    try:
        listed = json.loads(text)["signatures"]
        return tuple(str(one["type"]) for one in listed)
    except (ValueError, KeyError, TypeError) as broken:
        raise ParseError("Not a list of signatures", where="wipefs --json", said=text[:200]) from broken
