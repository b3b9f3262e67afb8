# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A resource's states: the steps that are done, the ones that are refused, the copy that is kept first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.modules import drbd_resource
from ansible_collections.pgha.cluster.tests.support.drbd import FIXTURES, MIB, Server
from ansible_collections.pgha.cluster.tests.support.module_process import run_module


@pytest.fixture(name="server")
def _server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(tmp_path, monkeypatch)


def bring(server: Server, state: str, *, check_mode: bool = False, **changes: Any) -> dict[str, Any]:
    """Run the module's work."""
    params = {"state": state, "keep_copy": "", "wait": 1, **changes}
    return drbd_resource.work(params, server.gateway, server.disk, check_mode)


def becomes(server: Server, word: str, state: str) -> None:
    """Let a command of ``drbdadm`` bring the kernel into a state."""
    server.answers(f'*"{word}"*) cp {FIXTURES}/{state}.txt {server.proc};;')


def test_the_quartet(server: Server) -> None:
    becomes(server, "up pgha", "wfconnection-n1")
    assert bring(server, "up", check_mode=True)["steps"] == ["up"]
    assert server.calls() == []
    assert bring(server, "up")["changed"] is True
    assert bring(server, "up", check_mode=True)["changed"] is False
    assert bring(server, "up")["changed"] is False
    assert server.calls() == ["up pgha"]


def test_a_changed_file_is_shown_without_the_secret_and_adjusted(server: Server) -> None:
    server.shows("connected-n1")
    server.answers('"--dry-run adjust"*) echo "drbdsetup-84 net-options a b --shared-secret=abc --timeout=40";;')
    result = bring(server, "adjusted")
    assert (result["changed"], result["diff"]["after"]) == (True, "drbdsetup-84 net-options a b\n")
    assert server.calls() == ["adjust pgha"]


def test_promotion_is_refused_on_an_inconsistent_disk(server: Server) -> None:
    server.shows("inconsistent-n2")
    with pytest.raises(PghaError, match="The promotion is refused"):
        bring(server, "primary")
    assert server.calls() == []


def test_the_first_sync_is_skipped_once(server: Server) -> None:
    server.shows("fresh-n1")
    becomes(server, "new-current-uuid", "connected-n1")
    assert bring(server, "first_sync_skipped")["resource"]["disk"] == "UpToDate"
    assert bring(server, "first_sync_skipped")["changed"] is False
    assert server.calls() == ["--clear-bitmap new-current-uuid pgha"]


def test_the_first_sync_is_forced_only_between_fresh_servers(server: Server) -> None:
    server.shows("fresh-n1")
    becomes(server, "primary --force", "syncing-n1")
    assert bring(server, "first_sync_started")["changed"] is True
    assert server.calls() == ["primary --force pgha", "secondary pgha"]


def test_the_victim_s_data_is_copied_before_it_is_discarded(server: Server, tmp_path: Path) -> None:
    server.shows("split_brain-n2")
    server.device.write_bytes(b"x" * MIB + b"\0" * 3 * MIB + b"y")
    becomes(server, "--discard-my-data", "wfconnection-n1")
    copy = tmp_path / "copy"
    planned = bring(server, "discarding", check_mode=True, keep_copy=str(copy))
    assert planned["steps"] == ["keep_copy", "disconnect", "discard"]
    assert not copy.exists()
    result = bring(server, "discarding", keep_copy=str(copy))
    assert result["copied_bytes"] == 4 * MIB + 1
    assert copy.read_bytes() == server.device.read_bytes()
    assert copy.stat().st_mode & 0o777 == 0o600
    assert server.calls() == ["disconnect pgha", "connect --discard-my-data pgha"]


def test_without_a_copy_nothing_is_discarded(server: Server, tmp_path: Path) -> None:
    server.shows("split_brain-n2")
    copy = tmp_path / "copy"
    copy.touch()
    with pytest.raises(PghaError, match="exists"):
        bring(server, "discarding", keep_copy=str(copy))
    assert server.calls() == []


def test_a_device_without_a_connection_is_disconnected_already(server: Server) -> None:
    server.shows("split_brain-n2")
    server.answers(
        f"""disconnect*) echo 'Failure: (162) Invalid configuration request' >&2; exit 10;;
        connect*) cp {FIXTURES}/connected-n2.txt {server.proc};;"""
    )
    assert bring(server, "connected")["changed"] is True


def test_a_failure_never_tells_the_secret(server: Server) -> None:
    server.answers(
        "up*) echo 'Failure: (102) in use' >&2; echo 'Command drbdsetup --shared-secret=abc terminated' >&2; exit 10;;"
    )
    with pytest.raises(PghaError, match="up failed") as caught:
        bring(server, "up")
    assert caught.value.said == "Failure: (102) in use"


def test_what_does_not_come_is_told_as_it_was(server: Server) -> None:
    server.shows("syncing-n1")
    with pytest.raises(PghaError, match="was not synchronized within 0 seconds") as caught:
        bring(server, "synchronized", wait=0)
    assert "15.4" in str(caught.value.said)


def test_a_server_without_drbd_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run_module("drbd_resource", {"state": "primary"})
    assert result["failed"] is True
    assert "The promotion is refused" in result["msg"]


def test_what_differs_is_repaired_once(server: Server) -> None:
    server.shows("differs-n2")
    server.answers(f"""connect*) cp {FIXTURES}/syncing-n2.txt {server.proc};;""")
    assert bring(server, "repaired", check_mode=True)["steps"] == ["disconnect", "connect"]
    assert server.calls() == []
    assert bring(server, "repaired")["changed"] is True
    server.shows("primary-n2")
    assert bring(server, "repaired", check_mode=True)["changed"] is False
    assert bring(server, "repaired")["changed"] is False
    assert server.calls() == ["disconnect pgha", "connect pgha"]


def test_disks_that_meet_again_and_copy_nothing_are_not_called_repaired(server: Server) -> None:
    server.shows("differs-n2")
    with pytest.raises(PghaError, match="was not repaired"):
        bring(server, "repaired", wait=0)
