# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk that machines boot."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.pgha.cluster.plugins.module_utils.lab.guest import KERNEL, Recipe, root_argv

PROJECT = Path(__file__).parents[5]


def recipe(*files: Path) -> Recipe:
    """Return a recipe with one package."""
    return Recipe("bookworm", ["a"], [str(path) for path in files])


def test_the_kernel_lies_beside_the_disk_and_not_on_it() -> None:
    argv = root_argv(recipe(), Path("/place"))
    hooks = [word.split("=", 1)[1] for word in argv if word.startswith("--customize-hook=")]
    assert f"--include=a,{KERNEL}" in argv
    assert hooks.index('cp "$1"/usr/bin/linux.uml /place/linux') < hooks.index(f'chroot "$1" dpkg --purge {KERNEL}')
    assert argv[-2:] == ["bookworm", "/place/root"]


def test_the_same_file_in_another_directory_makes_another_disk(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "one/etc").write_text("x")
    first = recipe(tmp_path / "one", tmp_path / "two").volume
    assert first == recipe(tmp_path / "one", tmp_path / "two").volume
    assert first != recipe(tmp_path / "two", tmp_path / "one").volume


def test_a_unit_that_is_enabled_on_the_disk_is_there() -> None:
    """A name that is misspelt would be left out without a word."""
    argv = root_argv(recipe(), Path("/place"))
    preset = next(word for word in argv if "enable %s" in word).split('" ', 1)[1].split(" >")[0].split()
    units = PROJECT / "roles/lab/files"
    own = [unit for unit in preset if unit not in ("ssh.service", "logrotate.timer")]
    assert own
    for unit in own:
        assert list(units.glob(f"*/etc/systemd/system/{unit}")), unit
