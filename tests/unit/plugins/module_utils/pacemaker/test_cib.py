# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CIB's objects: what they mean without generated ids, and who owns them."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import cib
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.cib import Key
from ansible_collections.pgha.cluster.tests.support.fake_pacemaker import VERSIONS, fixture
from hypothesis import given
from hypothesis import strategies as st

SECTIONS = st.sampled_from(["resources", "constraints", "crm_config", "fencing-topology"])
KEYS = st.frozensets(st.builds(Key, SECTIONS, st.text(min_size=1, max_size=12).filter(lambda s: s.isprintable())))


@pytest.mark.parametrize("version", VERSIONS)
def test_objects_of_a_real_cluster(version: str) -> None:
    found = cib.objects(cib.read(fixture(version, "cib-healthy.xml")))
    assert {
        Key("resources", "postgresql-clone"),
        Key("resources", "pair"),
        Key("constraints", "write-with-primary"),
        Key("crm_config", "cib-bootstrap-options/no-quorum-policy"),
        Key("rsc_defaults", "rsc-options/resource-stickiness"),
    } <= set(found)
    assert not [key for key in found if key.section == "nodes"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ('<op id="a" name="monitor" interval="1s"/>', '<op interval="1s" name="monitor" id="b"/>', True),
        ('<op id="a" name="monitor" interval="1s"/>', '<op id="a" name="monitor" interval="2s"/>', False),
        (
            '<operations><op id="a" name="start"/><op id="b" name="stop"/></operations>',
            '<operations id="o"><op id="c" name="stop"/><op id="d" name="start"/></operations>',
            True,
        ),
        (
            '<group id="g"><primitive id="a"/><primitive id="b"/></group>',
            '<group id="g"><primitive id="b"/><primitive id="a"/></group>',
            False,
        ),
        ('<group id="g"><primitive id="a"/></group>', '<group id="g"><primitive id="c"/></group>', False),
        (
            '<rule id="r" score="1"><expression id="e"/></rule>',
            '<rule id="q" score="1"><expression id="f"/></rule>',
            True,
        ),
    ],
)
def test_meaning(one: str, other: str, same: bool) -> None:
    assert (cib.canonical(ET.fromstring(one)) == cib.canonical(ET.fromstring(other))) is same


def test_generated_ids_count_where_something_refers_to_them() -> None:
    one, other = ET.fromstring('<op id="a" name="monitor"/>'), ET.fromstring('<op id="b" name="monitor"/>')
    assert cib.canonical(one, keep_ids=True) != cib.canonical(other, keep_ids=True)


@given(KEYS)
def test_registry_round_trip(keys: frozenset[Key]) -> None:
    root = cib.read("<cib epoch='1' admin_epoch='0'><configuration/></cib>")
    cib.set_registry(root, "demo", keys)
    again = cib.read(cib.write(root))
    assert cib.registries(again).get("demo", frozenset()) == keys
    assert not cib.objects(again)


@pytest.mark.parametrize(
    ("text", "place"),
    [("<cib", "line 1, column"), ("<cib/>", "/cib"), ("<html><configuration/></html>", "/html")],
)
def test_what_is_no_cib_is_refused_with_its_place(text: str, place: str) -> None:
    with pytest.raises(ParseError, match=place):
        cib.read(text)
