# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""crm_config: the quartet, purge, a moved base, and no secret in what it returns."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import cib, configure
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.gateway import Gateway
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.parse import parse_actions
from ansible_collections.pgha.cluster.plugins.modules import crm_config
from ansible_collections.pgha.cluster.tests.support.fake_pacemaker import (
    VERSIONS,
    FakePacemaker,
    RestingPacemaker,
    bump,
    fixture,
)
from ansible_collections.pgha.cluster.tests.support.module_process import run_module
from ansible_collections.pgha.cluster.tests.support.modules import module_with

TEXT = "primitive extra ocf:pacemaker:Dummy\n"
EXTRA = '<primitive id="extra" class="ocf" provider="pacemaker" type="Dummy"/>'
KEY = cib.Key("resources", "extra")


@pytest.fixture(params=VERSIONS)
def cluster(request: pytest.FixtureRequest) -> FakePacemaker:
    version = request.param
    healthy = fixture(version, "cib-healthy.xml"), fixture(version, "crm_mon-healthy.xml")
    return FakePacemaker(*healthy, wants=[("resources", EXTRA)])


def _run(cluster: FakePacemaker, config: str = TEXT, *, check_mode: bool = False, **params: Any) -> dict[str, Any]:
    arguments = {"config": config, "name": "demo", "purge": True, "without_restart": {}, "keep_running": []}
    arguments |= {"wait": 10, **params}
    return crm_config.work(module_with(check_mode, **arguments), Gateway(cluster), cluster)


def test_the_quartet(cluster: FakePacemaker) -> None:
    cluster_before = cluster.cib
    foretold = _run(cluster, check_mode=True)
    assert foretold["changed"] and foretold["added"] == ["extra"]
    assert cluster.cib == cluster_before
    done = _run(cluster)
    assert done == foretold
    assert KEY in cib.objects(cib.read(cluster.cib))
    assert not _run(cluster, check_mode=True)["changed"]
    again = _run(cluster)
    assert not again["changed"] and again["diff"] == {"before": "", "after": ""}
    assert len([argv for argv in cluster.calls if "--patch" in argv]) == 1


def test_purge_removes_only_what_it_owned(cluster: FakePacemaker) -> None:
    before = set(cib.objects(cib.read(cluster.cib)))
    _run(cluster)
    cluster.wants = []
    kept = _run(cluster, "", purge=False)
    assert not kept["changed"]
    assert _run(cluster, "")["removed"] == ["extra"]
    assert set(cib.objects(cib.read(cluster.cib))) == before
    assert "managed" not in cluster.cib


def test_the_simulation_is_data(cluster: FakePacemaker) -> None:
    cluster.actions = fixture("3.0", "crm_simulate-standby.xml")
    result = _run(cluster, check_mode=True)
    assert {"move", "stop", "promote"} <= {action["action"] for action in result["simulation"]}


def test_a_change_that_would_restart_what_must_go_on_is_refused(cluster: FakePacemaker) -> None:
    cluster.effect = fixture("2.1", "crm_simulate-restart.xml")
    before, said = cluster.cib, "would restart postgresql on n1 and postgresql on n2, all at once"
    with pytest.raises(PghaError, match=said):
        _run(cluster, keep_running=["postgresql"])
    assert cluster.cib == before
    warned: list[str] = []
    foretold = parse_actions(cluster.effect)
    crm_config.judge(foretold, ["postgresql"], warned.append)
    crm_config.judge(foretold, ["postgres"], None)
    assert [said in warning for warning in warned] == [True]
    cluster.effect = fixture("2.1", "crm_simulate-standby.xml")
    assert _run(cluster, keep_running=["postgresql"], wait=0)["changed"]


def test_a_restart_is_foretold_once_the_cluster_knows_what_runs(cluster: FakePacemaker) -> None:
    cluster.effect = fixture("2.1", "crm_simulate-restart.xml")
    cluster.pending = 2
    with pytest.raises(PghaError, match="would restart postgresql"):
        _run(cluster, keep_running=["postgresql"])


def test_a_cluster_that_never_rests_may_be_changed(cluster: FakePacemaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crm_config, "_PATIENCE", 0.1)
    warned: list[str] = []
    cluster.pending = 1000
    outlook = crm_config.look_at_rest(Gateway(cluster), configure.Wanted(TEXT, "demo", purge=True), warned.append)
    assert not outlook.plan.empty
    assert ["did not come to rest" in warning for warning in warned] == [True]


def test_a_configuration_that_pacemaker_refuses_changes_nothing(cluster: FakePacemaker) -> None:
    cluster.verdict = "Errors found during check"
    before = cluster.cib
    for check_mode in (True, False):
        with pytest.raises(PghaError, match="would not accept"):
            _run(cluster, check_mode=check_mode)
    assert cluster.cib == before


def test_a_change_of_somebody_else_in_between_is_refused(cluster: FakePacemaker) -> None:
    def interfere() -> None:
        cluster.cib = bump(cluster.cib, "epoch")

    cluster.before_patch = interfere
    with pytest.raises(PghaError, match="Somebody changed"):
        _run(cluster)
    assert KEY not in cib.objects(cib.read(cluster.cib))


def test_a_cluster_that_does_not_come_to_rest_fails(cluster: FakePacemaker) -> None:
    cluster.actions = fixture("3.0", "crm_simulate-fence.xml")
    with pytest.raises(PghaError, match="did not come to rest within 1 seconds"):
        _run(cluster, wait=1)
    assert _run(cluster, wait=0)["changed"] is False


def test_a_stopped_cluster_is_an_error_with_a_next_step(cluster: FakePacemaker) -> None:
    cluster.monitor = None
    with pytest.raises(PghaError, match="not running on this server"):
        _run(cluster)


def test_an_unusable_name_is_refused(cluster: FakePacemaker) -> None:
    with pytest.raises(PghaError, match="no usable name"):
        _run(cluster, name="a b")
    assert cluster.calls == []


def test_a_mistake_quotes_the_text_without_its_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    text = "primitive f stonith:x params password=s3cret ip=10.0.0.1\n"
    result = run_module("crm_config", {"config": text})
    assert result["failed"]
    assert "s3cret" not in str(result)
    assert "ip=10.0.0.1" in result["invocation"]["module_args"]["config"]


def _extra(**parameters: str) -> str:
    pairs = "".join(f'<nvpair id="x-{name}" name="{name}" value="{value}"/>' for name, value in parameters.items())
    return EXTRA.replace("/>", f'><instance_attributes id="x">{pairs}</instance_attributes></primitive>')


@pytest.mark.parametrize("version", VERSIONS)
def test_parameters_that_need_no_restart_are_written_while_the_cluster_rests(version: str) -> None:
    healthy = fixture(version, "cib-healthy.xml"), fixture(version, "crm_mon-healthy.xml")
    cluster = RestingPacemaker(*healthy, wants=[("resources", _extra(servers="n1 n2"))])
    _run(cluster)
    assert not cluster.ran("crm_resource"), "a new resource is no reason to rest"
    cluster.wants = [("resources", _extra(servers="n1 n2 n3"))]
    gentle: dict[str, Any] = {"without_restart": {"extra": ["servers"]}}
    foretold = _run(cluster, check_mode=True, **gentle)
    assert foretold["updated"] == foretold["adopted"] == ["extra"]
    assert not cluster.ran("crm_resource")
    done = _run(cluster, **gentle)
    assert done == foretold
    written = [" ".join(argv[:3]) for argv in cluster.calls if argv[0] in ("cibadmin", "crm_resource")]
    steps = [line for line in written if "--query" not in line]
    assert steps[-4:] == [
        "cibadmin --create --scope=crm_config",
        "cibadmin --patch --sync-call",
        "crm_resource --refresh --resource=extra",
        "cibadmin --delete --scope=crm_config",
    ]
    assert not _run(cluster, **gentle)["changed"]
