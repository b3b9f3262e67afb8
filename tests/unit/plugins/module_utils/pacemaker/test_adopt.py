# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which changes need no restart, and that the cluster looks anew at what they are about before it goes on."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import adopt, cib
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.plan import Change, Plan

ALLOWED = {"postgresql": ["node_list"]}


def clone(agent: str = "pgsql", most: int = 2, **parameters: str) -> str:
    pairs = "".join(f'<nvpair id="p-{name}" name="{name}" value="{value}"/>' for name, value in parameters.items())
    return (
        f'<clone id="postgresql-clone"><meta_attributes id="m"><nvpair id="m-x" name="clone-max" value="{most}"/>'
        f'</meta_attributes><primitive id="postgresql" class="ocf" provider="heartbeat" type="{agent}">'
        f'<instance_attributes id="i">{pairs}</instance_attributes></primitive></clone>'
    )


def plan(before: str, after: str) -> Plan:
    def root(text: str) -> ET.Element:
        return ET.fromstring(f"<cib><configuration><resources>{text}</resources></configuration></cib>")

    old, new = (ET.fromstring(text) if text else None for text in (before, after))
    change = Change(cib.Key("resources", "postgresql-clone"), old, new)
    return Plan(root(before), root(after), (change,), (), ())


TWO = clone(node_list="n1 n2", pgport="5432")


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (TWO, clone(most=3, node_list="n1 n2 n3", pgport="5432"), ["postgresql"]),
        (TWO, clone(node_list="n1 n2 n3", pgport="5433"), []),
        (TWO, clone(node_list="n1 n2", pgport="5432", more="1"), []),
        (TWO, clone(most=3, node_list="n1 n2", pgport="5432"), []),
        (TWO, clone("other", node_list="n1 n2 n3", pgport="5432"), []),
        ("", TWO, []),
        (TWO, "", []),
    ],
    ids=["node_list", "port too", "another one too", "clone-max only", "other agent", "added", "removed"],
)
def test_only_what_the_agent_reads_anew_needs_no_restart(before: str, after: str, found: list[str]) -> None:
    assert adopt.adopted(plan(before, after), ALLOWED) == found
    assert adopt.adopted(plan(before, after), {}) == []


def test_what_the_cluster_does_by_itself_is_foretold_without_the_restart_that_does_not_happen() -> None:
    changed = plan(TWO, clone(most=3, node_list="n1 n2 n3", pgport="5432"))
    foretold = cib.write(adopt.without(changed, ["postgresql"]).desired)
    assert 'value="n1 n2"' in foretold
    assert 'name="clone-max" value="3"' in foretold
    assert 'value="n1 n2 n3"' in cib.write(changed.desired), "the plan itself stays what it was"
