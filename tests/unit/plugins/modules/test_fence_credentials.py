# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials: for root alone from the first moment, and gone with their device."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

from ansible_collections.pgha.cluster.tests.support.module_process import run_module


def _arguments(directory: Path, **contents: str) -> dict[str, Any]:
    files = [{"path": str(directory / name), "mode": "0600", "content": text} for name, text in contents.items()]
    return {"directory": str(directory), "files": files}


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_check_change_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "pgha" / "fencing"
    arguments = _arguments(directory, password="s3cret")
    assert run_module("fence_credentials", arguments, check_mode=True)["changed"] is True
    assert not directory.exists()
    assert run_module("fence_credentials", arguments)["changed"] is True
    assert (directory / "password").read_text() == "s3cret"
    assert (_mode(directory), _mode(directory / "password")) == (0o700, 0o600)
    assert run_module("fence_credentials", arguments)["changed"] is False


def test_the_difference_holds_names_and_no_secret(tmp_path: Path) -> None:
    result = run_module("fence_credentials", _arguments(tmp_path / "d", password="s3cret"))
    assert "s3cret" not in str(result["diff"])
    assert str(tmp_path / "d" / "password") in result["diff"]["after"]


def test_what_belongs_to_no_device_any_more_is_removed(tmp_path: Path) -> None:
    directory = tmp_path / "d"
    run_module("fence_credentials", _arguments(directory, old="first secret", kept="second secret"))
    result = run_module("fence_credentials", _arguments(directory, kept="second secret"))
    assert result["removed"] == [str(directory / "old")]
    assert [path.name for path in directory.iterdir()] == ["kept"]


def test_rights_that_somebody_widened_are_taken_back(tmp_path: Path) -> None:
    directory = tmp_path / "d"
    arguments = _arguments(directory, password="s3cret")
    run_module("fence_credentials", arguments)
    directory.chmod(0o755)
    (directory / "password").chmod(0o644)
    assert run_module("fence_credentials", arguments)["changed"] is True
    assert (_mode(directory), _mode(directory / "password")) == (0o700, 0o600)


def test_a_file_elsewhere_is_refused(tmp_path: Path) -> None:
    arguments = {**_arguments(tmp_path / "d"), "files": [{"path": "/etc/passwd", "mode": "0600", "content": "x"}]}
    result = run_module("fence_credentials", arguments)
    assert result["failed"] is True
    assert "not directly in" in result["msg"]
