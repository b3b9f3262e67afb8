# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must not stand in this repository: hidden failures, shells, foreign host names, giants."""

from __future__ import annotations

import ast
import re
from typing import Any

from . import house

YAML = house.files("roles/*.yml", "playbooks/*.yml", "molecule/*.yml")
PYTHON = house.files("*.py")
TEXT = [path for path in house.files("*") if "tests/fixtures" not in str(path) and path.name != "LICENSE"]
TASKS = house.files("roles/*/tasks/*.yml")
PLAYBOOKS = house.files("playbooks/*.yml")
LICENCE = "SPDX-License-Identifier: GPL-3.0-or-later"
# A shell hides what fails inside of it; a pause hides what it should have waited for.
FORBIDDEN = {f"{prefix}{name}" for prefix in ("", "ansible.builtin.") for name in ("shell", "raw", "pause")}
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


def test_no_task_hides_its_failure_or_runs_a_shell() -> None:
    found = [
        f"{house.name_of(path)}: {task.get('name')}"
        for path in YAML
        for task in house.mappings(house.load(path))
        if _hides_a_failure(task) or FORBIDDEN & set(task)
    ]
    assert not found


def test_no_result_has_the_name_of_what_a_person_sets() -> None:
    """What is set with -e hides every result of that name. Seen: a rebuild with -e pgha_rebuild=clone never began."""
    texts = {path: path.read_text(encoding="utf-8") for path in house.files("playbooks/*.yml", "*.md")}
    chosen = {name for text in texts.values() for name in re.findall(r"-e '?{?\"?(\w+)", text)}
    assert "pgha_rebuild" in chosen
    results = {name for path, text in texts.items() for name in re.findall(r"^ +register: (\w+)", text, re.MULTILINE)}
    assert results
    assert not results & chosen


def test_no_registry_and_no_place_of_one_machine_is_named() -> None:
    found = []
    for path in TEXT:
        content = path.read_bytes()
        found += [f"{house.name_of(path)}: {word}" for word in REGISTRIES + PLACES if word.encode() in content]
    assert not found


def test_no_file_and_no_function_is_a_giant() -> None:
    found = []
    for path in PYTHON:
        text = path.read_text(encoding="utf-8")
        if len(text.splitlines()) > FILE_LINES:
            found.append(f"{house.name_of(path)}: {len(text.splitlines())} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES:
                found.append(f"{house.name_of(path)}: {node.name}")
    for path, most in [*((path, TASK_LINES) for path in TASKS), *((path, PLAYBOOK_LINES) for path in PLAYBOOKS)]:
        if len(path.read_text(encoding="utf-8").splitlines()) > most:
            found.append(f"{house.name_of(path)}: more than {most} lines")
    assert not found


def test_every_source_names_its_licence() -> None:
    sources = [path for path in [*PYTHON, *house.files("roles/*.yml", "playbooks/*.yml")] if path.stat().st_size]
    assert not [house.name_of(path) for path in sources if LICENCE not in path.read_text(encoding="utf-8")[:400]]


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
