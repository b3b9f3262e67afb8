# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``pgha-agent status`` and ``why`` print for a person. Pure.

This module util is private to the collection.
"""

from __future__ import annotations

import time
from typing import Any

LAST_EVENTS = 15


def status_text(status: dict[str, Any]) -> str:
    """Return the status as a few lines."""
    heard, peer = status["peer_state"]["heard"], status["peer"]
    silence = f"{status['peer_state']['silent_for']:.1f} s ago"
    there = f"{heard['role']} in reign {heard['reign']}, PostgreSQL {heard['postgres']}" if heard else "never heard"
    if heard and not status["peer_state"]["fresh"]:
        there = f"silent; {silence} it was {there}"
    lag = "unknown" if status["lag_bytes"] is None else f"{status['lag_bytes']} bytes"
    lines = [
        f"{status['name']}: {status['role']} in reign {status['reign']}, PostgreSQL {status['postgres']}"
        + ("" if status["healthy"] else ", which does not do its work"),
        f"{peer}: {there}",
        f"redundant: {_yes(status['redundant'])}   lag: {lag}   write address may be here: {_yes(status['write'])}",
        f"now: {status['decision']['text']} ({status['decision']['reason']}, since {_age(status['decision'])})",
    ]
    lines += [f"running: {action}" for action in status["running"]]
    lines += _notes(status)
    return "\n".join(lines)


def _notes(status: dict[str, Any]) -> list[str]:
    """What an operator must not overlook."""
    found = []
    if status["paused"]:
        found.append("PAUSED: nothing is done, not even after a crash. End it with: pgha-agent resume")
    if status["error"]:
        found.append(f"ERROR: {status['error']}")
    if status["missing_addresses"]:
        found.append("NOT LISTENING on " + ", ".join(status["missing_addresses"]))
    if not status["fencing"]:
        # S5: what it costs has to be said each time.
        found.append(
            "NO FENCING: while the standby is away, or the primary has lost its power, writes may have to wait."
        )
    if status["role"] == "out":
        found.append("OUT: the data here is not proven to be a copy of the primary's. Next: rebuild_standby.yml")
    return found


def why_text(answer: dict[str, Any]) -> str:
    """Return the last decision with what was seen, and the last events."""
    decision, events = answer["status"]["decision"], answer["events"]
    proof = f", proof: {decision['proof']}" if decision["proof"] else ""
    lines = [f"{decision['action']}: {decision['text']} ({decision['reason']}{proof}, since {_age(decision)})"]
    last = next((event for event in reversed(events) if event["kind"] == "decided"), None)
    if last is not None:
        lines += ["", "What was seen when that was decided:"]
        lines += [f"  {name}: {value}" for name, value in _flat(last["seen"])]
    lines += ["", "The last events:"]
    lines += [_event(event) for event in events[-LAST_EVENTS:]]
    return "\n".join(lines)


def _event(event: dict[str, Any]) -> str:
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event["time"]))
    word = f"{event['action']} ({event['reason']}): " if event["kind"] == "decided" else ""
    return f"  {when}.{int(event['time'] % 1 * 1000):03d}  {event['kind']:9} {word}{event['text']}"


def _flat(data: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in data.items():
        found += _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else [(prefix + name, value)]
    return found


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _age(decision: dict[str, Any]) -> str:
    seconds = decision["for_seconds"]
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
