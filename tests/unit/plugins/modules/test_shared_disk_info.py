# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server says of a disk that another one reaches as well."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.modules import shared_disk_info
from ansible_collections.pgha.cluster.tests.support.module_process import run_module
from ansible_collections.pgha.cluster.tests.support.shared_disk import SIZE, disk_in, mark


def test_a_blank_disk_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = shared_disk_info.work(disk_in(tmp_path, monkeypatch))
    assert result["changed"] is False
    said = result["server"]
    assert (said["seen"], said["size"], said["identity"]) == (True, SIZE, "ID_SERIAL=36001405")
    assert (said["filesystem"], said["mounted"], said["node"]) == (None, [], os.uname().nodename)


def test_who_has_it_mounted_is_read_from_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = disk_in(tmp_path, monkeypatch)
    disk.make("orders")
    assert shared_disk_info.work(disk)["server"]["filesystem"]["holder"] == ""
    mark(Path(disk.path), "n1", 7)
    disk.mountinfo.write_text("30 26 254:16 / /srv rw - ext4 /dev/ubdb rw\n")
    said = shared_disk_info.work(disk)["server"]
    assert (said["filesystem"]["holder"], said["filesystem"]["protected"]) == ("n1", True)
    assert said["mounted"] == ["/srv"]


def test_a_broken_mark_is_a_disk_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = disk_in(tmp_path, monkeypatch)
    disk.make("orders")
    with Path(disk.path).open("r+b") as file:
        file.seek(64 * 1024)
        file.write(b"x" * (SIZE - 64 * 1024))
    said = shared_disk_info.work(disk)["server"]
    assert said["seen"] is False
    assert "No mark" in said["problem"]


def test_a_disk_that_answers_with_an_error_is_not_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = disk_in(tmp_path, monkeypatch)

    def fails(*_args: object) -> int:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "preadv", fails)
    said = shared_disk_info.work(disk)["server"]
    assert (said["seen"], said["problem"]) == (False, f"{disk.path} cannot be read (Input/output error)")


def test_no_disk_and_no_block_device_are_answers() -> None:
    for place, problem in (("/dev/disk/by-id/none", "does not exist"), ("/dev/null", "is no block device")):
        said = run_module("shared_disk_info", {"device": place})["server"]
        assert (said["seen"], said["shared"]) == (False, True)
        assert problem in said["problem"]
