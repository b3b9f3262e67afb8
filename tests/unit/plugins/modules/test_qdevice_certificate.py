# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server asks for a certificate when it needs one, and only then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.tests.support.module_process import run_module
from ansible_collections.pgha.cluster.tests.support.programs import FakePrograms

_CA = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"


@pytest.fixture(name="arguments")
def _arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """certutil is played: it makes the database, writes requests, shows authority and certificate."""
    programs = FakePrograms(tmp_path / "bin", monkeypatch)
    programs.add(
        "certutil",
        f"""case "$*" in
        *-N*) touch "$2/cert9.db";;
        *-R*) printf request > "$2/qdevice-net-node.crq";;
        *"QNet CA -a"*) echo '{_CA}';;
        *"-L -n Cluster Cert"*) echo '        Subject: "CN=demo"';;
        esac""",
    )
    return {"ca": _CA, "cluster_name": "demo", "database": str(tmp_path / "nssdb")}


def test_a_new_server_asks_and_then_holds_its_certificate(arguments: dict[str, Any]) -> None:
    asked = run_module("qdevice_certificate", arguments)
    assert asked["reason"] == "it has no certificates yet"
    assert asked["request"] == "cmVxdWVzdA=="
    assert run_module("qdevice_certificate", {**arguments, "certificate": "c2lnbmVk"})["changed"] is True
    again = run_module("qdevice_certificate", arguments)
    assert (again["changed"], again["request"]) == (False, "")


def test_check_mode_makes_no_request(arguments: dict[str, Any], tmp_path: Path) -> None:
    asked = run_module("qdevice_certificate", arguments, check_mode=True)
    assert (asked["changed"], asked["request"]) == (True, "")
    assert not list(tmp_path.glob("nssdb*"))


def test_without_an_authority_there_is_nothing_to_join(arguments: dict[str, Any]) -> None:
    result = run_module("qdevice_certificate", {**arguments, "ca": ""})
    assert result["failed"] is True
    assert "deploy the vote host first" in result["msg"]
