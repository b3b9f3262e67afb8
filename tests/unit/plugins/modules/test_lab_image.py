# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around the image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.modules import lab_image
from ansible_collections.pgha.cluster.tests.support.modules import module_with


class Podman:
    """Podman and mmdebstrap, which remember the images that were made."""

    def __init__(self) -> None:
        self.images: list[str] = []
        self.asked = 0
        self.made_meanwhile = False

    def __call__(
        self, argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        if list(argv[:3]) == ["podman", "image", "exists"]:
            self.asked += 1
            if self.made_meanwhile and self.asked > 1:
                return Completed(0, "", "")
            return Completed(0 if argv[3] in self.images else 1, "", "")
        if list(argv[:2]) == ["podman", "import"]:
            self.images.append(argv[-1])
        return Completed(0, "", "")


def provide(podman: Podman, files: Path, check_mode: bool = False, release: str = "bookworm") -> dict[str, Any]:
    """Run the module's work."""
    return lab_image.provide(module_with(check_mode, release=release, packages=["a"], files=str(files)), podman)


def test_the_quartet(tmp_path: Path) -> None:
    podman = Podman()
    assert provide(podman, tmp_path, check_mode=True)["changed"] is True
    assert podman.images == []
    result = provide(podman, tmp_path)
    assert result["changed"] is True
    assert podman.images == [result["image"]]
    assert provide(podman, tmp_path, check_mode=True)["changed"] is False
    assert provide(podman, tmp_path)["changed"] is False


def test_changed_files_make_another_image(tmp_path: Path) -> None:
    podman = Podman()
    first = provide(podman, tmp_path)["image"]
    (tmp_path / "new").write_text("x")
    assert provide(podman, tmp_path)["image"] != first


def test_who_waited_for_another_build_does_not_build_again(tmp_path: Path) -> None:
    podman = Podman()
    podman.made_meanwhile = True
    assert provide(podman, tmp_path)["changed"] is False
    assert podman.images == []
