# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server says of its device, installed or not, up or not."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.drbd import state
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.gateway import Gateway
from ansible_collections.pgha.cluster.tests.support.drbd import Server
from ansible_collections.pgha.cluster.tests.support.module_process import run_module


@pytest.fixture(name="server")
def _server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(tmp_path, monkeypatch)


def test_a_server_without_anything_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run_module("drbd_info", {})
    assert result["changed"] is False
    assert result["drbd"]["installed"] is False
    assert result["drbd"]["up"] is False
    assert result["drbd"]["promotion"]["verdict"] == "unknown"


def test_a_device_that_is_up_is_told_whole(server: Server) -> None:
    server.shows("syncing-n1")
    found = state.read(server.gateway, installed=True)
    assert (found["module"], found["configured"], found["up"]) == (
        {"loaded": "8.4.11", "available": "8.4.11"},
        True,
        True,
    )
    assert found["resource"]["progress"] == {
        "kind": "resync",
        "direction": "source",
        "percent": 15.4,
        "seconds_left": 50,
    }
    assert found["generations"]["current"] == "B53275AE59EDAB31"
    assert found["split_brain_seen"] == 1795331482.304461
    assert found["promotion"]["verdict"] == "safe"


def test_the_last_verification_is_told(server: Server) -> None:
    server.shows("differs-n1")
    assert state.read(server.gateway, installed=True)["verified"] is None
    server.compared("verify")
    found = state.read(server.gateway, installed=True)["verified"]
    assert found == {"at": 1795418000.0, "seconds": 41, "bytes_out_of_sync": 65536}
    asked = next(call for call in server.programs.calls("journalctl") if "Online verify" in call)
    # Of this boot alone it would be forgotten with the next one; and the newest must come first.
    assert "_TRANSPORT=kernel" in asked and "--reverse" in asked and "--dmesg" not in asked


def test_a_resource_that_is_not_configured_or_not_up_is_an_answer(server: Server) -> None:
    assert state.read(server.gateway, installed=True)["resource"] is None
    server.answers("sh-resources) echo other;;")
    found = state.read(server.gateway, installed=True)
    assert (found["configured"], found["up"], found["generations"]) == (False, False, None)


def test_drbd_9_is_asked_by_its_own_words(server: Server) -> None:
    server.proc.write_text("version: 9.2.8 (api:2/proto:86-122)\n")
    server.programs.add("drbdsetup", f"cat {Path(__file__).parents[3]}/fixtures/drbd/9/connected.json")
    found = state.read(server.gateway, installed=True)
    assert (found["resource"]["connection"], found["resource"]["disk"]) == ("Connected", "UpToDate")
    assert server.programs.calls("drbdsetup") == ["status pgha --json --statistics"]
    server.programs.add("drbdsetup", "echo 'pgha: No such resource' >&2; exit 10")
    assert state.read(server.gateway, installed=True)["up"] is False


def test_a_kernel_without_the_module_has_no_version(server: Server, tmp_path: Path) -> None:
    server.programs.add("modinfo", "exit 1")
    gateway = Gateway(server.gateway._run, "pgha", tmp_path / "nothing")
    found = state.read(gateway, installed=True)
    assert found["module"] == {"loaded": "", "available": ""}
    assert found["up"] is False
