# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the package's own cluster goes aside once, and nobody else's does."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.tests.support.module_process import run_module
from ansible_collections.pgha.cluster.tests.support.programs import FakePrograms

_CONFIG = "nodelist {\n  node {\n    name: node1\n  }\n}\n"
_CIB = "<cib><configuration><nodes><node uname='{node}'/></nodes><resources/><constraints/></configuration></cib>"


@pytest.fixture(name="arguments")
def _arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A server as the package leaves it."""
    config, state = tmp_path / "corosync.conf", tmp_path / "cib"
    config.write_text(_CONFIG)
    state.mkdir()
    (state / "cib.xml").write_text(_CIB.format(node="node1"))
    checksum = hashlib.md5(_CONFIG.encode(), usedforsecurity=False).hexdigest()
    programs = FakePrograms(tmp_path / "bin", monkeypatch)
    programs.add("dpkg-query", f"echo ' {config} {checksum}'")
    programs.add("systemctl", "exit 0")
    return {"config": str(config), "directories": [str(state)]}


def test_it_goes_once(arguments: dict[str, Any], tmp_path: Path) -> None:
    assert run_module("corosync_leftover", arguments)["moved"] == [str(tmp_path / "cib")]
    assert list((tmp_path / "cib").iterdir()) == []
    (aside,) = tmp_path.glob("cib.package-default-*")
    assert (aside / "cib.xml").exists()
    assert run_module("corosync_leftover", arguments)["changed"] is False


def test_check_mode_moves_nothing(arguments: dict[str, Any], tmp_path: Path) -> None:
    assert run_module("corosync_leftover", arguments, check_mode=True)["changed"] is True
    assert (tmp_path / "cib" / "cib.xml").exists()


def test_with_a_configuration_of_somebody_s_nothing_moves(arguments: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "corosync.conf").write_text(_CONFIG + "# ours\n")
    assert run_module("corosync_leftover", arguments)["changed"] is False
    assert (tmp_path / "cib" / "cib.xml").exists()


def test_a_cib_of_other_servers_is_refused(arguments: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "cib" / "cib.xml").write_text(_CIB.format(node="db7"))
    result = run_module("corosync_leftover", arguments)
    assert result["failed"] is True
    assert "db7" in result["msg"]
    assert (tmp_path / "cib" / "cib.xml").exists()
