# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps PostgreSQL from running on a server that answers.

Pure. This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.cluster.failover import COMPLETE, RECORD, UNSEEN, is_current
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.model import (
    OUTSIDE,
    SERVICES,
    Expected,
    Report,
    Seen,
)

GUARD = "My data may be inconsistent"


def judge_down(
    report: Report, server: Seen, expected: Expected, view: Mapping[str, Any], primaries: Sequence[str]
) -> None:
    """Say why the service is no primary and no standby on a server, and what to do about that."""
    what = server.postgres.get("unit") or "PostgreSQL"
    if server.role == UNSEEN:
        # Said of its disk, and no rebuild would help.
        return
    step = f"{expected.command}rebuild_standby.yml -e pgha_target={server.name}" if primaries else ""
    failed = [
        one["reason"]
        for one in view.get("failures", [])
        if one["node"] == server.name and str(one.get("resource", "")).startswith(SERVICES)
    ]
    guarded = any(GUARD in reason for reason in failed)
    attributes = view.get("node_attributes", {}).get(server.name, {})
    last = not primaries and attributes.get(RECORD) in COMPLETE and is_current(attributes, expected.stack)
    if guarded:
        text = f"{server.name} was primary and did not stop in order: it is kept out until its data is rebuilt"
        if last:
            text = f"{server.name} was primary and did not stop in order; nobody else has all of its commits"
            step = f"{expected.command}failover.yml -e pgha_target={server.name}"
    elif attributes.get("pgha-held"):
        text = f"PostgreSQL does not run on {server.name}: {attributes['pgha-held']}"
        step = f"{expected.command}failover.yml -e pgha_target={server.name}" if last else ""
    elif view and attributes.get("pgha-data") != "ready":
        text = f"the data of {server.name} is not proven: it is kept out until it is rebuilt"
    elif server.role == OUTSIDE:
        text, step = f"{what} runs on {server.name} without its disk", f"on {server.name}: systemctl stop {what}"
    elif server.role == "not answering":
        text = f"PostgreSQL on {server.name} runs and does not answer"
    else:
        text = f"{what} does not run on {server.name} ({server.role})"
        if server.role == "stopped" and view and not failed:
            # Right after a boot; a rebuild would only take down what is coming up.
            text, step = f"{text}, and nothing keeps the cluster from starting it", "look again in half a minute"
    report.add(text, step)
