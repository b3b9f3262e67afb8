# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The identity of a server's hardware."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.pgha.cluster.plugins.module_utils.common.hardware import hardware


def test_hardware_that_tells_nothing_has_no_identity(tmp_path: Path) -> None:
    assert hardware(tmp_path / "product_uuid") == ""
    (tmp_path / "product_uuid").write_text("4C4C4544-0042\n", encoding="ascii")
    assert hardware(tmp_path / "product_uuid") == "4c4c4544-0042"
