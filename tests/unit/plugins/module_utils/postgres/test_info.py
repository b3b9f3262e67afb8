# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a server, from answers that PostgreSQL 15 and 17 gave."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import files, gateway, info, parse

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures" / "postgres"
VERSIONS = ("15", "17")
PENDING = {
    "longest_transaction_seconds": 1.5,
    "backups": 0,
    "restart_pending": ["max_connections"],
    "restart_lowers": ["max_connections"],
    "reload_pending": False,
}


def described(version: str, situation: str) -> dict[str, Any]:
    answers = json.loads((FIXTURES / version / f"rows-{situation}.json").read_text())
    answers[0][0]["age_seconds"] = 2.5
    return info.running(None, [*answers, [PENDING]])


def observed(tmp_path: Path, version: str = "15", situation: str = "stopped-primary") -> dict[str, Any]:
    """Observe a directory whose control data are the captured ones."""
    data = tmp_path / "main"
    (data / "global").mkdir(parents=True)
    (data / "global" / "pg_control").touch()
    (data / "PG_VERSION").write_text(f"{version}\n")
    (tmp_path / "pg_controldata").touch()
    printed = (FIXTURES / version / f"controldata-{situation}.txt").read_text()

    def tool(
        argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        return Completed(0, printed, "")

    return info.observe(data, tmp_path, "/nowhere", 5432, runner=tool)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_primary_with_its_standby(version: str) -> None:
    found = described(version, "primary")
    assert (found["role"], found["accepts_writes"], found["timeline"]) == ("primary", True, 1)
    assert (found["version"], found["synchronous_standby_names"]) == (int(version), "n2")
    (replica,) = found["replicas"]
    assert (replica["name"], replica["state"], replica["sync_state"]) == ("n2", "streaming", "sync")
    assert replica["lag_bytes"] == 0
    (slot,) = found["slots"]
    assert (slot["name"], slot["active"], slot["wal_status"]) == ("pgha_n2", True, "reserved")
    assert found["settings"]["data_checksums"] == "on"
    assert (found["restart_pending"], found["reload_pending"]) == (["max_connections"], False)
    assert (found["longest_transaction_seconds"], found["backups"]) == (1.5, 0)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_standby_in_step(version: str) -> None:
    found = described(version, "standby")
    assert (found["role"], found["accepts_writes"], found["streaming"]) == ("standby", False, True)
    assert (found["lag_bytes"], found["lag_seconds"], found["sync_state"]) == (0, 0.0, None)
    assert found["upstream"] == "/run/postgresql"


@pytest.mark.parametrize("version", VERSIONS)
def test_a_standby_that_received_and_did_not_replay(version: str) -> None:
    found = described(version, "standby-lagging")
    assert found["lag_bytes"] > 0
    assert found["lag_seconds"] > 0
    assert found["lsn"] == found["receive_lsn"] != found["replay_lsn"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_standby_without_a_primary_does_not_claim_to_be_in_step(version: str) -> None:
    found = described(version, "standby-alone")
    assert (found["streaming"], found["lag_seconds"], found["upstream"]) == (False, None, None)


@pytest.mark.parametrize("version", VERSIONS)
def test_right_after_its_promotion_a_primary_is_on_the_new_timeline(version: str) -> None:
    found = described(version, "promoted")
    assert (found["role"], found["timeline"]) == ("primary", 2)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("situation", ["stopped-primary", "stopped-standby", "crashed-primary", "crashed-standby"])
def test_a_stopped_server_is_described_by_its_control_data(tmp_path: Path, version: str, situation: str) -> None:
    found = observed(tmp_path, version, situation)
    assert (found["role"], found["running"], found["accepts_writes"]) == ("stopped", False, False)
    assert found["system_identifier"].isdigit()
    assert (found["version"], found["problem"]) == (int(version), "")
    assert found["control"]["checksums"] is True
    written = parse.control((FIXTURES / version / f"controldata-{situation}.txt").read_text()).checkpoint_time
    assert found["age_seconds"] == pytest.approx(time.time() - written, abs=60)


def test_stopped_and_running_servers_have_the_same_keys(tmp_path: Path) -> None:
    assert set(observed(tmp_path)) == set(described("15", "primary"))


def test_a_server_that_does_not_answer_is_no_stopped_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: object) -> None:
        raise PghaError("PostgreSQL does not answer.", said="no answer within 5 seconds")

    monkeypatch.setattr(files, "postmaster_pid", lambda _: 1)
    monkeypatch.setattr(gateway, "query", silent)
    found = observed(tmp_path)
    assert (found["role"], found["running"], found["accepts_writes"]) == ("not answering", True, False)
    assert found["problem"] == "no answer within 5 seconds"


def test_a_bare_directory_holds_no_data(tmp_path: Path) -> None:
    (tmp_path / "PG_VERSION").write_text("17\n")
    found = info.observe(tmp_path, tmp_path, "/nowhere", 5432)
    assert (found["role"], found["system_identifier"], found["problem"]) == ("none", None, "")
