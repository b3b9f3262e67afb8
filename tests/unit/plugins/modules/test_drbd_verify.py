# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A verification is begun or joined, waited for, and believed only when the kernel says that it is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.modules import drbd_verify
from ansible_collections.pgha.cluster.tests.support.drbd import FIXTURES, Server
from ansible_collections.pgha.cluster.tests.support.module_process import run_module

BEGIN = "-- --start=0 verify pgha"


@pytest.fixture(name="server")
def _server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server(tmp_path, monkeypatch)
    made.shows("primary-n1")
    made.compared("verify-alike")
    return made


def ends(server: Server, journal: str, state: str) -> None:
    """Let a verification end at once, with what the journal then says."""
    done = f"cp {FIXTURES}/journal-{journal}.json {server.verified}; cp {FIXTURES}/{state}.txt {server.proc}"
    server.answers(f'*"verify pgha"*) {done};;')


def compare(server: Server, *, check_mode: bool = False, wait: int = 1) -> dict[str, Any]:
    """Run the module's work."""
    return drbd_verify.work({"wait": wait}, server.gateway, check_mode)


def test_what_differs_is_told_and_is_a_change(server: Server) -> None:
    ends(server, "verify", "differs-n1")
    result = compare(server)
    assert (result["changed"], result["steps"]) == (True, ["verify"])
    assert result["verified"] == {"at": 1795418000.0, "seconds": 41, "bytes_out_of_sync": 65536}
    assert result["resource"]["out_of_sync"] == 65536
    assert server.calls() == [BEGIN]


def test_what_is_marked_already_is_no_change(server: Server) -> None:
    server.shows("differs-n1")
    ends(server, "verify", "differs-n1")
    result = compare(server)
    assert (result["changed"], result["verified"]["bytes_out_of_sync"]) == (False, 65536)


def test_disks_that_are_alike_are_no_change(server: Server) -> None:
    server.compared("verify")
    alike = (FIXTURES / "journal-verify-alike.json").read_text().replace("1795331600", "1795500000")
    fresh = server.proc.with_name("fresh")
    fresh.write_text(alike)
    server.answers(f'*"verify pgha"*) cp {fresh} {server.verified};;')
    result = compare(server)
    assert (result["changed"], result["verified"]["bytes_out_of_sync"]) == (False, 0)


def test_check_mode_begins_nothing(server: Server) -> None:
    result = compare(server, check_mode=True)
    assert (result["changed"], result["steps"], result["verified"]) == (False, ["verify"], None)
    assert server.calls() == []


def test_one_that_runs_is_joined_and_waited_for(server: Server) -> None:
    server.shows("verify-n2")
    with pytest.raises(PghaError, match="was not verified within 0 seconds") as caught:
        compare(server, wait=0)
    assert "32.9" in str(caught.value.said)
    assert server.calls() == []


def test_one_that_was_broken_off_is_not_believed(server: Server) -> None:
    """The disks look as after the end of one, and what the journal has is of another one, last week."""
    with pytest.raises(PghaError, match="was broken off"):
        compare(server, wait=0)
    assert server.calls() == [BEGIN]


def test_a_disk_that_is_being_copied_is_not_compared(server: Server) -> None:
    server.shows("syncing-n1")
    with pytest.raises(PghaError, match="The disks are not compared: not both disks are UpToDate"):
        compare(server)
    assert server.calls() == []


def test_a_server_without_drbd_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run_module("drbd_verify", {})
    assert result["failed"] is True
    assert "drbdadm is not installed" in result["msg"]
