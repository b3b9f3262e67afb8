# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting a checked clone in the place of the old data (S4: moved aside, never removed before that).

Every step looks at what is there and does what is missing, so that the next run completes one that was cut off at any
point. The old data of a run goes to ``<data>.pgha-old-<UTC time>``, and of each tablespace to
``<its directory>/pgha-old-<UTC time>``; the old data directory's links follow, so that it stays whole.

This module util is private to the collection.
"""

from __future__ import annotations

import ctypes
import os
import shutil
from pathlib import Path

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.clone import (
    TABLESPACE_COPY,
    links,
    sync,
    write_json,
)
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.files import bare, beside, in_service, record


def _relink(link: Path, target: Path) -> None:
    """Replace a link in one step: a crash leaves the old one or the new one."""
    fresh = link.with_name(f"{link.name}.pgha")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(link)
    sync(link.parent)


def _place_tablespace(link: Path, copy: Path, aside_name: str) -> None:
    """Bring one tablespace's copy to its directory; its link is changed last and tells that it is done."""
    directory = copy.parent
    for part in sorted(copy.iterdir()) if copy.exists() else []:
        # Only what the copy brings anew: another version's files may live in the same directory.
        present = directory / part.name
        if present.exists():
            aside = directory / aside_name
            aside.mkdir(mode=0o700, exist_ok=True)
            present.rename(aside / part.name)
        part.rename(present)
    if copy.exists():
        copy.rmdir()
    sync(directory)
    _relink(link, directory)


def _keep_whole(old: Path, aside_name: str) -> None:
    """Let the links of the data that was moved aside follow its tablespaces."""
    for link, target in links(old).items():
        if target.name != aside_name and (target / aside_name).is_dir():
            _relink(link, target / aside_name)


def _exchange(one: Path, other: Path) -> None:
    """Swap two directories in one step (renameat2(2), RENAME_EXCHANGE).

    Two renames would leave a moment without any data directory, and a crash in it a server without one. The resource
    agent of Debian 13 cannot even be stopped there, so that the cluster fences such a server again and again.
    """
    here, exchange = -100, 2
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(here, os.fsencode(one), here, os.fsencode(other), exchange) != 0:
        number = ctypes.get_errno()
        raise PghaError(
            f"{one} and {other} could not be exchanged.",
            said=os.strerror(number),
            next_step="keep the data directory on a file system that can do it, such as ext4, xfs or btrfs, and let it "
            "not be a mount point itself",
        )


def _set_aside(before: Path, old: Path) -> None:
    """Give what was in service its name among the old ones; a bare directory is nothing to keep."""
    if before.exists() and bare(before):
        shutil.rmtree(before)
    elif before.exists():
        before.rename(old)


def put_in_place(data_directory: Path) -> str:
    """Let the checked clone take the data directory's place; return where the old data went, empty without any.

    The exchange comes first. Before it nothing in service has changed; after it the clone is in service and whole, its
    tablespaces included, and the rest only gives everything its final name.
    """
    checked, journal = beside(data_directory, "checked"), record(data_directory)
    aside_name = f"pgha-old-{journal['stamp']}"
    old = beside(data_directory, f"old-{journal['stamp']}")
    if not in_service(data_directory):
        if data_directory.exists():
            _exchange(checked, data_directory)
        else:
            checked.rename(data_directory)
        sync(data_directory.parent)
    _set_aside(checked, old)
    for link, target in links(data_directory).items():
        if target.name == TABLESPACE_COPY:
            _place_tablespace(link, target, aside_name)
    _keep_whole(old, aside_name)
    sync(data_directory.parent)
    moved = str(old) if old.exists() else ""
    write_json(beside(data_directory, "clone.json"), {**journal, "in_place": True, "moved_aside": moved})
    return moved


def mark_standby(data_directory: Path) -> None:
    """Make sure that whoever starts this directory by hand gets a standby (S2)."""
    signal = data_directory / "standby.signal"
    signal.touch(mode=0o600)
    sync(signal)
    sync(data_directory)


def drop_older(data_directory: Path, keep: int) -> list[str]:
    """Remove what was moved aside earlier, all but the newest; only called after a checked clone is in place (S4)."""
    moved = sorted(data_directory.parent.glob(f"{data_directory.name}.pgha-old-*"))
    dropped = moved[: max(len(moved) - keep, 0)]
    for directory in dropped:
        own = directory.name.removeprefix(f"{data_directory.name}.")
        for target in links(directory).values():
            # A tablespace that was not moved aside with it is in service.
            if target.name == own and target.exists():
                shutil.rmtree(target)
        shutil.rmtree(directory)
    return [str(directory) for directory in dropped]
