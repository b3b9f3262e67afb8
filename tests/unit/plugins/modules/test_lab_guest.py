# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around what machines boot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.modules import lab_guest
from ansible_collections.pgha.cluster.tests.support.modules import module_with


class Podman:
    """Podman's volumes and the programs that build a disk."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.volumes: list[str] = []
        self.ran: list[list[str]] = []
        self.fails = ""

    def __call__(
        self, argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        words = list(argv)
        if words[:3] == ["podman", "volume", "exists"]:
            return Completed(0 if words[3] in self.volumes else 1, "", "")
        if words[:3] == ["podman", "volume", "inspect"]:
            return Completed(0, f"{self.place / words[-1]}\n", "")
        self.ran.append(words)
        if words[0] == self.fails:
            return Completed(1, "", "no sources")
        if words[:3] == ["podman", "volume", "create"]:
            self.volumes.append(words[3])
            (self.place / words[3]).mkdir()
        if words[0] == "mke2fs":
            Path(words[-2]).touch()
        return Completed(0, "", "")


@pytest.fixture
def podman(tmp_path: Path) -> Podman:
    """Return a podman without volumes, and a directory with files for the disk."""
    (tmp_path / "files").mkdir()
    return Podman(tmp_path)


def provide(podman: Podman, check_mode: bool = False, packages: Sequence[str] = ("a",)) -> dict[str, Any]:
    """Run the module's work."""
    params = {"release": "bookworm", "packages": list(packages), "files": [str(podman.place / "files")]}
    return lab_guest.provide(module_with(check_mode, **params), podman)


def test_the_quartet(podman: Podman) -> None:
    assert provide(podman, check_mode=True)["changed"] is True
    assert podman.volumes == []
    result = provide(podman)
    assert result["changed"] is True
    assert podman.volumes == [result["volume"]]
    assert provide(podman, check_mode=True)["changed"] is False
    assert provide(podman)["changed"] is False


def test_other_packages_and_other_files_make_another_disk(podman: Podman) -> None:
    volumes = {provide(podman)["volume"], provide(podman, packages=["b"])["volume"]}
    (podman.place / "files/new").write_text("x")
    assert len(volumes | {provide(podman)["volume"]}) == 3


def test_an_interrupted_build_is_done_again(podman: Podman) -> None:
    podman.fails = "mke2fs"
    with pytest.raises(PghaError, match="could not be built"):
        provide(podman)
    podman.fails = ""
    assert provide(podman)["changed"] is True
    assert len(podman.volumes) == 1


def test_nothing_starts_by_being_installed(podman: Podman) -> None:
    """A corosync of one server and a PostgreSQL that starts at boot would be there before the first deploy."""
    provide(podman)
    build = next(words for words in podman.ran if words[0] == "mmdebstrap")
    hooks = [word.split("=", 1)[1] for word in build if "-hook=" in word]
    assert any("create_main_cluster = false" in word for word in build if word.startswith("--essential-hook="))
    assert hooks.index('systemctl --root="$1" --quiet preset-all') > next(
        number for number, hook in enumerate(hooks) if "disable *" in hook
    )
