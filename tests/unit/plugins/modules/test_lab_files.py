# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around a lab's files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.lab.gateway import Claims
from ansible_collections.pgha.cluster.plugins.modules import lab_files
from ansible_collections.pgha.cluster.tests.support.labs import some_lab
from ansible_collections.pgha.cluster.tests.support.modules import module_with


def place(root: Path, check_mode: bool = False, state: str = "present", name: str = "demo") -> dict[str, Any]:
    """Run the module's work with the real ssh-keygen."""
    return lab_files.place(module_with(check_mode, name=name, root=str(root), state=state), run)


def test_the_quartet(tmp_path: Path) -> None:
    Claims(tmp_path).write(some_lab(root=str(tmp_path)))
    assert place(tmp_path, check_mode=True)["changed"] is True
    assert [path.name for path in (tmp_path / "demo").iterdir()] == ["lab.json"]
    assert place(tmp_path)["changed"] is True
    assert place(tmp_path, check_mode=True)["changed"] is False
    assert place(tmp_path)["changed"] is False


def test_the_diff_shows_names_and_no_secret(tmp_path: Path) -> None:
    Claims(tmp_path).write(some_lab(root=str(tmp_path)))
    result = place(tmp_path)
    password = (tmp_path / "demo/bmc_password").read_text().strip()
    assert "known_hosts" in result["diff"]["after"]
    assert password not in str(result)


def test_without_a_claim(tmp_path: Path) -> None:
    assert place(tmp_path, check_mode=True)["changed"] is True
    with pytest.raises(PghaError, match="not reserved"):
        place(tmp_path)


def test_the_quartet_of_removal(tmp_path: Path) -> None:
    root = tmp_path / "labs"
    Claims(root).write(some_lab(root=str(root)))
    place(root)
    assert place(root, check_mode=True, state="absent")["changed"] is True
    assert (root / "demo").exists()
    assert place(root, state="absent")["changed"] is True
    assert not root.exists()
    assert place(root, check_mode=True, state="absent")["changed"] is False
    assert place(root, state="absent")["changed"] is False


def test_another_lab_is_kept(tmp_path: Path) -> None:
    for name in ("one", "two"):
        Claims(tmp_path).write(some_lab(name, root=str(tmp_path)))
    place(tmp_path, state="absent", name="one")
    assert [path.name for path in tmp_path.iterdir()] == ["two"]


@pytest.mark.parametrize("name", ["..", ".", "", "a/../../etc"])
def test_what_is_no_lab_is_never_removed(tmp_path: Path, name: str) -> None:
    with pytest.raises(PghaError, match="no name of a lab"):
        place(tmp_path, state="absent", name=name)
    assert tmp_path.exists()
