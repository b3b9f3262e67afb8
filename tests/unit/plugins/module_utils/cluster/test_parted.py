# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nothing is given up where it is not proven that the disks have parted."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.parted import resolved, victim_verdict
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Value

FLAGS = ("consistent", "up_to_date", "was_primary", "was_connected", "peer_outdated", "crashed_primary")


def server(name: str, current: str, role: str = "Secondary", connection: str = "StandAlone") -> dict[str, Any]:
    generations = {"current": current, "bitmap": "10", "history": ["0", "0"], **dict.fromkeys(FLAGS, True)}
    resource = {
        "role": role,
        "connection": connection,
        "disk": "UpToDate",
        "out_of_sync": 8192,
    }
    return {"name": name, "disk": {"resource": resource, "generations": generations, "split_brain_seen": None}}


DOWN = {"name": "n2", "disk": {"resource": None, "generations": None}}


@pytest.mark.parametrize(
    ("servers", "victim", "value", "codes"),
    [
        ([server("n1", "A0", "Primary"), server("n2", "B0")], "n2", Value.SAFE, {"parted"}),
        ([server("n1", "A0", "Primary"), server("n2", "B0")], "n1", Value.UNSAFE, {"parted", "in_service"}),
        ([server("n1", "A0", "Primary"), server("n2", "B0")], "n9", Value.UNSAFE, {"no_such_server"}),
        ([server("n1", "A0"), server("n2", "A0")], "n2", Value.UNSAFE, {"not_parted"}),
        # One is merely behind: it takes what it lacks by itself, and has nothing to give up.
        ([server("n1", "A0"), server("n2", "10")], "n2", Value.UNSAFE, {"not_parted"}),
        ([server("n1", "A0"), DOWN], "n1", Value.UNKNOWN, {"not_up"}),
    ],
)
def test_whose_writes_may_be_given_up(
    servers: list[dict[str, Any]], victim: str, value: Value, codes: set[str]
) -> None:
    for order in (servers, servers[::-1]):
        verdict = victim_verdict(order, victim)
        assert (verdict.value, {reason.code for reason in verdict.reasons}) == (value, codes)


def test_what_the_victim_loses_is_said() -> None:
    said = victim_verdict([server("n1", "A0"), server("n2", "B0")], "n2").reasons[0].message
    assert "n2 loses up to 8192 bytes" in said


def test_disks_that_are_together_again_are_resolved() -> None:
    together = [server(name, "A0", connection="Connected") for name in ("n1", "n2")]
    assert resolved(together)
    assert not resolved([server("n1", "A0"), server("n2", "B0")])
    assert not resolved([server("n1", "A0", connection="Connected"), DOWN])
