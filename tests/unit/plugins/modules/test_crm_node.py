# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""crm_node: the quartet for state and attributes, and attributes of others left alone."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import cib, parse
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.gateway import Gateway
from ansible_collections.pgha.cluster.plugins.modules import crm_node
from ansible_collections.pgha.cluster.tests.support.fake_pacemaker import VERSIONS, FakePacemaker, fixture
from ansible_collections.pgha.cluster.tests.support.modules import module_with


@pytest.fixture(params=VERSIONS)
def cluster(request: pytest.FixtureRequest) -> FakePacemaker:
    version = request.param
    return FakePacemaker(fixture(version, "cib-healthy.xml"), fixture(version, "crm_mon-healthy.xml"))


def _first(cluster: FakePacemaker) -> str:
    return parse.parse_monitor(str(cluster.monitor)).nodes[0].name


def _run(cluster: FakePacemaker, *, check_mode: bool = False, **params: Any) -> dict[str, Any]:
    defaults = {"name": _first(cluster), "state": "unchanged", "attributes": {}, "lifetime": "forever", "wait": 5}
    return crm_node.work(module_with(check_mode, **{**defaults, **params}), Gateway(cluster))


@pytest.mark.parametrize("lifetime", ["forever", "reboot"])
@pytest.mark.parametrize("wanted", [{"state": "standby"}, {"state": "maintenance"}, {"attributes": {"w": "-INFINITY"}}])
def test_the_quartet(cluster: FakePacemaker, wanted: dict[str, Any], lifetime: str) -> None:
    before = cluster.cib
    assert _run(cluster, check_mode=True, lifetime=lifetime, **wanted)["changed"]
    assert cluster.cib == before
    assert _run(cluster, lifetime=lifetime, **wanted)["changed"]
    assert not _run(cluster, check_mode=True, lifetime=lifetime, **wanted)["changed"]
    assert not _run(cluster, lifetime=lifetime, **wanted)["changed"]
    lasting, transient = parse.parse_attributes(cib.read(cluster.cib))[_first(cluster)]
    assert lasting["pgha-data"] == "ready" and transient["connectivity"] == "100"


def test_a_null_deletes(cluster: FakePacemaker) -> None:
    result = _run(cluster, attributes={"pgha-data": None})
    assert result["diff"] == {"before": "pgha-data=ready (forever)\n", "after": ""}
    assert "pgha-data" not in cluster.cib
    assert not _run(cluster, attributes={"pgha-data": None})["changed"]


def test_an_attribute_that_does_not_arrive_is_an_error(cluster: FakePacemaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Gateway, "set_attribute", lambda *_args: None)
    with pytest.raises(PghaError, match="still differs after its attributes were set"):
        _run(cluster, attributes={"k": "v"}, wait=1)


class Forgetful(FakePacemaker):
    """Forgets a node when it is told to."""

    def _crm_node(self, argv: list[str], _stdin: str, _env: Mapping[str, str]) -> Completed:
        root = ET.fromstring(self.cib)
        nodes = root.find("configuration/nodes")
        assert nodes is not None
        nodes.remove(next(node for node in nodes if node.get("uname") == argv[-1].removeprefix("--remove=")))
        self.cib = ET.tostring(root, encoding="unicode")
        return Completed(0, "", "")


def _with_a_node_that_left(version: str) -> Forgetful:
    text = fixture(version, "cib-healthy.xml").replace("<nodes>", '<nodes><node id="9" uname="n9"/>')
    return Forgetful(text, fixture(version, "crm_mon-healthy.xml"))


@pytest.mark.parametrize("version", VERSIONS)
def test_a_node_that_left_is_forgotten_once(version: str) -> None:
    cluster = _with_a_node_that_left(version)
    before = cluster.cib
    foretold = _run(cluster, name="n9", state="absent", check_mode=True)
    assert foretold["diff"] == {"before": "node n9\n", "after": ""}
    assert cluster.cib == before
    assert _run(cluster, name="n9", state="absent") == foretold
    assert cluster.ran("crm_node") == [["crm_node", "--force", "--remove=n9"]]
    assert not _run(cluster, name="n9", state="absent")["changed"]


def test_a_member_is_not_forgotten(cluster: FakePacemaker) -> None:
    with pytest.raises(PghaError, match="is online"):
        _run(cluster, state="absent")
    assert _run(cluster, state="absent", check_mode=True)["changed"], "by then it will have left"


def test_a_node_that_comes_back_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = _with_a_node_that_left("3.0")
    monkeypatch.setattr(Gateway, "remove_node", lambda *_args: None)
    with pytest.raises(PghaError, match="still knows n9"):
        _run(cluster, name="n9", state="absent", wait=1)
