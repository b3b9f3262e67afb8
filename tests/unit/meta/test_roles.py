# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles of one anatomy: what a role documents is what it does, keys and defaults alike."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from . import house

pytestmark = pytest.mark.parametrize("role", house.ROLES)


def _role(role: str) -> Path:
    return house.ROOT / "roles" / role


def _defaults(role: str) -> dict[str, Any]:
    path = _role(role) / "defaults" / "main.yml"
    return (house.load(path) or {}) if path.exists() else {}


def _entry_points(role: str) -> dict[str, dict[str, Any]]:
    path = _role(role) / "meta" / "argument_specs.yml"
    assert path.exists(), f"{house.name_of(path)} is missing"
    return {name: spec.get("options") or {} for name, spec in house.load(path)["argument_specs"].items()}


def test_defaults_and_documentation_name_the_same_variables(role: str) -> None:
    options = _entry_points(role)["main"]
    optional = {name for name, option in options.items() if "default" in option}
    assert optional == set(_defaults(role)), "an option with a default in one place only"
    without = {name for name, option in options.items() if "default" not in option and not option.get("required")}
    assert not without, f"neither required nor with a default: {without}"


def test_defaults_and_documentation_name_the_same_values(role: str) -> None:
    defaults = _defaults(role)
    for name, option in _entry_points(role)["main"].items():
        if "default" in option:
            assert option["default"] == defaults[name], name


def test_every_option_is_described_and_typed(role: str) -> None:
    for entry, options in _entry_points(role).items():
        for name, option in options.items():
            assert option.get("description"), f"{entry}: {name} has no description"
            assert option.get("type"), f"{entry}: {name} has no type"


def test_other_entry_points_add_no_variable(role: str) -> None:
    points = _entry_points(role)
    for entry, options in points.items():
        assert set(options) <= set(points["main"]), f"{entry} documents variables that main does not"
        assert (_role(role) / "tasks" / f"{entry}.yml").exists(), f"no task file for {entry}"


def test_variables_carry_the_role_s_name(role: str) -> None:
    foreign = [name for name in _defaults(role) if not name.startswith(f"{role}_")]
    assert not foreign


def test_the_readme_names_no_variable_that_is_gone(role: str) -> None:
    path = _role(role) / "README.md"
    assert path.exists(), f"{house.name_of(path)} is missing"
    known = set(_defaults(role)) | set(_entry_points(role)["main"])
    named = set(re.findall(rf"^\|.*?`({role}_[a-z_]+)`", path.read_text(encoding="utf-8"), re.MULTILINE))
    assert named <= known


def test_it_is_described_to_ansible(role: str) -> None:
    info = house.load(_role(role) / "meta" / "main.yml")["galaxy_info"]
    assert info["description"]
    assert info["license"] == "GPL-3.0-or-later"


def test_it_names_no_inventory_group_and_no_lab(role: str) -> None:
    # Only playbooks know groups; and what knows that it runs in the lab proves nothing about real servers.
    for path in house.files(f"roles/{role}/tasks", f"roles/{role}/templates", f"roles/{role}/handlers"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"groups\[|pgha_database|pgha_vote\b", text), house.name_of(path)
        if role != "lab":
            assert not re.search(r"\blab_[a-z]+", text), house.name_of(path)
