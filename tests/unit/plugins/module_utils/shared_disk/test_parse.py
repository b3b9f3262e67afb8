# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands on a disk, read from real file systems, and what the kernel says of it."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError
from ansible_collections.pgha.cluster.plugins.module_utils.shared_disk.parse import (
    HEAD,
    head,
    holder,
    identity,
    mounted,
)
from ansible_collections.pgha.cluster.tests.support.shared_disk import CHECK, MIB, NOBODY, mark
from hypothesis import given
from hypothesis import strategies as st


def made(place: Path, *options: str) -> Path:
    with place.open("wb") as file:
        file.truncate(64 * MIB)
    subprocess.run(["/usr/sbin/mke2fs", "-q", "-F", *options, str(place)], check=True)
    return place


@pytest.mark.parametrize("block", ["1024", "4096"])
def test_a_protected_file_system_is_read_with_who_holds_it(tmp_path: Path, block: str) -> None:
    options = ("-t", "ext4", "-b", block, "-O", "mmp", "-L", "pgha-0123456789a")
    place = made(tmp_path / "disk", *options, "-U", "b244f42f-7806-485b-b709-73bba85f76d4")
    found = head(place.read_bytes()[:HEAD])
    assert found is not None
    assert found.filesystem.uuid == "b244f42f-7806-485b-b709-73bba85f76d4"
    assert (found.filesystem.label, found.filesystem.protected) == ("pgha-0123456789a", True)
    assert found.block == int(block)

    def said() -> str:
        return holder(place.read_bytes()[found.mark * found.block :][: found.block])

    assert said() == ""
    mark(place, "n1", 7)
    assert said() == "n1"
    mark(place, "n1", CHECK)
    assert said() == "a file system check on n1"
    mark(place, "n1", NOBODY)
    assert said() == ""


def test_one_without_protection_has_no_mark(tmp_path: Path) -> None:
    found = head(made(tmp_path / "disk", "-t", "ext4").read_bytes()[:HEAD])
    assert found is not None
    assert (found.filesystem.protected, found.mark) == (False, 0)


def test_what_is_no_ext4_is_none(tmp_path: Path) -> None:
    assert head(b"\0" * HEAD) is None
    assert head(made(tmp_path / "disk", "-t", "ext2").read_bytes()[:HEAD]) is None


def test_what_ends_early_or_is_no_mark_is_an_error() -> None:
    with pytest.raises(ParseError, match="ends early"):
        head(b"\0" * 100)
    with pytest.raises(ParseError, match="No mark"):
        holder(b"\0" * 1024)


@given(st.binary(max_size=0x80), st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1))
def test_any_superblock_is_read_or_refused(begin: bytes, features: int, place: int) -> None:
    data = bytearray(b"\0" * 1024 + begin).ljust(HEAD, b"\xff")
    struct.pack_into("<H", data, 1024 + 0x38, 0xEF53)
    struct.pack_into("<I", data, 1024 + 0x60, features)
    struct.pack_into("<Q", data, 1024 + 0x168, place)
    try:
        found = head(bytes(data))
    except ParseError:
        return
    assert (found is not None) == bool(features & 0x40)
    assert found is None or (found.block <= 64 * 1024 and found.mark in (0, place))


def test_the_hardware_s_name_comes_before_that_of_one_way_to_it() -> None:
    udev = "DEVNAME=/dev/sdb\nID_SERIAL=36001405a\nID_WWN=0x6001\nID_WWN_WITH_EXTENSION=0x6001405a\n"
    assert identity(udev) == "ID_WWN_WITH_EXTENSION=0x6001405a"
    assert identity("ID_SERIAL=36001405a\n") == "ID_SERIAL=36001405a"
    assert identity("DEVNAME=/dev/ubdb\nID_SERIAL=\n") == identity("") == ""


def test_only_mounts_of_that_device_are_listed() -> None:
    text = (
        "26 1 254:0 / / rw - ext4 /dev/ubda rw\n"
        "30 26 254:16 / /var/lib/postgresql/15 rw - ext4 /dev/ubdb rw\n"
        "31 26 254:16 / /mnt/with\\040space rw - ext4 /dev/ubdb rw\n"
    )
    assert mounted(text, "254:16") == ("/var/lib/postgresql/15", "/mnt/with space")
    assert mounted(text, "254:1") == mounted("", "254:16") == ()
