# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's verdict on itself and its cluster, for Nagios and what speaks like it. Pure: status in, lines out.

This module util is private to the collection.
"""

from __future__ import annotations

from typing import Any

OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3
WORDS = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
SUBJECTS = ("all", "agent", "lag", "redundancy", "fencing", "write")
WORST_FIRST = (CRITICAL, UNKNOWN, WARNING, OK)
LAG_FACTOR = 4
"""A standby this many times as far behind as the limit is critical, unless the operator says otherwise."""
STALE_SECONDS = 5.0
"""An agent whose loop turns looks at everything several times a second."""

Finding = tuple[int, str]


def check(
    status: dict[str, Any] | None, subject: str = "all", lag_warning: int | None = None, lag_critical: int | None = None
) -> tuple[int, str]:
    """Return the exit status and the line.

    :param status: what the agent says; nothing when it does not answer.
    :param lag_warning: bytes; the limit from the configuration without it.
    """
    if status is None:
        # No answer is a no (S3): a server whose agent is away must not hold the write address for long.
        return CRITICAL, f"PGHA {subject} CRITICAL - the agent does not answer"
    limit = status["lag_limit_bytes"]
    limits = (lag_warning or limit, lag_critical or LAG_FACTOR * (lag_warning or limit))
    looks = {
        "agent": lambda: _agent(status),
        "lag": lambda: _lag(status, limits),
        "redundancy": lambda: _redundancy(status),
        "fencing": lambda: _fencing(status),
        "write": lambda: _write(status),
    }
    wanted = [name for name in SUBJECTS if name not in ("all", "write")] if subject == "all" else [subject]
    found = [looks[name]() for name in wanted]
    worst = next(level for level in WORST_FIRST if level in {level for level, _text in found})
    # Only what is as bad as the whole is worth the one line that a pager shows.
    text = "; ".join(text for level, text in found if level == worst)
    return worst, f"PGHA {subject} {WORDS[worst]} - {text} | {perfdata(status, limits)}"


def perfdata(status: dict[str, Any], limits: tuple[int, int]) -> str:
    """Return the performance data; a value that nobody knows is U, as the plugin conventions want."""
    lag = status["lag_bytes"]
    values = [
        f"lag={'U' if lag is None else f'{lag}B'};{limits[0]};{limits[1]};0;",
        f"redundant={int(status['redundant'])};;;0;1",
        f"primary={int(status['write'])};;;0;1",
        f"silence={status['peer_state']['silent_for']:.3f}s;;;0;",
    ]
    return " ".join(values)


def _agent(status: dict[str, Any]) -> Finding:
    if status["looked_ago"] > STALE_SECONDS:
        return CRITICAL, f"the agent hangs since {status['looked_ago']:.0f} s"
    if status["error"]:
        return CRITICAL, status["error"]
    if status["paused"]:
        return WARNING, "the agent is paused and does nothing"
    if status["missing_addresses"]:
        return WARNING, "the agent does not listen on " + ", ".join(status["missing_addresses"])
    if not status["peer_state"]["fresh"]:
        return WARNING, f"the agent of {status['peer']} says nothing since {status['peer_state']['silent_for']:.0f} s"
    return OK, f"{status['name']} is {status['role']} in reign {status['reign']}"


def _lag(status: dict[str, Any], limits: tuple[int, int]) -> Finding:
    lag = status["lag_bytes"]
    if lag is None:
        return UNKNOWN, "nobody knows how far the standby is behind"
    level = CRITICAL if lag >= limits[1] else WARNING if lag >= limits[0] else OK
    return level, f"the standby is {lag} bytes behind"


def _redundancy(status: dict[str, Any]) -> Finding:
    if status["role"] == "out":
        return CRITICAL, "the data here is not proven to be a copy of the primary's: rebuild_standby.yml"
    if status["redundant"]:
        return OK, "either server may be lost"
    if status["write"]:
        return WARNING, f"no standby could take over: {status['decision']['text']}"
    if status["role"] == "primary":
        return CRITICAL, f"the primary takes no writes: {status['decision']['text']}"
    return WARNING, f"this standby could not take over: {status['decision']['text']}"


def _fencing(status: dict[str, Any]) -> Finding:
    if not status["fencing"]:
        return OK, "no fence device; writes stop while the standby is away"
    if status["fenced"] == "failed":
        return CRITICAL, f"{status['peer']} could not be powered off"
    if status["fence_device"] == "failed":
        return WARNING, f"the fence device of {status['peer']} does not answer"
    return OK, f"{status['peer']} can be powered off"


def _write(status: dict[str, Any]) -> Finding:
    if status["write"] and status["looked_ago"] <= STALE_SECONDS:
        return OK, "this server may hold the write address"
    return CRITICAL, f"this server must not hold the write address: {status['role']}, PostgreSQL {status['postgres']}"
