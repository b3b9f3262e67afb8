# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image of lab servers and its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.module_utils.lab.image import (
    Images,
    build_argv,
    contents,
    reference,
)


def test_the_name_follows_everything_that_goes_into_the_image() -> None:
    name = reference("bookworm", ["a", "b"], {"etc/x": b"1"})
    assert name.startswith("localhost/pgha-lab:bookworm-")
    assert name == reference("bookworm", ["b", "a"], {"etc/x": b"1"})
    others = {
        reference("trixie", ["a", "b"], {"etc/x": b"1"}),
        reference("bookworm", ["a"], {"etc/x": b"1"}),
        reference("bookworm", ["a", "b"], {"etc/x": b"2"}),
        reference("bookworm", ["a", "b"], {"etc/y": b"1"}),
    }
    assert len(others | {name}) == 5


def test_contents_are_files_by_their_place_in_the_image(tmp_path: Path) -> None:
    (tmp_path / "etc/systemd").mkdir(parents=True)
    (tmp_path / "etc/systemd/a.service").write_bytes(b"x")
    assert contents(tmp_path) == {"etc/systemd/a.service": b"x"}


def test_the_build_names_no_host_and_leaves_no_shared_host_key() -> None:
    argv = build_argv("trixie", ["b", "a"], Path("/files"), Path("/root.tar"))
    assert argv[-2:] == ["trixie", "/root.tar"]
    assert "--include=a,b" in argv
    assert any("ssh_host_" in word and word.startswith("--customize-hook=rm") for word in argv)


class Machine:
    """Commands that fail where told to, recorded."""

    def __init__(self, fails: str = "") -> None:
        self.fails = fails
        self.ran: list[str] = []

    def __call__(
        self, argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        self.ran.append(" ".join(argv[:2]))
        return Completed(1 if argv[0] == self.fails else 0, "", "broken")


def test_an_image_gets_its_name_after_it_was_built() -> None:
    machine = Machine()
    Images(machine).build("name", "bookworm", ["a"], Path("/files"))
    assert machine.ran == ["mmdebstrap --quiet", "podman import"]


def test_a_failed_build_imports_nothing() -> None:
    machine = Machine(fails="mmdebstrap")
    with pytest.raises(PghaError, match="could not be built"):
        Images(machine).build("name", "bookworm", ["a"], Path("/files"))
    assert machine.ran == ["mmdebstrap --quiet"]


@pytest.mark.parametrize(("rc", "exists"), [(0, True), (1, False)])
def test_podman_says_whether_an_image_exists(rc: int, exists: bool) -> None:
    assert Images(lambda *_args, **_options: Completed(rc, "", "")).exists("name") is exists


def test_a_podman_that_does_not_work_is_not_a_missing_image() -> None:
    with pytest.raises(PghaError, match="podman does not work"):
        Images(lambda *_args, **_options: Completed(125, "", "no cgroups")).exists("name")
