# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is true of the agent now, as plain data: what ``status``, ``check`` and the playbooks read.

Pure. Everything comes from the last observation and the record.

This module util is private to the collection.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.agent.config import Config
from ansible_collections.pgha.cluster.plugins.module_utils.agent.events import seen
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import (
    Decision,
    Heard,
    Observation,
    Postgres,
    Record,
    Role,
)


def may_hold_write(record: Record, postgres: Postgres) -> bool:
    """Return whether this server is the primary and takes writes, so that the write address belongs here."""
    return record.role is Role.PRIMARY and postgres is Postgres.PRIMARY and not (record.offered or record.yielded)


def lag_bytes(o: Observation) -> int | None:
    """Return how many bytes of log the standby lacks; nothing when one server has not said how far it is."""
    heard = o.heard
    if heard is None or not o.fresh or not (o.received and heard.received):
        return None
    if o.record.role is Role.PRIMARY and heard.role is Role.STANDBY:
        return max(o.received - heard.received, 0)
    if o.record.role is Role.STANDBY and heard.role is Role.PRIMARY:
        return max(heard.received - o.received, 0)
    return None


def redundant(o: Observation) -> bool:
    """Return whether one of the two servers could be lost now, and the other one would have every commit."""
    heard = o.heard
    if heard is None or not o.fresh or heard.reign != o.record.reign:
        return False
    if o.record.role is Role.PRIMARY:
        return o.handing and heard.eligible and o.follows
    return o.may_take_over and o.follows and heard.role is Role.PRIMARY and heard.granting


def of_cluster(config: Config) -> dict[str, Any]:
    """Return what was configured, without secrets."""
    return {
        "name": config.name,
        "peer": config.peer,
        "stack": config.stack,
        "strict": config.strict,
        "fencing": config.fencing,
        "lag_limit_bytes": config.lag_limit_bytes,
    }


def of_server(record: Record, o: Observation) -> dict[str, Any]:
    """Return what is true of this server."""
    return {
        "role": record.role.value,
        "reign": record.reign,
        "waits": record.waits,
        "eligible": record.eligible and record.boot == o.boot,
        "offered": record.offered,
        "yielded": record.yielded,
        "postgres": o.postgres.value,
        "healthy": o.healthy,
        "reach": o.reach,
        "follows": o.follows,
        "waiting": o.waiting,
        "caught_up": o.caught_up,
        "received": o.received,
        "clean": o.clean,
        "arbiter": o.arbiter.value,
        "fenced": o.fenced.value,
        "write": may_hold_write(record, o.postgres),
        "lag_bytes": lag_bytes(o),
        "redundant": redundant(o),
    }


def of_peer(heard: Heard | None, o: Observation, silent_for: float) -> dict[str, Any]:
    """Return what the other agent has said last, and how long ago."""
    said = seen(heard) | {"role": heard.role.value, "postgres": heard.postgres.value} if heard else {}
    fresh = heard is not None and silent_for <= o.timing.fresh
    return {"fresh": fresh, "silent_for": round(silent_for, 3), "heard": said if heard else None}


def of_decision(decision: Decision, seconds: float) -> dict[str, Any]:
    """Return what was decided last, and for how long it has been so."""
    return {
        "action": decision.action.value,
        "reason": decision.reason,
        "text": decision.text,
        "proof": decision.proof.value if decision.proof else None,
        "for_seconds": round(seconds, 3),
    }
