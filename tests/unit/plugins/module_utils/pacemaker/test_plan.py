# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: owned objects follow the text, foreign ones stay, and a plan that was applied leaves nothing to do."""

from __future__ import annotations

import copy
import xml.etree.ElementTree as ET

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import cib
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.cib import Key
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.crmtext import parse_text
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.plan import Plan, make_plan, scratch
from hypothesis import given
from hypothesis import strategies as st


def _primitive(name: str, value: str = "1", prefix: str = "") -> str:
    return (
        f'<primitive id="{name}" class="ocf" provider="pacemaker" type="Dummy">'
        f'<instance_attributes id="{prefix}{name}-ia">'
        f'<nvpair id="{prefix}{name}-v" name="v" value="{value}"/></instance_attributes></primitive>'
    )


def _live(resources: str = "", constraints: str = "", properties: str = "") -> ET.Element:
    return cib.read(
        '<cib admin_epoch="0" epoch="7" num_updates="3"><configuration><crm_config>'
        f'<cluster_property_set id="cib-bootstrap-options">{properties}</cluster_property_set></crm_config>'
        '<nodes><node id="1" uname="n1"><instance_attributes id="nodes-1"><nvpair id="k" name="keep" value="1"/>'
        f"</instance_attributes></node></nodes><resources>{resources}</resources><constraints>{constraints}</constraints>"
        '</configuration><status><node_state id="1"/></status></cib>'
    )


def _plan(live: ET.Element, text: str, wants: list[tuple[str, str]], *, name: str = "demo", purge: bool = True) -> Plan:
    base = scratch(live, parse_text(text), name)
    loaded = copy.deepcopy(base)
    for section, xml in wants:
        parent = cib.configuration(loaded).find(section)
        if parent is None:
            parent = ET.SubElement(cib.configuration(loaded), section)
        parent.append(ET.fromstring(xml))
    return make_plan(live, base, loaded, name=name, purge=purge)


def _ids(root: ET.Element, section: str) -> list[str]:
    return [key.id for key in cib.objects(root) if key.section == section]


def test_a_first_run_adds_and_owns() -> None:
    plan = _plan(_live(_primitive("foreign")), "primitive a x", [("resources", _primitive("a"))])
    assert _ids(plan.desired, "resources") == ["foreign", "a"]
    assert cib.registries(plan.desired) == {"demo": {Key("resources", "a")}}
    assert (plan.desired.get("epoch"), plan.desired.get("num_updates")) == ("8", "0")


def test_a_rest_stays_though_crmsh_does_not_see_it() -> None:
    live = _live()
    rest = '<cluster_property_set id="rest"><rule id="r"/><nvpair id="m" name="maintenance-mode" value="true"/>'
    cib.configuration(live)[0].append(ET.fromstring(f"{rest}</cluster_property_set>"))
    assert "maintenance-mode" not in cib.write(scratch(live, parse_text("primitive a x"), "demo"))
    plan = _plan(live, "primitive a x", [("resources", _primitive("a"))])
    assert "maintenance-mode" in cib.write(plan.desired)
    assert [change.key for change in plan.changes] == [Key("resources", "a")]


def test_generated_ids_make_no_difference() -> None:
    first = _plan(_live(), "primitive a x", [("resources", _primitive("a"))]).desired
    assert _plan(first, "primitive a x", [("resources", _primitive("a", prefix="other-"))]).empty


def test_an_equal_foreign_object_is_taken_over_without_a_change() -> None:
    plan = _plan(_live(_primitive("a")), "primitive a x", [("resources", _primitive("a"))])
    assert not plan.empty
    assert plan.changes == ()
    assert plan.newly_managed == (Key("resources", "a"),)


@pytest.mark.parametrize(("purge", "left"), [(True, ["f", "a"]), (False, ["f", "a", "b"])])
def test_purge(purge: bool, left: list[str]) -> None:
    both = [("resources", _primitive("a")), ("resources", _primitive("b"))]
    first = _plan(_live(_primitive("f")), "primitive a x\nprimitive b x", both).desired
    plan = _plan(first, "primitive a x", [("resources", _primitive("a"))], purge=purge)
    assert _ids(plan.desired, "resources") == left
    assert plan.empty is not purge


def test_nodes_status_and_foreign_properties_stay() -> None:
    live = _live(properties='<nvpair id="p" name="stonith-enabled" value="true"/>')
    pair = '<nvpair id="q" name="placement-strategy" value="utilization"/>'
    wants = f'<cluster_property_set id="demo-set">{pair}</cluster_property_set>'
    plan = _plan(live, "property demo-set: placement-strategy=utilization", [("crm_config", wants)])
    nodes, status = plan.desired.find("configuration/nodes"), plan.desired.find("status")
    assert nodes is not None and status is not None
    assert ET.tostring(nodes) == ET.tostring(next(live.iter("nodes")))
    assert ET.tostring(status) == ET.tostring(next(live.iter("status")))
    assert Key("crm_config", "cib-bootstrap-options/stonith-enabled") in cib.objects(plan.desired)


def test_a_property_that_is_purged_leaves_its_neighbours() -> None:
    live = _live(properties='<nvpair id="p" name="keep" value="1"/><nvpair id="q" name="mine" value="1"/>')
    cib.set_registry(live, "demo", frozenset({Key("crm_config", "cib-bootstrap-options/mine")}))
    plan = _plan(live, "", [])
    assert _ids(plan.desired, "crm_config") == ["cib-bootstrap-options/keep"]
    assert cib.registries(plan.desired) == {}


def test_an_object_of_another_configuration_is_refused() -> None:
    first = _plan(_live(), "primitive a x", [("resources", _primitive("a"))], name="other").desired
    with pytest.raises(PghaError, match="a is managed by the configuration named 'other'"):
        _plan(first, "primitive a x", [("resources", _primitive("a"))])


def test_a_foreign_constraint_is_not_left_without_its_resource() -> None:
    live = _live(_primitive("a"), '<rsc_location id="cli-ban-a" rsc="a" node="n1" score="-INFINITY"/>')
    cib.set_registry(live, "demo", frozenset({Key("resources", "a")}))
    with pytest.raises(PghaError, match="the constraint cli-ban-a speaks of it") as caught:
        _plan(live, "", [])
    assert caught.value.next_step is not None
    assert "crm resource clear a" in caught.value.next_step


def test_a_resource_inside_a_foreign_group_is_refused() -> None:
    live = _live(f'<group id="theirs">{_primitive("a")}</group>')
    with pytest.raises(PghaError, match="inside theirs, which this configuration does not manage"):
        _plan(live, "primitive a x", [])


@pytest.mark.parametrize("purge", [True, False])
def test_a_resource_leaves_our_group(purge: bool) -> None:
    group = f'<group id="g">{_primitive("a")}</group>'
    first = _plan(_live(), "primitive a x\ngroup g a", [("resources", group)]).desired
    plan = _plan(first, "primitive a x", [("resources", _primitive("a"))], purge=purge)
    assert _ids(plan.desired, "resources") == ["a"]


def test_one_id_twice_is_refused() -> None:
    live = _live(constraints='<rsc_location id="l" rsc="f" score="1" node="n1"><rule id="taken"/></rsc_location>')
    with pytest.raises(PghaError, match="The id taken would exist twice"):
        _plan(live, "primitive taken x", [("resources", _primitive("taken"))])


def test_fencing_levels_of_others_stay() -> None:
    live = _live()
    topology = ET.SubElement(cib.configuration(live), "fencing-topology")
    ET.SubElement(topology, "fencing-level", {"id": "fencing", "target": "n9", "index": "1", "devices": "f9"})
    level = '<fencing-level id="fencing" target="n1" index="1" devices="f1"/>'
    base = scratch(live, parse_text("fencing_topology n1: f1"), "demo")
    loaded = copy.deepcopy(base)
    ET.SubElement(cib.configuration(loaded), "fencing-topology").append(ET.fromstring(level))
    plan = make_plan(live, base, loaded, name="demo", purge=True)
    assert _ids(plan.desired, "fencing-topology") == ["n9:1", "n1:1"]
    assert make_plan(plan.desired, base, loaded, name="demo", purge=True).empty


NAMES = st.sampled_from("abcdef")
VALUES = st.dictionaries(NAMES, st.sampled_from("123"))


@given(foreign=VALUES, first=VALUES, second=VALUES, purge=st.booleans())
def test_what_was_applied_leaves_nothing_to_do(
    foreign: dict[str, str], first: dict[str, str], second: dict[str, str], purge: bool
) -> None:
    root = _live("".join(_primitive(f"x{name}", value) for name, value in foreign.items()))
    theirs = {key: cib.canonical(element) for key, element in cib.objects(root).items()}
    for step in (first, second):
        text = "".join(f"primitive {name} x\n" for name in step)
        wants = [("resources", _primitive(name, value)) for name, value in step.items()]
        root = _plan(root, text, wants, purge=purge).desired
        assert _plan(root, text, wants, purge=purge).empty
    there = {key: cib.canonical(element) for key, element in cib.objects(root).items()}
    assert theirs.items() <= there.items()
    mine = {key.id for key in there if key not in theirs}
    assert mine == (set(second) if purge else set(first) | set(second))
