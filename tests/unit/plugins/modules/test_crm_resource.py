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
