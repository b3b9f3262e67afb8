# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metadata on a real file in the place of a device: created once, and never over anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.modules import drbd_device
from ansible_collections.pgha.cluster.tests.support.drbd import MIB, Server
from ansible_collections.pgha.cluster.tests.support.module_process import run_module


@pytest.fixture(name="server")
def _server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(tmp_path, monkeypatch)


def prepare(server: Server, *, check_mode: bool = False, **changes: Any) -> dict[str, Any]:
    """Run the module's work."""
    params = {"overwrite_signature": "", "state": "prepared", **changes}
    return drbd_device.work(params, server.gateway, server.disk, check_mode)


def test_the_quartet(server: Server) -> None:
    assert prepare(server, check_mode=True)["changed"] is True
    assert server.calls() == []
    created = prepare(server)
    assert (created["changed"], created["decision"]) == (True, "create")
    assert created["server"]["size"] == 40 * MIB
    assert created["server"]["blank"] is True
    assert created["server"]["generations"]["fresh"] is True
    assert prepare(server, check_mode=True)["changed"] is False
    again = prepare(server)
    assert (again["changed"], again["decision"], again["server"]["blank"]) == (False, "keep", True)
    assert server.calls() == ["create-md pgha"]


def test_a_device_with_something_in_its_middle_is_not_blank(server: Server) -> None:
    with server.device.open("r+b") as device:
        device.seek(20 * MIB)
        device.write(b"x")
    assert prepare(server)["server"]["blank"] is False
    assert prepare(server)["server"]["blank"] is False


def test_used_metadata_is_kept_and_proves_nothing(server: Server) -> None:
    server.shows("ahead-n1")
    kept = prepare(server)
    assert (kept["changed"], kept["decision"], kept["server"]["blank"]) == (False, "keep", False)


def test_what_is_there_is_left_alone(server: Server) -> None:
    server.signed("ext4")
    before = server.device.read_bytes()
    with pytest.raises(PghaError, match="holds data: ext4") as caught:
        prepare(server)
    assert "drbd_overwrite_signature" in str(caught.value.next_step)
    assert prepare(server, state="checked")["decision"] == "refuse"
    assert server.calls() == []
    assert server.device.read_bytes() == before


def test_exactly_what_was_named_is_overwritten(server: Server) -> None:
    server.device.write_bytes(b"x" * MIB + b"y" * 39 * MIB)
    created = prepare(server, overwrite_signature="unknown")
    assert (created["changed"], created["server"]["blank"]) == (True, False)
    assert created["diff"]["before"].startswith("unknown on ")
    after = server.device.read_bytes()
    assert after[:MIB] == after[-MIB:] == b"\0" * MIB
    assert after[MIB : 2 * MIB] == b"y" * MIB


def test_what_comes_to_light_below_it_is_kept(server: Server) -> None:
    """wipefs still finds the file system after the first and last MiB were cleared."""
    server.device.write_bytes(b"x" * 40 * MIB)
    listed = json.loads(server.signatures.read_text())
    listed["signatures"] = [{"type": "xfs"}]
    server.signatures.write_text(json.dumps(listed))
    with pytest.raises(PghaError, match="No metadata is written"):
        prepare(server, overwrite_signature="xfs")
    assert server.calls() == []


def test_drbd_s_own_refusal_is_handed_on(server: Server) -> None:
    server.answers("create-md*) echo 'Found some data' >&2; exit 1;;")
    with pytest.raises(PghaError, match="create-md failed with status 1") as caught:
        prepare(server)
    assert caught.value.said == "Found some data"


def test_a_device_that_is_held_or_another_resource_s_is_refused(server: Server) -> None:
    disk = server.disk
    disk.held = ("drbd0",)
    params = {"overwrite_signature": "", "state": "prepared"}
    with pytest.raises(PghaError, match="in use: drbd0"):
        drbd_device.work(params, server.gateway, disk, False)
    server.answers("sh-resources) echo other pgha;;")
    with pytest.raises(PghaError, match="belongs to the DRBD resource other"):
        prepare(server)


def test_a_missing_device_is_named(server: Server) -> None:
    result = run_module("drbd_device", {"device": "/nonexistent"})
    assert result["failed"] is True
    assert "/nonexistent does not exist" in result["msg"]
    assert server.calls() == []
    result = run_module("drbd_device", {"device": str(server.device)})
    assert "is no block device" in result["msg"]
