# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A claim is made in one piece, and not in check mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.gateway import Gateway
from ansible_collections.pgha.cluster.plugins.modules.crm_claim import work

CIB = '<cib><configuration><nodes><node id="1" uname="n1"/></nodes></configuration></cib>'


@pytest.mark.parametrize("check_mode", [True, False])
def test_it_is_recorded_in_one_piece(check_mode: bool) -> None:
    given: list[str] = []

    def run(
        argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        if "--modify" in argv:
            given.append(stdin or "")
        return Completed(0, CIB, "")

    result = work({"resource": "postgresql", "node": "n1"}, Gateway(run), check_mode)
    assert result["changed"]
    assert "LATEST" in result["diff"]["after"]
    assert [one + "\n" for one in given] == ([] if check_mode else [result["diff"]["after"]])
