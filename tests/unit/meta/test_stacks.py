# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every stack offers the verbs of the playbooks, also those that a check refuses before a server is touched."""

from __future__ import annotations

import pytest

from . import house

VERBS = {
    str(include["tasks_from"])
    for path in house.files("playbooks/*.yml")
    for mapping in house.mappings(house.load(path))
    if isinstance(include := mapping.get("ansible.builtin.include_role"), dict) and "stack_{{" in str(include["name"])
}
STACKS = [role for role in house.ROLES if role.startswith("stack_")]


def test_the_playbooks_have_verbs() -> None:
    assert {"discover", "observe", "deploy", "start", "switchover", "rebuild_standby"} <= VERBS


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_offers_the_verbs_of_the_playbooks(stack: str) -> None:
    offered = {path.stem for path in (house.ROOT / "roles" / stack / "tasks").glob("*.yml")}
    assert offered >= VERBS


@pytest.mark.parametrize("stack", STACKS)
def test_what_a_stack_includes_of_another_one_is_there(stack: str) -> None:
    for path in house.files(f"roles/{stack}/tasks/*.yml"):
        for task in house.mappings(house.load(path)):
            include = task.get("ansible.builtin.include_role") or {}
            name = str(include.get("name", ""))
            if name.startswith("pgha.cluster.stack_"):
                other = house.ROOT / "roles" / name.removeprefix("pgha.cluster.")
                assert (other / "tasks" / f"{include['tasks_from']}.yml").exists(), house.name_of(path)


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_hands_on_what_the_modules_that_decide_take(stack: str) -> None:
    for verb, fact in (("discover", "discovered"), ("observe", "observed")):
        tasks = list(house.mappings(house.load(house.ROOT / "roles" / stack / "tasks" / f"{verb}.yml")))
        [handed] = [str(one[f"{stack}_{fact}"]) for one in tasks if f"{stack}_{fact}" in one]
        asked = [one["pgha.cluster.server_info"] for one in tasks if "pgha.cluster.server_info" in one]
        if not asked:
            assert handed in {f"{{{{ {other}_{fact} }}}}" for other in STACKS if other != stack}
            continue
        assert set(asked[0]) >= {"name", "manager", "postgres"}
        assert f"__{stack}_look.server" in handed
        assert ("fence_devices" in asked[0], "settings" in handed) == (verb == "observe", verb == "discover")


@pytest.mark.parametrize("stack", [stack.removeprefix("stack_") for stack in STACKS])
def test_a_stack_has_a_lab_and_an_example(stack: str) -> None:
    for kind in ("lab", "example"):
        place = house.ROOT / "inventories" / f"{kind}_{stack}"
        assert house.load(place / "group_vars" / "all.yml")["pgha_stack"] == stack
        assert set(house.load(place / "hosts.yml")["all"]["children"]) == {"pgha_database", "pgha_vote"}
