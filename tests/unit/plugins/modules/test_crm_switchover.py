# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around both halves of a switchover."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.switchover import Terms
from ansible_collections.pgha.cluster.tests.support.module_process import run_module

ADDRESS = {"resource": "write-address", "ip": "10.0.0.100", "prefix": 24}


def arguments(tmp_path: Path, side: str) -> dict[str, Any]:
    return {
        "side": side,
        "primary": "n1",
        "standby": "n2",
        "peer_host": "10.0.1.12",
        "user": "pgha_rewind",
        "password_file": str(tmp_path / ".pgpass"),
        "ca_file": str(tmp_path / "ca.crt"),
        "data_directory": str(tmp_path),
        "bin_directory": str(tmp_path),
        "state_directory": str(tmp_path),
        "addresses": [ADDRESS],
    }


@pytest.mark.parametrize("side", ["give", "take"])
def test_check_mode_touches_nothing(tmp_path: Path, side: str) -> None:
    result = run_module("crm_switchover", arguments(tmp_path, side), check_mode=True)
    assert (result["changed"], result["phases"]) == (True, {})


def test_a_side_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    refused = run_module("crm_switchover", arguments(tmp_path, "steal"))
    assert refused["failed"] is True
    assert "one of: give, take" in refused["msg"]


def test_the_other_server_is_only_believed_with_its_certificate(tmp_path: Path) -> None:
    terms = Terms.of(
        {
            **arguments(tmp_path, "give"),
            "port": 5432,
            "mode": "sync",
            "socket_directory": "/run",
            "resource": "postgresql",
        }
        | {"slots": ["pgha_n1"], "rest": 90, "timeout": 300, "poolers": []}
    )
    assert (terms.peer["host"], terms.peer["sslmode"]) == ("10.0.1.12", "verify-ca")
    assert "password" not in terms.peer
    assert terms.resources == ["postgresql", "write-address"]
