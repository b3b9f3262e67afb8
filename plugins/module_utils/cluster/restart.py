# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers restart PostgreSQL, in which order, and whether they may.

Pure. Standbys first and the primary last, as a standby of another one by then: clients see one switchover and no more.
PostgreSQL refuses to start a standby on which certain settings are lower than what its log was written with
(documentation, "Hot Standby: Administrator's Overview"): lowering one of them needs the primary to restart first, and
that is not what this order does.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.cluster.reload import no_postgresql
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.switchover import (
    ACCEPTABLE,
    Situation,
    choose,
    switchover_verdict,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Reason, Verdict, judge, safe, unsafe


@dataclass(frozen=True)
class Order:
    """Who restarts.

    :ivar standbys: one after the other, in this order.
    :ivar primary: restarts last, after a switchover to :ivar:`target`; both empty when it need not.
    """

    standbys: tuple[str, ...]
    primary: str
    target: str
    verdict: Verdict

    @property
    def needed(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.standbys or self.primary)


def _lowered(found: Sequence[Mapping[str, Any]]) -> list[Reason]:
    return [
        unsafe(
            "setting_lowered",
            f"{', '.join(lowered)} would be lower on {one['name']} than what its log was written with, and PostgreSQL "
            "would not start as a standby there.",
        )
        for one in found
        if (lowered := (one.get("postgres") or {}).get("restart_lowers"))
    ]


def _waits(one: Mapping[str, Any], which: str) -> bool:
    if (one.get("postgres") or {}).get("restart_pending"):
        return True
    return which == "all" or (which == "updates" and bool(one.get("updates")))


def restart_order(found: Sequence[Mapping[str, Any]], mode: str, accepted: Sequence[str], *, which: str) -> Order:
    """Work out who restarts in which order, and judge it.

    :param found: what the discovery collected.
    :param which: ``pending`` for the servers with a setting that waits for it, ``updates`` for those with an update of
        PostgreSQL's packages, too, ``all`` for every one.
    """
    units = {str(one["postgres"]["unit"]) for one in found if (one.get("postgres") or {}).get("unit")}
    if units:
        # To restart it in place is one command, and to move it there and back two.
        return Order((), "", "", judge([no_postgresql(units)]))
    now = Situation.of(found, mode)
    waiting = {str(one["name"]) for one in found if _waits(one, which)}
    primary = now.primary.name if now.primary else ""
    standbys = tuple(server.name for server in now.servers if server.name in waiting and server.name != primary)
    reasons = _lowered(found)
    # What a person has to accept is cut by the switchover only; a standby takes nobody's transactions with it. Nor does
    # the primary have to wait for it: of three servers one standby has every commit, and another one takes its turn.
    for name in standbys:
        judged = switchover_verdict(now, name, tuple(ACCEPTABLE)).reasons
        reasons += [reason for reason in judged if reason.code != "not_synchronous"]
    target = ""
    if not primary or primary in waiting:
        target = choose(now)
        name = target or next((server.name for server in now.servers if server.name != primary), "")
        reasons += switchover_verdict(now, name, accepted).reasons
    if not reasons:
        updates = " or an update of PostgreSQL's packages" if which == "updates" else ""
        reasons = [safe("nothing_waits", f"No server has a setting that waits for a restart{updates}.")]
    return Order(standbys, primary if primary in waiting else "", target, judge(dict.fromkeys(reasons)))
