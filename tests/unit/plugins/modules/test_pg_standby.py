# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around the plan: a primary that cannot be asked is an error, and nothing is touched."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.pgha.cluster.tests.support.module_process import run_module


def test_without_a_primary_nothing_is_touched(tmp_path: Path) -> None:
    data = tmp_path / "main"
    (data / "global").mkdir(parents=True)
    (data / "global" / "pg_control").write_text("old")
    arguments = {
        "data_directory": str(data),
        "bin_directory": str(tmp_path),
        "config_file": "/etc/postgresql/15/main/postgresql.conf",
        "host": "127.0.0.1",
        "port": 9,
        "user": "pgha_replication",
        "catalog_user": "pgha_rewind",
    }
    result = run_module("pg_standby", arguments)
    assert result["failed"] is True
    assert "PostgreSQL cannot be reached" in result["msg"]
    assert (data / "global" / "pg_control").read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["main"]
