# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether settings may be loaded: the decision table."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.reload import reload_verdict, waiting
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Value

READY = {"pgha-data": "ready"}
PRIMARY = {"name": "n1", "postgres": {"role": "primary", "running": True}, "attributes": READY}
STANDBY = {"name": "n2", "postgres": {"role": "standby", "running": True}, "attributes": READY}
STOPPED = {"name": "n2", "postgres": {"role": "stopped", "running": False}, "attributes": READY}
SILENT = {"name": "n2", "postgres": {}, "attributes": READY}
HUNG = {"name": "n2", "postgres": {"role": "not answering", "running": True}, "attributes": READY}
BARE = {"name": "n2", "postgres": {"role": "none", "running": False}, "attributes": {}}


@pytest.mark.parametrize(
    ("servers", "value", "codes"),
    [
        ([PRIMARY, STANDBY], Value.SAFE, ["reloads", "reloads"]),
        ([PRIMARY, STOPPED], Value.SAFE, ["reloads", "reads_at_start"]),
        ([PRIMARY, SILENT], Value.UNKNOWN, ["reloads", "not_reached"]),
        ([PRIMARY, HUNG], Value.UNKNOWN, ["reloads", "not_answering"]),
        ([PRIMARY, BARE], Value.UNSAFE, ["reloads", "not_deployed"]),
        ([{**STOPPED, "attributes": {}}], Value.UNKNOWN, ["reads_at_start", "no_cluster"]),
        ([], Value.UNKNOWN, ["no_cluster"]),
    ],
)
def test_verdicts(servers: list[dict[str, Any]], value: Value, codes: list[str]) -> None:
    verdict = reload_verdict(servers)
    assert verdict.value is value
    assert [reason.code for reason in verdict.reasons] == codes


def test_what_waits_is_told_by_setting() -> None:
    def server(name: str, *settings: str) -> dict[str, Any]:
        return {"name": name, "postgres": {"restart_pending": list(settings)}}

    found = waiting([server("n1", "wal_level", "max_connections"), server("n2", "max_connections"), server("n3")])
    assert found == {"max_connections": ["n1", "n2"], "wal_level": ["n1"]}
    assert waiting([SILENT]) == {}
