# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose data counts, in a configuration that outranks every other copy."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.cib import read
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.claim import claim

CIB = """<cib admin_epoch="3"><configuration><nodes>
  <node id="1" uname="n1"><instance_attributes id="nodes-1">
    <nvpair id="own-id" name="postgresql-data-status" value="{}"/><nvpair id="x" name="pgha-data" value="ready"/>
  </instance_attributes></node>
  <node id="2" uname="n2"/></nodes></configuration></cib>"""


def test_one_server_counts_and_no_other_one() -> None:
    change = read(claim(CIB.format("LATEST"), "postgresql", "n2"))
    assert change.get("admin_epoch") == "4"
    found = {
        node.get("id"): {one.get("name"): one.get("value") for one in node.iter("nvpair")}
        for node in change.iter("node")
    }
    assert found == {
        "1": {"postgresql-data-status": "DISCONNECT"},
        "2": {"pgha-data": "ready", "postgresql-data-status": "LATEST"},
    }
    assert next(one.get("id") for one in change.iter("nvpair")) == "own-id"


def test_what_is_recorded_so_already_is_left_alone() -> None:
    text = CIB.format("LATEST").replace(
        '<node id="2" uname="n2"/>',
        '<node id="2" uname="n2"><instance_attributes id="nodes-2"><nvpair id="y" name="postgresql-data-status" '
        'value="DISCONNECT"/></instance_attributes></node>',
    )
    assert not claim(text, "postgresql", "n1")


def test_a_server_that_is_not_known_is_named() -> None:
    with pytest.raises(PghaError, match="no server n3"):
        claim(CIB.format("LATEST"), "postgresql", "n3")
