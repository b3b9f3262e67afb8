# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vote host signs what it is asked to, and only that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.tests.support.module_process import run_module
from ansible_collections.pgha.cluster.tests.support.programs import FakePrograms


@pytest.fixture(name="vote_host")
def _vote_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[FakePrograms, dict[str, Any]]:
    """A vote host with its authority."""
    database = tmp_path / "nssdb"
    database.mkdir()
    (database / "cert9.db").touch()
    programs = FakePrograms(tmp_path / "bin", monkeypatch)
    programs.add("certutil", "echo authority")
    programs.add(
        "corosync-qnetd-certutil",
        f'{{ cat "$3"; printf " signed"; }} > {database}/cluster-demo.crt',
    )
    return programs, {"cluster_name": "demo", "database": str(database)}


def test_without_a_request_it_only_reads(vote_host: tuple[FakePrograms, dict[str, Any]]) -> None:
    programs, arguments = vote_host
    result = run_module("qnetd_certificate", arguments)
    assert (result["changed"], result["ca"], result["certificate"]) == (False, "authority\n", "")
    assert programs.calls("corosync-qnetd-certutil") == []


def test_a_request_is_signed(vote_host: tuple[FakePrograms, dict[str, Any]]) -> None:
    _programs, arguments = vote_host
    result = run_module("qnetd_certificate", {**arguments, "request": "cmVxdWVzdA=="})
    assert (result["changed"], result["certificate"]) == (True, "cmVxdWVzdCBzaWduZWQ=")


def test_check_mode_signs_nothing(vote_host: tuple[FakePrograms, dict[str, Any]]) -> None:
    programs, arguments = vote_host
    result = run_module("qnetd_certificate", {**arguments, "request": "cmVxdWVzdA=="}, check_mode=True)
    assert (result["changed"], result["certificate"]) == (True, "")
    assert programs.calls("corosync-qnetd-certutil") == []


def test_a_vote_host_without_authority_is_named(tmp_path: Path) -> None:
    result = run_module("qnetd_certificate", {"cluster_name": "demo", "database": str(tmp_path)})
    assert result["failed"] is True
    assert "no certificate authority" in result["msg"]
