# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real file system in a file in the place of a device: made once, and never over anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.modules import shared_disk
from ansible_collections.pgha.cluster.tests.support.module_process import run_module
from ansible_collections.pgha.cluster.tests.support.shared_disk import MIB, SIZE, FileDisk, disk_in


def prepare(disk: FileDisk, *, check_mode: bool = False, **changes: str) -> dict[str, Any]:
    """Run the module's work."""
    return shared_disk.work({"cluster": "orders", "overwrite_signature": "", **changes}, disk, check_mode)


def test_the_quartet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = disk_in(tmp_path, monkeypatch)
    assert prepare(disk, check_mode=True)["changed"] is True
    assert Path(disk.path).read_bytes().count(0) == SIZE
    created = prepare(disk)
    assert (created["changed"], created["decision"]) == (True, "create")
    assert created["server"]["filesystem"]["protected"] is True
    assert created["diff"]["after"].startswith("ext4 with multi-mount protection")
    for check_mode in (True, False):
        again = prepare(disk, check_mode=check_mode)
        assert (again["changed"], again["decision"], again["diff"]["after"]) == (False, "keep", "")
    assert again["server"] == created["server"]


def test_the_file_system_is_kept_while_it_is_mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = disk_in(tmp_path, monkeypatch)
    prepare(disk)
    disk.held = ("the kernel holds it",)
    assert prepare(disk)["decision"] == "keep"


def test_another_cluster_s_file_system_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = disk_in(tmp_path, monkeypatch)
    prepare(disk)
    before = Path(disk.path).read_bytes()
    with pytest.raises(PghaError, match="holds data") as caught:
        prepare(disk, cluster="invoices")
    assert "stack_drbd_overwrite_signature" in str(caught.value.next_step)
    assert Path(disk.path).read_bytes() == before


def test_what_is_there_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = disk_in(tmp_path, monkeypatch, signed="LVM2_member")
    for overwrite in ("", "ext4"):
        with pytest.raises(PghaError, match="holds data: LVM2_member"):
            prepare(disk, overwrite_signature=overwrite)
    assert Path(disk.path).read_bytes().count(0) == SIZE


def test_a_disk_in_use_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = disk_in(tmp_path, monkeypatch)
    disk.held = ("dm-0",)
    with pytest.raises(PghaError, match="is in use: dm-0"):
        prepare(disk)


def test_exactly_what_was_named_is_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = disk_in(tmp_path, monkeypatch)
    Path(disk.path).write_bytes(b"x" * MIB + b"\0" * (SIZE - MIB))
    created = prepare(disk, overwrite_signature="unknown")
    assert (created["changed"], created["diff"]["before"]) == (True, f"unknown on {disk.path}\n")
    assert prepare(disk)["decision"] == "keep"


def test_what_comes_to_light_below_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = disk_in(tmp_path, monkeypatch, signed="ext4")
    with pytest.raises(PghaError, match="holds ext4, which may be overwritten"):
        prepare(disk, overwrite_signature="ext4")
    assert disk.look().filesystem is None


def test_a_file_system_that_cannot_be_made_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = disk_in(tmp_path, monkeypatch)
    monkeypatch.setattr(disk, "_run", lambda *_argv, **_options: Completed(1, "", "no room"))
    with pytest.raises(PghaError, match="No file system could be made"):
        disk.make("orders")


def test_a_disk_that_is_not_there_is_refused_with_its_variable() -> None:
    result = run_module("shared_disk", {"device": "/dev/disk/by-id/none", "cluster": "orders"})
    assert result["failed"] is True
    assert "does not exist" in result["msg"] and "pgha_disk" in result["msg"]
