# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around the observation: a server that is not there is an answer."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.pgha.cluster.tests.support.module_process import run_module


def test_a_server_without_data_is_an_answer(tmp_path: Path) -> None:
    arguments = {"data_directory": str(tmp_path / "main"), "bin_directory": str(tmp_path)}
    result = run_module("postgres_info", arguments, check_mode=True)
    assert result["changed"] is False
    assert result["postgres"]["role"] == "none"
    assert result["postgres"]["accepts_writes"] is False
    assert result["postgres"]["system_identifier"] is None
