# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fence devices: no secret becomes a parameter, and a device's own server holds none of it."""

from __future__ import annotations

import re
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.filter.fencing import fence_files, fence_primitives, fence_topology
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.fencing.device import (
    device_of,
    devices_of,
    files,
    reservation_key,
)

_IPMI = ["fence_ipmilan"]


def _device(**changed: Any) -> dict[str, Any]:
    return {
        "name": "fence-n1",
        "server": "n1",
        "agent": "fence_ipmilan",
        "level": 1,
        "options": {"ip": "10.0.2.111", "lanplus": True, "cipher": 3},
        "secrets": {"password": "s3cret"},
        **changed,
    }


def test_the_cluster_gets_a_program_instead_of_the_password() -> None:
    (one,) = fence_primitives([_device()], "/etc/x", _IPMI)
    assert one["params"] == {
        "ip": "10.0.2.111",
        "lanplus": "1",
        "cipher": "3",
        "ipmitool_path": "/etc/x/fence-n1.ipmitool",
        "power_wait": "0",
    }
    assert "s3cret" not in str(one)


def test_the_operator_may_let_the_agent_wait_after_a_switch() -> None:
    (one,) = fence_primitives([_device(options={"ip": "10.0.2.111", "power_wait": 2})], "/etc/x", _IPMI)
    assert one["params"]["power_wait"] == "2"


def test_another_agent_gets_a_script_that_prints_the_secret(tmp_path: Path) -> None:
    device = _device(agent="fence_redfish")
    (one,) = fence_primitives([device], str(tmp_path), _IPMI)
    assert one["params"]["password_script"] == f"{tmp_path}/fence-n1.password_script"
    for file in fence_files([device], str(tmp_path), _IPMI, "/usr/bin/ipmitool", "n2"):
        Path(file["path"]).write_text(file["content"])
        Path(file["path"]).chmod(int(file["mode"], 8))
    printed = subprocess.run([one["params"]["password_script"]], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "s3cret"


def test_a_device_that_takes_the_disk_knows_a_server_by_its_key_and_lets_it_in_again() -> None:
    devices = [
        _device(name=f"disk-{name}", server=name, agent="fence_scsi", options={"devices": "/dev/x"}, secrets={})
        for name in ("n1", "n2")
    ]
    one, two = fence_primitives(devices, "/etc/x", _IPMI)
    assert one["params"] == {"devices": "/dev/x", "key": reservation_key("n1"), "pcmk_reboot_action": "off"}
    assert one["params"]["key"] != two["params"]["key"]
    # Eight digits, and the agent drops zeros before them.
    assert re.fullmatch("[1-9a-f][0-9a-f]{7}", one["params"]["key"])
    assert (one["unfences"], fence_primitives([_device()], "/etc/x", _IPMI)[0]["unfences"]) == (True, False)


def test_a_server_holds_nothing_of_the_device_that_powers_it_off() -> None:
    devices = [_device(), _device(name="fence-n2", server="n2")]
    placed = fence_files(devices, "/etc/x", _IPMI, "/usr/bin/ipmitool", "n1")
    assert [file["path"] for file in placed] == ["/etc/x/fence-n2.password", "/etc/x/fence-n2.ipmitool"]


def test_devices_come_in_the_order_of_their_levels() -> None:
    devices = [_device(name="pdu", level=2), _device(name="ilo", level=1)]
    assert [one["name"] for one in fence_primitives(devices, "/etc/x", _IPMI)] == ["ilo", "pdu"]


def test_the_program_drops_the_agent_s_password_and_keeps_every_other_argument(tmp_path: Path) -> None:
    # Stands for ipmitool: prints what it was called with, one argument a line.
    shown = tmp_path / "ipmitool"
    shown.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    shown.chmod(0o700)
    for file in files(device_of(_device()), str(tmp_path), _IPMI, str(shown)):
        Path(file["path"]).write_text(file["content"])
        Path(file["path"]).chmod(int(file["mode"], 8))
    program = str(tmp_path / "fence-n1.ipmitool")
    called = ["-I", "lanplus", "-U", "an admin", "-P", "", "-C", "3", "chassis", "power", "status"]
    got = subprocess.run([program, *called], capture_output=True, text=True, check=True).stdout.splitlines()
    assert got == [
        *("-f", str(tmp_path / "fence-n1.password")),
        *("-I", "lanplus", "-U", "an admin", "-C", "3", "chassis", "power", "status"),
    ]
    assert stat.S_IMODE(Path(program).stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": "Fence n1"}, "small letters"),
        ({"agent": "rm"}, "no fence agent"),
        ({"server": ""}, "which server"),
        ({"options": {"password": "x"}}, "put it under secrets"),
        ({"options": {"a b": "x"}}, "no agent can have"),
        ({"secrets": {"password": "two\nlines"}}, "more than one line"),
        ({"agent": "fence_scsi", "options": {"devices": "/dev/x", "key": "1"}}, "follows from the server's name"),
    ],
)
def test_what_cannot_work_is_refused_without_the_secret(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(PghaError, match=said) as caught:
        device_of(_device(**changed))
    assert "two\nlines" not in caught.value.message


def test_a_password_that_ipmi_would_cut_is_refused() -> None:
    with pytest.raises(PghaError, match="20 bytes"):
        files(device_of(_device(secrets={"password": "x" * 21})), "/etc/x", _IPMI, "/usr/bin/ipmitool")


def test_a_name_stands_for_one_device() -> None:
    with pytest.raises(PghaError, match="described twice"):
        devices_of([_device(), _device()])


def test_a_single_device_a_server_needs_no_levels() -> None:
    assert fence_topology([{"name": "fence-n1", "server": "n1", "level": 1}]) == []


def test_levels_are_tried_in_their_order_and_all_devices_of_one_must_succeed() -> None:
    devices = [
        {"name": "pdu-n1-b", "server": "n1", "level": 2},
        {"name": "pdu-n1-a", "server": "n1", "level": 2},
        {"name": "ilo-n1", "server": "n1", "level": 1},
        {"name": "ilo-n2", "server": "n2", "level": 3},
    ]
    assert fence_topology(devices) == [
        {"server": "n1", "levels": [["ilo-n1"], ["pdu-n1-a", "pdu-n1-b"]]},
        {"server": "n2", "levels": [["ilo-n2"]]},
    ]
