# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mend of crm_attribute as Ansible runs it: check, change, nothing, and away again."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.tests.support.module_process import run_module
from ansible_collections.pgha.cluster.tests.support.programs import FakePrograms

_BROKEN = '#!/bin/sh\n[ "$1" = --promotion ] && n=pgha-probe || n=FINITY\necho "map name=$n to" >&2\nexit 105\n'


@pytest.fixture(name="tool")
def _tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tool, diverted = tmp_path / "crm_attribute", tmp_path / "diverted"
    tool.write_text(_BROKEN)
    tool.chmod(0o755)
    programs = FakePrograms(tmp_path / "bin", monkeypatch)
    programs.add("cibadmin", "echo '<cib/>'")
    programs.add(
        "dpkg-divert",
        f"""case "$*" in
        --list*) [ -e {diverted} ] && echo "local diversion of {tool} to {tool}.pgha-real"; exit 0;;
        *--add*) touch {diverted};;
        *--remove*) rm {diverted};;
        esac""",
    )
    return tool


def test_check_mode_then_the_mend_then_nothing(tool: Path) -> None:
    arguments = {"path": str(tool)}
    planned = run_module("crm_attribute_mend", arguments, check_mode=True)
    assert (planned["changed"], planned["real_tool"]) == (True, "wrong")
    assert tool.read_text() == _BROKEN
    assert run_module("crm_attribute_mend", arguments)["steps"] == planned["steps"]
    assert tool.read_text() != _BROKEN
    assert run_module("crm_attribute_mend", arguments)["changed"] is False
    assert run_module("crm_attribute_mend", arguments, check_mode=True)["changed"] is False


def test_a_server_without_the_tool(tmp_path: Path) -> None:
    arguments = {"path": str(tmp_path / "none")}
    assert run_module("crm_attribute_mend", arguments, check_mode=True)["real_tool"] == "missing"
    assert "install pacemaker-cli-utils" in run_module("crm_attribute_mend", arguments)["msg"]
