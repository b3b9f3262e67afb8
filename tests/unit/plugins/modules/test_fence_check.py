# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around the fencing verdicts, and the questions that it asks a device."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent import gateway as agent
from ansible_collections.pgha.cluster.plugins.module_utils.agent.info import view_of
from ansible_collections.pgha.cluster.plugins.module_utils.cluster import fence_look
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.fence_view import Cluster, of_pacemaker
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.module_utils.fencing import gateway
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import state
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.model import Monitor, Resource
from ansible_collections.pgha.cluster.plugins.modules import fence_check
from ansible_collections.pgha.cluster.tests.support.fake_pacemaker import VERSIONS, FakePacemaker, fixture
from ansible_collections.pgha.cluster.tests.support.module_process import run_module
from ansible_collections.pgha.cluster.tests.support.modules import module_with

GUID = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
PARAMS = {
    "ip": "10.0.2.111",
    "username": "admin",
    "lanplus": "1",
    "cipher": "3",
    "ipmitool_path": "/etc/pgha/x.ipmitool",
}


class Device:
    """Answers as a device does, and remembers what it was asked."""

    def __init__(self, rc: int) -> None:
        self.rc = rc
        self.calls: list[tuple[list[str], str | None]] = []

    def __call__(
        self, argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        self.calls.append((list(argv), stdin))
        if argv[0].startswith("/usr/sbin/"):
            return Completed(self.rc, "Status: ON", "Failed: no answer\nDeprecationWarning: pipes")
        return Completed(0, f"System GUID  : {GUID}\nGUID Encoding: SMBIOS", "")


def test_a_device_is_asked_on_standard_input_and_for_its_identity() -> None:
    device = Device(0)
    asked = gateway.ask("fence_ipmilan", PARAMS, device)
    assert (asked.power, asked.guid) == ("on", GUID)
    (agent, words), (ipmitool, _none) = device.calls
    assert agent == ["/usr/sbin/fence_ipmilan"]
    assert words is not None
    assert "action=status\n" in words
    assert "ip=10.0.2.111\n" in words
    assert ipmitool == [
        "/etc/pgha/x.ipmitool", "-I", "lanplus", "-H", "10.0.2.111", "-C", "3", "-U", "admin", "mc", "guid",
    ]  # fmt: skip


@pytest.mark.parametrize(("rc", "power"), [(0, "on"), (2, "off"), (1, "")])
def test_the_exit_status_of_an_agent_is_the_power_state(rc: int, power: str) -> None:
    assert gateway.ask("fence_ipmilan", PARAMS, Device(rc)).power == power


def test_what_a_silent_device_said_is_kept() -> None:
    assert gateway.ask("fence_ipmilan", PARAMS, Device(1)).said == "Failed: no answer"


def test_a_device_without_ipmitool_tells_no_identity() -> None:
    assert gateway.ask("fence_redfish", {"ip": "10.0.2.111"}, Device(0)).guid == ""


def test_a_real_fencing_goes_through_the_cluster_and_its_failure_is_told() -> None:
    device = Device(0)
    gateway.power_cycle("n2", device, 120)
    assert device.calls[0][0] == ["stonith_admin", "--reboot", "n2", "--timeout=120"]

    def refuses(
        argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        return Completed(124, "", "No such device")

    with pytest.raises(PghaError, match="could not fence n2"):
        gateway.power_cycle("n2", refuses, 120)


def test_a_server_without_a_cluster_has_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.path.dirname("/nowhere/"))  # noqa: PTH120
    device = {"name": "fence-n1", "server": "n1", "agent": "fence_ipmilan", "level": 1, "params": PARAMS}
    result = run_module("fence_check", {"devices": [device], "self": "n2"})
    assert result["fencing"] == {}
    assert result["changed"] is False


def told(*codes: str, verdict: str = "unknown") -> dict[str, Any]:
    reasons = [{"code": code, "message": f"because of {code}", "verdict": verdict} for code in codes]
    return {"n2": {"verdict": verdict if codes else "safe", "reasons": reasons}}


def cluster(primary: str) -> Cluster:
    promoted = Resource(
        id="postgresql", agent="ocf:heartbeat:pgsql", parents=(), role="Promoted", nodes=(primary,), active=True,
        failed=False, blocked=False, managed=True, orphan=False, pending="",
    )  # fmt: skip
    return of_pacemaker(Monitor("n1", True, (), (promoted,), (), ()), {}, {})


@pytest.mark.parametrize(
    ("primary", "found", "unproven", "says"),
    [
        ("n2", told(), False, "n2 is the primary"),
        ("n2", told(), True, "n2 is the primary"),
        ("n1", {}, True, "no device of it is known"),
        ("n1", told("no_answer", verdict="unsafe"), True, "its fencing is unsafe"),
        ("n1", told("no_identity", "no_answer"), True, "its fencing is unknown"),
        ("n1", told("no_identity"), False, "because of no_identity"),
    ],
)
def test_a_test_that_could_hit_the_wrong_server_is_refused(
    primary: str, found: dict[str, Any], unproven: bool, says: str
) -> None:
    with pytest.raises(PghaError) as refused:
        fence_check._refuse("n2", found, cluster(primary), unproven)
    assert says in refused.value.as_result()["msg"]


@pytest.mark.parametrize(("found", "unproven"), [(told(), False), (told("no_identity"), True)])
def test_a_standby_may_be_tested(found: dict[str, Any], unproven: bool) -> None:
    fence_check._refuse("n2", found, cluster("n1"), unproven)
    assert found["n2"]["verdict"] != "unsafe"


def test_a_server_does_not_fence_itself() -> None:
    result = run_module("fence_check", {"devices": [], "self": "n2", "test": "n2"})
    assert "cannot fence itself" in result["msg"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_cluster_that_could_not_fence_a_lost_server_is_told_why(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, lost = {"2.1": ("pm-b1", "pm-b2"), "3.0": ("pm-t1", "pm-t2")}[version]
    healthy, disabled = fixture(version, "cib-healthy.xml"), 'name="stonith-enabled" value="false"'
    assert disabled in healthy
    cib = healthy.replace(disabled, disabled.replace("false", "true"))
    pacemaker = FakePacemaker(cib, fixture(version, "crm_mon-fencing-failed.xml"))
    device = Device(0)

    def run(
        argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        door = device if argv[0].startswith("/") else pacemaker
        return door(argv, timeout=timeout, stdin=stdin, env=env)

    monkeypatch.setattr(state, "which", lambda program: f"/usr/sbin/{program}")
    devices = [
        {"name": f"fence-{name}", "server": name, "agent": "fence_ipmilan", "level": 1, "params": PARAMS}
        for name in (own, lost)
    ]
    found = fence_look.look(run, devices, own, fence_look.ask("pacemaker", run))
    assert list(found) == [lost]
    codes = {reason["code"] for reason in found[lost]["reasons"]}
    assert found[lost]["verdict"] == "unsafe"
    assert {"not_configured", "failed", "lost_but_on", "not_asked"} <= codes
    assert found[lost]["fingerprint"]


class Switch:
    """A device with a power state; some of its actions may fail."""

    def __init__(self, fails: Sequence[str] = ()) -> None:
        self.power, self.fails, self.actions = "on", fails, []  # type: ignore[var-annotated]

    def __call__(
        self, argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        action = (stdin or "").split("action=")[1].split()[0]
        self.actions.append(action)
        if action in self.fails:
            return Completed(1, "", "Failed: no answer")
        if action in ("on", "off"):
            self.power = action
            return Completed(0, "", "")
        return Completed({"on": 0, "off": 2}[self.power], "", "")


def plug(level: int = 1) -> dict[str, Any]:
    return {
        "name": "fence-n2",
        "server": "n2",
        "agent": "fence_redfish",
        "level": level,
        "params": {"ip": "10.0.2.112"},
    }


def test_a_device_itself_is_switched_off_seen_off_and_switched_on() -> None:
    switch = Switch()
    gateway.power_cycle_directly([plug()], switch)
    assert switch.actions == ["off", "status", "on"]


def test_a_server_is_switched_on_again_also_when_a_device_fails() -> None:
    switch = Switch(fails=("off",))
    with pytest.raises(PghaError, match="No level") as failed:
        gateway.power_cycle_directly([plug(), plug(2)], switch)
    assert switch.actions == ["off", "on", "off", "on"]
    assert "no answer" in str(failed.value.said)


def test_a_server_is_tested_under_the_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The standby is gone in the agent's eyes while it is off, and back after it."""
    switch = Switch()

    def look(_run: object, _name: str = "") -> dict[str, Any]:
        heard = {"role": "standby", "postgres": "standby", "reign": 1}
        # Asked for the first time after the switching: gone; then back.
        fresh = "on" not in switch.actions or looks.pop(0)
        said = {"name": "n1", "peer": "n2", "role": "primary", "postgres": "primary", "reign": 1, "fencing": True}
        return view_of({**said, "peer_state": {"fresh": fresh, "heard": heard}})

    looks = [False, False, True, True]
    monkeypatch.setattr(agent, "look", look)
    monkeypatch.setattr(fence_check, "run", switch)
    given: dict[str, Any] = {
        "devices": [plug()],
        "self": "n1",
        "manager": "agent",
        "test": "n2",
        "unproven": True,
        "wait": 5,
    }
    result = fence_check._check(module_with(**given))
    assert (result["tested"], result["changed"], looks) == ("n2", True, [])
    assert result["fencing"]["n2"]["fingerprint"]


def test_a_server_without_an_agent_has_no_verdict_and_tests_nothing() -> None:
    result = run_module("fence_check", {"devices": [plug()], "self": "n1", "manager": "agent"})
    assert result["fencing"] == {}
    refused = run_module("fence_check", {"devices": [plug()], "self": "n1", "manager": "agent", "test": "n2"})
    assert "not running" in refused["msg"]
