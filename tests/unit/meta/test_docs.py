# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pages promise exists: every link, every command, and for every safety rule its tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from . import house

ADR = house.ROOT / "docs" / "adr"
PAGES = [path for path in house.files("*.md") if "tests/fixtures" not in str(path)]
RULES = sorted(ADR.glob("S*.md"))


@pytest.mark.parametrize("number", range(1, 7))
def test_every_safety_rule_has_a_page_in_the_index(number: int) -> None:
    pages = list(ADR.glob(f"S{number}-*.md"))
    assert len(pages) == 1
    assert f"({pages[0].name})" in (ADR / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", RULES, ids=house.name_of)
def test_a_safety_rule_names_its_danger_its_decision_and_tests_that_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)", text, re.MULTILINE) == ["Danger", "Decision", "Proof"]
    proofs = re.findall(r"`((?:tests|molecule)/[\w/]+\.py)(?:::(\w+))?`", text.split("## Proof")[1])
    assert proofs
    for path, test in proofs:
        source = house.ROOT / path
        assert source.exists(), f"{path} does not exist"
        assert f"def {test or 'test_'}" in source.read_text(encoding="utf-8"), f"{path} has no {test}"


def test_links_playbooks_and_make_targets_exist() -> None:
    makefile = (house.ROOT / "Makefile").read_text(encoding="utf-8")
    missing = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        links = [target for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in target]
        missing += [f"{house.name_of(page)}: {target}" for target in links if not (page.parent / target).exists()]
        for playbook in re.findall(r"\bplaybooks/[\w/]+\.yml", text):
            if not (house.ROOT / playbook).exists():
                missing.append(f"{house.name_of(page)}: {playbook}")
        for target in re.findall(r"(?:`|^    )make ([a-z-]+)", text, re.MULTILINE):
            if not re.search(rf"^{target}:", makefile, re.MULTILINE) and not target.startswith("molecule-"):
                missing.append(f"{house.name_of(page)}: make {target}")
    assert not missing
