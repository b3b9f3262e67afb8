# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd and the kernel say of a unit and its directory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.modules import unit_info


def look(directory: Path | str, rc: int = 0) -> tuple[dict[str, Any], list[Sequence[str]]]:
    calls: list[Sequence[str]] = []

    def runner(argv: Sequence[str], **_options: Any) -> Completed:
        calls.append(argv)
        return Completed(rc, "LoadState=loaded\nActiveState=active\n", "no bus")

    return unit_info.work({"unit": "nginx", "directory": str(directory)}, runner), calls


def test_a_unit_with_its_directory_is_the_primary(tmp_path: Path) -> None:
    result, calls = look("/proc")
    assert (result["changed"], result["service"]["role"]) == (False, "primary")
    assert calls == [["systemctl", "show", "--property=LoadState,ActiveState", "nginx.service"]]
    assert look(tmp_path)[0]["service"]["role"] == "outside the cluster"
    assert look(tmp_path / "none")[0]["service"]["role"] == "outside the cluster"


def test_a_systemd_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PghaError, match="does not say what nginx is"):
        look(tmp_path, rc=1)
