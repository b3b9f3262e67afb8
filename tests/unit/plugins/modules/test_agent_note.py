# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notes on servers: kept side by side, written once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.modules import agent_note
from ansible_collections.pgha.cluster.tests.support.modules import module_with


def note(place: Path, name: str, check_mode: bool = False, **attributes: str | None) -> dict[str, Any]:
    given = {key.replace("_", "-"): value for key, value in attributes.items()}
    return agent_note._note(module_with(check_mode, name=name, attributes=given, path=str(place)))


def test_notes_are_kept_side_by_side_and_written_once(tmp_path: Path) -> None:
    place = tmp_path / "pgha" / "servers.json"
    assert note(place, "n1", pgha_hardware="a")["changed"]
    assert note(place, "n2", pgha_hardware="b")["changed"]
    assert note(place, "n2", pgha_fence_tested="c")["changed"]
    assert not note(place, "n2", pgha_hardware="b")["changed"]
    wanted = {"n1": {"pgha-hardware": "a"}, "n2": {"pgha-fence-tested": "c", "pgha-hardware": "b"}}
    assert json.loads(place.read_text()) == wanted


def test_an_empty_value_takes_a_note_away(tmp_path: Path) -> None:
    place = tmp_path / "servers.json"
    note(place, "n1", pgha_hardware="a", pgha_fence_tested="c")
    assert note(place, "n1", pgha_fence_tested="")["servers"] == {"n1": {"pgha-hardware": "a"}}
    assert note(place, "n1", pgha_hardware=None)["servers"] == {}


def test_check_mode_shows_the_same_and_writes_nothing(tmp_path: Path) -> None:
    place = tmp_path / "servers.json"
    shown = note(place, "n1", True, pgha_hardware="a")
    assert (shown["changed"], place.exists()) == (True, False)
    assert shown["diff"] == note(place, "n1", pgha_hardware="a")["diff"]


def test_a_file_that_somebody_else_wrote_is_not_overwritten(tmp_path: Path) -> None:
    place = tmp_path / "servers.json"
    place.write_text("mine", encoding="utf-8")
    with pytest.raises(PghaError, match="cannot be read"):
        note(place, "n1", pgha_hardware="a")
    assert place.read_text(encoding="utf-8") == "mine"
