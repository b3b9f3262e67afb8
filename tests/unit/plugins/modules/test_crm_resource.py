# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""crm_resource: changed only where there was a failure, and no success while one comes back."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.gateway import Gateway
from ansible_collections.pgha.cluster.plugins.modules import crm_resource
from ansible_collections.pgha.cluster.tests.support.fake_pacemaker import VERSIONS, FakePacemaker, fixture
from ansible_collections.pgha.cluster.tests.support.modules import module_with

pytestmark = pytest.mark.parametrize("version", VERSIONS)


class Mending(FakePacemaker):
    """A cluster whose failure is gone once it was cleaned, unless its cause stays."""

    def __init__(self, version: str, *, lasting: bool = False) -> None:
        super().__init__(fixture(version, "cib-failed.xml"), fixture(version, "crm_mon-failed.xml"))
        self.healthy = fixture(version, "cib-healthy.xml"), fixture(version, "crm_mon-healthy.xml")
        self.lasting = lasting

    def __call__(self, argv: Any, **rest: Any) -> Any:
        if argv[0] == "crm_resource" and not self.lasting:
            self.cib, self.monitor = self.healthy
        return super().__call__(argv, **rest)


def _run(cluster: FakePacemaker, *, check_mode: bool = False, **params: Any) -> dict[str, Any]:
    defaults = {"name": None, "node": None, "state": "cleaned", "wait": 5}
    return crm_resource.work(module_with(check_mode, **{**defaults, **params}), Gateway(cluster))


def test_the_quartet(version: str) -> None:
    cluster = Mending(version)
    foretold = _run(cluster, check_mode=True, name="pair")
    assert foretold["changed"] and [f["resource"] for f in foretold["failures"]] == ["ga"]
    assert cluster.ran("crm_resource") == []
    assert _run(cluster, name="pair") == foretold
    assert cluster.ran("crm_resource") == [["crm_resource", "--cleanup", "--resource=pair"]]
    assert not _run(cluster, check_mode=True, name="pair")["changed"]
    assert not _run(cluster, name="pair")["changed"]
    assert len(cluster.ran("crm_resource")) == 1


def test_a_failure_that_comes_back_fails(version: str) -> None:
    with pytest.raises(PghaError, match="cleaned, and came back") as caught:
        _run(Mending(version, lasting=True))
    assert "ga: asyncmon on" in str(caught.value.said)


def test_another_resource_is_not_touched(version: str) -> None:
    cluster = Mending(version, lasting=True)
    assert not _run(cluster, name="gb")["changed"]
    assert cluster.ran("crm_resource") == []


def test_refreshing_always_looks_again(version: str) -> None:
    cluster = Mending(version)
    cluster.cib, cluster.monitor = cluster.healthy
    assert _run(cluster, name="ga", node=None, state="refreshed")["changed"]
    assert cluster.ran("crm_resource") == [["crm_resource", "--refresh", "--resource=ga"]]


NODES = {"2.1": ("pm-b1", "pm-b2"), "3.0": ("pm-t2", "pm-t1")}


class Moving(FakePacemaker):
    """A healthy cluster whose group moves when it is told to, unless something keeps it where it is."""

    def __init__(self, version: str, *, able: bool = True) -> None:
        super().__init__(fixture(version, "cib-healthy.xml"), fixture(version, "crm_mon-healthy.xml"))
        self.able = able
        self.free, self.taken = NODES[version]

    def __call__(self, argv: Any, **rest: Any) -> Any:
        if "--move" in argv and self.able and self.monitor:
            start, end = self.monitor.index('<group id="pair"'), self.monitor.index("</group>")
            group = self.monitor[start:end].replace(self.taken, self.free)
            self.monitor = self.monitor[:start] + group + self.monitor[end:]
        return super().__call__(argv, **rest)


def _move(cluster: Moving, node: str = "", name: str = "pair", *, check_mode: bool = False) -> dict[str, Any]:
    params = {"name": name, "node": node or cluster.free, "state": "moved", "wait": 5}
    return crm_resource.move(module_with(check_mode, **params), Gateway(cluster))


def test_a_move_leaves_no_constraint_behind(version: str) -> None:
    cluster = Moving(version)
    foretold = _move(cluster, check_mode=True)
    assert foretold["changed"] and foretold["nodes"] == [cluster.taken]
    assert cluster.ran("crm_resource") == []
    assert _move(cluster) == foretold
    assert [argv[1:3] for argv in cluster.ran("crm_resource")] == [
        ["--move", "--resource=pair"],
        ["--clear", "--resource=pair"],
    ]
    assert not _move(cluster)["changed"]


def test_a_move_that_does_not_happen_fails_and_leaves_no_constraint_either(version: str) -> None:
    cluster = Moving(version, able=False)
    with pytest.raises(PghaError, match=f"did not move to {cluster.free}: it is on {cluster.taken}"):
        _move(cluster)
    assert cluster.ran("crm_resource")[-1][1] == "--clear"


@pytest.mark.parametrize(("name", "node", "said"), [("nobody", "", "no resource"), ("pair", "n9", "cannot run")])
def test_a_move_to_nowhere_is_refused(version: str, name: str, node: str, said: str) -> None:
    cluster = Moving(version)
    with pytest.raises(PghaError, match=said):
        _move(cluster, node, name)
    assert cluster.ran("crm_resource") == []


PROMOTED = {"2.1": "pm-b2", "3.0": "pm-t1"}


class Looking(FakePacemaker):
    """A cluster that promotes a resource when its agent has looked often enough."""

    def __init__(self, version: str, looks: int) -> None:
        promoted = fixture(version, "crm_mon-healthy.xml")
        super().__init__(fixture(version, "cib-healthy.xml"), promoted.replace('role="Promoted"', 'role="Unpromoted"'))
        self.promoted, self.looks = promoted, looks

    def __call__(self, argv: Any, **rest: Any) -> Any:
        if "--force-check" in argv:
            self.looks -= 1
            self.monitor = self.monitor if self.looks else self.promoted
        return super().__call__(argv, **rest)


def _see_promoted(cluster: FakePacemaker, name: str, *, check_mode: bool = False) -> dict[str, Any]:
    gateway = Gateway(cluster, clock=iter(range(1000)).__next__, pause=lambda _seconds: None)
    return crm_resource.see_promoted(module_with(check_mode, name=name, wait=20), gateway)


def test_the_agent_looks_until_somebody_is_promoted(version: str) -> None:
    cluster = Looking(version, 3)
    name, nodes = "postgresql", [PROMOTED[version]]
    assert _see_promoted(cluster, name, check_mode=True) == {"changed": False, "nodes": []}
    assert cluster.ran("crm_resource") == []
    assert _see_promoted(cluster, name) == {"changed": False, "nodes": nodes}
    assert cluster.ran("crm_resource") == [["crm_resource", "--force-check", f"--resource={name}"]] * 3
    assert _see_promoted(cluster, name)["nodes"] == nodes
    assert len(cluster.ran("crm_resource")) == 3


def test_nobody_is_promoted_for_ever(version: str) -> None:
    with pytest.raises(PghaError, match="was not promoted on any server within 20 seconds"):
        _see_promoted(Looking(version, 1000), "postgresql")
