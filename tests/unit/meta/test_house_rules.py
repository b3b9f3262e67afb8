# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must not stand in this repository: hidden failures, shells, foreign host names, giants."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from . import house

YAML = house.files("roles/*.yml", "playbooks/*.yml", "molecule/*.yml")
PYTHON = house.files("*.py")
TEXT = [path for path in house.files("*") if "tests/fixtures" not in str(path) and path.name != "LICENSE"]
SHELLS = {"ansible.builtin.shell", "shell", "ansible.builtin.raw", "raw"}
# In pieces, so that this file does not name them itself.
REGISTRIES = [
    "pypi" + ".org",
    "python" + "hosted",
    "npm" + "js",
    "galaxy." + "ansible",
    "quay" + ".io",
    "docker" + ".io",
]
PLACES = ["/work" + "/", "/root/." + "pyenv", "/opt/" + "wheels", "/opt/" + "pypi"]
FILE_LINES, FUNCTION_LINES, TASK_LINES, PLAYBOOK_LINES = 300, 40, 80, 150


def _hides_a_failure(task: dict[str, Any]) -> bool:
    return bool(task.get("ignore_errors")) or task.get("failed_when") in (False, "false", "no")


@pytest.mark.parametrize("path", YAML, ids=house.name_of)
def test_no_task_hides_its_failure_or_runs_a_shell(path: Path) -> None:
    for task in house.mappings(house.load(path)):
        assert not _hides_a_failure(task), task.get("name")
        assert not SHELLS & set(task), task.get("name")
        assert "ansible.builtin.pause" not in task, f"{task.get('name')}: wait for a condition instead"


@pytest.mark.parametrize("path", TEXT, ids=house.name_of)
def test_no_registry_and_no_place_of_one_machine_is_named(path: Path) -> None:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    assert not [word for word in REGISTRIES + PLACES if word in text]


@pytest.mark.parametrize("path", [path for path in PYTHON if path.stat().st_size], ids=house.name_of)
def test_python_has_its_licence_and_its_size(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "SPDX-License-Identifier: GPL-3.0-or-later" in text
    assert len(text.splitlines()) <= FILE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= FUNCTION_LINES, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", house.files("roles/*.yml", "playbooks/*.yml"), ids=house.name_of)
def test_yaml_has_its_licence_and_its_size(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "---"
    assert lines[1].startswith("# SPDX-License-Identifier: GPL-3.0-or-later")
    if path.parent.name == "tasks":
        assert len(lines) <= TASK_LINES
    if path.parent.name == "playbooks":
        assert len(lines) <= PLAYBOOK_LINES


def test_nothing_is_excused_from_ansible_test() -> None:
    assert not [house.name_of(path) for path in house.files("tests/sanity/ignore*") if path.stat().st_size]


def test_every_python_package_is_locked_by_its_hash() -> None:
    lock = (house.ROOT / "requirements.txt").read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"^\s*#.*\n", "", lock, flags=re.MULTILINE))
    unlocked = [block.split("\n")[0] for block in blocks if block.strip() and "--hash=sha256:" not in block]
    assert not unlocked
    wanted = {re.split(r"[<>=\[;]", line)[0].strip() for line in (house.ROOT / "requirements.in").read_text().split()}
    locked = {re.split(r"[=\[]", block)[0].lower().replace("_", "-") for block in blocks}
    assert {name.lower() for name in wanted if name} <= locked


def test_the_words_of_the_trade_are_used() -> None:
    old = re.compile(r"\b(" + "mas" + r"ter|sla" + r"ve)s?\b", re.IGNORECASE)
    found = [
        house.name_of(path)
        for path in house.files("docs/*.md", "README.md", "roles/*/README.md", "playbooks/*.yml")
        if old.search(path.read_text(encoding="utf-8"))
    ]
    assert not found
