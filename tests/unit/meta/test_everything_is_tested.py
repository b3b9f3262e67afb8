# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing without a test, no test that asserts nothing, no fixture of unknown origin."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from . import house

# The doors to a server, and the boundary to Ansible, are passed by the modules' own tests, against real processes.
DOORS = {"__init__.py", "gateway.py", "boundary.py"}
UTILS = [path for path in house.files("plugins/module_utils/*.py") if path.name not in DOORS]
FILTERS = [path for path in house.files("plugins/filter/*.py") if path.name != "__init__.py"]
UNIT_TESTS = house.files("tests/unit/*.py")
TESTS = [path for path in house.files("tests/*.py", "molecule/*.py") if path.name.startswith("test_")]
FIXTURES = sorted({path.parent for path in house.files("tests/fixtures/*")})
# Helpers that fail by themselves; their names say so.
JUDGES = ("assert", "check", "fail", "judge", "must", "refuse", "wait", "writes_return", "primary_is", "nobody")


@pytest.mark.parametrize("module", house.MODULES)
def test_a_module_has_its_test_file(module: str) -> None:
    path = house.ROOT / "tests" / "unit" / "plugins" / "modules" / f"test_{module}.py"
    assert path.exists(), f"{house.name_of(path)} is missing"
    assert "def test_" in path.read_text(encoding="utf-8"), f"{house.name_of(path)} holds no test"


@pytest.mark.parametrize("path", UTILS + FILTERS, ids=house.name_of)
def test_code_that_modules_share_is_imported_by_a_unit_test(path: Path) -> None:
    parts = path.relative_to(house.ROOT).with_suffix("").parts
    package, name = ".".join(parts[:-1]), parts[-1]
    mentions = (f"{package}.{name} import", f"{package}.{name} as", f"import {package}.{name}")
    for test in UNIT_TESTS:
        text = test.read_text(encoding="utf-8")
        if any(mention in text for mention in mentions) or _imports_from(test, package, name):
            return
    pytest.fail(f"no unit test imports {house.name_of(path)}")


def _imports_from(test: Path, package: str, name: str) -> bool:
    found = False
    for node in ast.walk(ast.parse(test.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith(package):
            found = found or name in {alias.name for alias in node.names}
    return found


def _judges(node: ast.AST) -> bool:
    """Tell whether a piece of a test can fail it on purpose."""
    if isinstance(node, ast.Assert):
        return True
    if not isinstance(node, ast.Call):
        return False
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return called == "raises" or called.lstrip("_").startswith(JUDGES)


def test_every_test_asserts_something() -> None:
    idle = []
    for path in TESTS:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        tests = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
        assert tests, f"no test in {house.name_of(path)}"
        idle += [
            f"{house.name_of(path)}: {test.name}" for test in tests if not any(_judges(node) for node in ast.walk(test))
        ]
    assert not idle


def test_every_fixture_says_where_it_comes_from() -> None:
    # One page for all versions of a tool is as good as one in each.
    top = house.ROOT / "tests" / "fixtures"
    silent = []
    for directory in FIXTURES:
        places = [directory, *(parent for parent in directory.parents if parent.is_relative_to(top) and parent != top)]
        if not any((place / "SOURCE.md").exists() for place in places):
            silent.append(house.name_of(directory))
    assert not silent
