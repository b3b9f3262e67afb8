# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When the disks of a cluster may be compared, and who begins."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.verification import beginner, verification_verdict
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Value


def server(name: str, role: str, **changed: Any) -> dict[str, Any]:
    resource = {
        "role": role,
        "connection": "Connected",
        "replication": "Established",
        "disk": "UpToDate",
        "peer_disk": "UpToDate",
        "progress": None,
    }
    return {"name": name, "disk": {"resource": resource | changed}}


VERIFYING = {"replication": "VerifyT", "progress": {"kind": "verify"}}
SYNCING = {"replication": "SyncTarget", "disk": "Inconsistent", "progress": {"kind": "resync"}}
DOWN = {"name": "n2", "disk": {"resource": None}}
OTHER_STACK: list[dict[str, Any]] = [{"name": name, "disk": {}} for name in ("n1", "n2")]


@pytest.mark.parametrize(
    ("servers", "value", "codes"),
    [
        ([server("n1", "Primary"), server("n2", "Secondary")], Value.SAFE, {"comparable", "primary_known"}),
        (
            [server("n1", "Primary", **VERIFYING), server("n2", "Secondary", **VERIFYING)],
            Value.SAFE,
            {"running", "primary_known"},
        ),
        # Each server's word counts: one of them may be late.
        (
            [server("n1", "Primary"), server("n2", "Secondary", **SYNCING)],
            Value.UNSAFE,
            {"comparable", "not_up_to_date", "primary_known"},
        ),
        ([server("n1", "Primary"), DOWN], Value.UNKNOWN, {"comparable", "not_up", "primary_known"}),
        ([server("n1", "Secondary"), server("n2", "Secondary")], Value.UNKNOWN, {"comparable", "no_primary"}),
        ([server("n1", "Primary"), server("n2", "Primary")], Value.UNKNOWN, {"comparable", "no_primary"}),
        (OTHER_STACK, Value.UNSAFE, {"no_replicated_disk"}),
    ],
)
def test_verdicts(servers: list[dict[str, Any]], value: Value, codes: set[str]) -> None:
    for order in (servers, servers[::-1]):
        verdict = verification_verdict(order)
        assert (verdict.value, {reason.code for reason in verdict.reasons}) == (value, codes)


def test_the_primary_begins_and_a_reason_names_its_server() -> None:
    servers = [server("n1", "Secondary"), server("n2", "Primary", connection="StandAlone")]
    assert beginner(servers) == "n2"
    assert any(reason.message.startswith("n2: ") for reason in verification_verdict(servers).reasons)
