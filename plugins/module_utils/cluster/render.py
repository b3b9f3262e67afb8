# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status of a cluster as the table that a person reads.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

COLUMNS = ("server", "member", "PostgreSQL", "timeline", "LSN", "lag", "replication", "fencing")
WORDS = {
    "ok": "everything is as it should be",
    "degraded": "writes are taken, but see the problems below",
    "waiting": "WRITES WAIT FOR A STANDBY",
    "down": "NO SERVER THAT ANSWERS TAKES WRITES",
    "unknown": "NO SERVER GAVE AN ANSWER",
    "dangerous": "TWO SERVERS TAKE WRITES",
}


def size(count: int | None) -> str:
    """Write a number of bytes for a person."""
    if count is None:
        return "-"
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if abs(amount) < 1024 or unit == "GB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}"


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    lag = "-" if row["lag_bytes"] is None else f"{size(row['lag_bytes'])}, {row['lag_seconds']:.1f} s"
    return (
        row["name"],
        row["member"] if row["reached"] else f"{row['member']}, no answer",
        row["role"],
        str(row["timeline"] or "-"),
        row["lsn"] or "-",
        lag,
        row["sync_state"] or "-",
        {"safe": "proven"}.get(row["fencing"], row["fencing"]),
    )


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Set rows in columns."""
    widths = [max(len(row[number]) for row in rows) for number in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def lines(report: Mapping[str, Any], commands: Sequence[str]) -> list[str]:
    """Return the whole status as lines."""
    silent = {row["name"] for row in report["servers"] if not row["reached"]}
    # What nobody could ask is not called lost: a person who believes it may do harm.
    words, redundancy = WORDS[report["state"]], "redundant" if report["redundant"] else "NOT REDUNDANT"
    if report["primary"] in silent:
        words, redundancy = f"{report['primary']} is primary but does not answer", "redundancy unknown"
    elif report["state"] in ("down", "unknown") and silent:
        redundancy = "redundancy unknown"
    out = [
        f"{report['cluster']} ({report['stack']}, {report['mode']}): {report['state'].upper()}: {words}; {redundancy}",
        "",
        *table([COLUMNS, *(_cells(row) for row in report["servers"])]),
        "",
    ]
    nowhere = "not seen" if silent else "NOWHERE"
    for kind, held in report["addresses"].items():
        out.append(f"{kind} address {held['address']}: {' and '.join(held['holders']) or nowhere}")
    out += report["disks"]
    votes = report["votes"]
    counted = f"{votes['total']} of {votes['expected']} votes" if votes else "votes unknown"
    out.append(f"quorum: {'yes' if report['quorum'] else 'NO'}, {counted}; tie-breaker: {report['tie_breaker']}")
    if report["mode"] == "strict":
        out.append("strict: while the standby is away, writes wait; without a standby no commit is acknowledged")
    if report["problems"]:
        out += ["", "Problems", *(f"  - {problem}" for problem in report["problems"])]
    if report["next"]:
        out += ["", "What to do", *(f"  - {step}" for step in report["next"])]
    for name, settings in report["restart_pending"].items():
        out += ["", f"In force on {name} only after a restart of PostgreSQL there: {', '.join(settings)}"]
    if report["failures"]:
        out += ["", "What the cluster remembers", *(f"  - {failure}" for failure in report["failures"])]
    if commands:
        out += ["", "To try", *(f"  {command}" for command in commands)]
    return out
