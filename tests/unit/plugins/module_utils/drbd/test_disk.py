# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at a disk, and copying one: on files, and on what this machine has of block devices."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.block import READ_WHOLE
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed, run
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.disk import Disk
from ansible_collections.pgha.cluster.tests.support.drbd import MIB, FileDisk


def _disk(tmp_path: Path, size: int = 3 * MIB) -> FileDisk:
    place = tmp_path / "vdb"
    with place.open("wb") as file:
        file.truncate(size)
    return FileDisk(run, str(place))


def _write(disk: Disk, offset: int) -> None:
    with Path(disk.path).open("r+b") as file:
        file.seek(offset)
        file.write(b"x")


@pytest.mark.parametrize("offset", [0, MIB - 1, 2 * MIB, 3 * MIB - 1])
def test_a_single_byte_at_either_end_is_seen(tmp_path: Path, offset: int) -> None:
    disk = _disk(tmp_path)
    assert disk.edges_are_zero()
    _write(disk, offset)
    assert disk.edges_are_zero() is False


def test_blank_means_every_byte_up_to_the_metadata(tmp_path: Path) -> None:
    disk = _disk(tmp_path)
    assert disk.is_blank()
    _write(disk, 2 * MIB)
    assert disk.edges_are_zero() is False
    assert not disk.is_blank()
    assert disk.is_blank(2 * MIB)
    assert not disk.is_blank(0)


def test_what_is_too_large_to_be_read_is_not_blank(tmp_path: Path) -> None:
    assert not _disk(tmp_path, READ_WHOLE + 1).is_blank()


def test_a_disk_that_shrinks_under_the_reader_is_not_zero(tmp_path: Path) -> None:
    assert not _disk(tmp_path).is_blank(4 * MIB)


def test_a_disk_that_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    assert FileDisk(run, str(tmp_path / "none")).edges_are_zero() is None


def test_only_both_ends_are_cleared(tmp_path: Path) -> None:
    disk = _disk(tmp_path)
    for offset in (0, MIB, 3 * MIB - 1):
        _write(disk, offset)
    disk.clear()
    assert disk.edges_are_zero()
    assert Path(disk.path).read_bytes().strip(b"\0") == b"x"


def test_a_copy_needs_room_and_a_name_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = _disk(tmp_path)
    _write(disk, MIB)
    copy = tmp_path / "copy"
    assert disk.keep_copy(str(copy)) == 3 * MIB
    assert copy.read_bytes() == Path(disk.path).read_bytes()
    with pytest.raises(PghaError, match="exists"):
        disk.keep_copy(str(copy))
    full = os.statvfs_result((4096, 4096, 10, 1, 1, 1, 1, 1, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _path: full)
    with pytest.raises(PghaError, match="has no room"):
        disk.keep_copy(str(tmp_path / "other"))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["copy", "vdb"]


def test_a_file_is_no_block_device_and_wipefs_may_fail(tmp_path: Path) -> None:
    disk = Disk(lambda *_argv, **_options: Completed(1, "", "denied"), _disk(tmp_path).path)
    assert not disk.is_block()
    with pytest.raises(PghaError, match="could not be examined"):
        disk.signatures()
