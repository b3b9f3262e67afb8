# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the agent's lasting record changes, and how it is kept. It changes on disk before anybody is told or acts on it.

This module util is private to the collection.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields, replace
from pathlib import Path

from ansible_collections.pgha.cluster.plugins.module_utils.agent.lasting import write
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import (
    Action,
    Decision,
    Heard,
    Observation,
    Postgres,
    Proof,
    Record,
    Role,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError

ORDER_STEP = 10
"""How far an operator's failover counts up: a reign that the lost server may have begun must stay below it."""


def told(record: Record, heard: Heard, boot: str) -> Record:
    """Return the record after a message was accepted: a standby learns whether its primary waits for it."""
    if record.role is not Role.STANDBY or heard.role is not Role.PRIMARY or heard.reign != record.reign:
        return record
    if heard.granting:
        return replace(record, eligible=True, boot=boot)
    return replace(record, eligible=False)


def after(record: Record, decision: Decision, o: Observation) -> Record:
    """Return the record after a decision."""
    if decision.action in (Action.WAIT_FOR_PEER, Action.GO_ON_ALONE):
        return replace(record, waits=decision.action is Action.WAIT_FOR_PEER)
    if decision.action in (Action.OFFER, Action.RESUME):
        return replace(record, offered=decision.action is Action.OFFER)
    if decision.action is Action.START_PRIMARY:
        if decision.proof is Proof.OPERATOR:
            return Record(record.reign + ORDER_STEP, Role.PRIMARY, o.boot)
        return replace(record, boot=o.boot, offered=False)
    if decision.action is Action.PROMOTE and record.role is not Role.PRIMARY:
        step = ORDER_STEP if decision.proof is Proof.OPERATOR else 1
        return Record(record.reign + step, Role.PRIMARY, o.boot)
    if decision.action is Action.YIELD:
        return _yielded(record, o)
    if decision.action is Action.FOLLOW and o.heard is not None:
        role = Role.STANDBY if record.role is Role.STANDBY else Role.OUT
        return Record(o.heard.reign, role, o.boot)
    if decision.action is Action.STOP and record.role is Role.STANDBY and o.postgres is Postgres.PRIMARY:
        return replace(record, role=Role.OUT, eligible=False)
    return record


def _yielded(record: Record, o: Observation) -> Record:
    """The other server has all that this one wrote only when it has the checkpoint of an orderly stop."""
    followed = o.clean and o.heard is not None and o.heard.received > o.received
    return Record(record.reign + 1, Role.STANDBY if followed else Role.OUT, o.boot, yielded=True)


def load(path: Path) -> Record:
    """Return the record of this server; one that was never written knows no reign and is out."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Record()
    try:
        values = json.loads(text)
        known = {one.name: values[one.name] for one in fields(Record)}
        return Record(**{**known, "role": Role(known["role"])})
    except (ValueError, KeyError, TypeError) as broken:
        raise PghaError(
            f"The agent's record {path} cannot be read: {broken}.",
            expected="the values that the agent itself has written",
            next_step="keep the file, and make this server a standby again: rebuild_standby.yml",
        ) from broken


def store(path: Path, record: Record) -> None:
    """Write the record so that a power cut leaves either the old one or the new one."""
    write(path, json.dumps(asdict(record)))
