# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of PostgreSQL's tools to the model.

This module util is private to the collection.
"""

from __future__ import annotations

import re
import time

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import (
    Backup,
    Control,
    Fork,
    History,
    Lsn,
    Position,
    State,
)

# How pg_controldata calls the settings that a standby has to have at least as high.
_SETTINGS = {
    "max_connections": "max_connections",
    "max_worker_processes": "max_worker_processes",
    "max_wal_senders": "max_wal_senders",
    "max_prepared_transactions": "max_prepared_xacts",
    "max_locks_per_transaction": "max_locks_per_xact",
}

# In English whatever the locale is that this process has taken on.
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _pairs(text: str) -> dict[str, str]:
    pairs = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        key, colon, value = line.partition(":")
        if not colon:
            raise ParseError("pg_controldata printed a line without a colon", where=f"line {number}", said=line)
        pairs[key.strip()] = value.strip()
    return pairs


def _moment(said: str) -> float:
    """Read a time of day of this server, such as C(Sat Nov 21 09:13:50 2026); in seconds since 1970."""
    try:
        _weekday, month, day, clock, year = said.split()
        hours, minutes, seconds = (int(part) for part in clock.split(":"))
        return time.mktime((int(year), _MONTHS.index(month) + 1, int(day), hours, minutes, seconds, 0, 0, -1))
    except ValueError:
        raise ParseError(
            "pg_controldata printed no time of day", where="Time of latest checkpoint", said=said
        ) from None


def control(text: str) -> Control:
    """Read what pg_controldata prints with LC_ALL=C."""
    pairs = _pairs(text)

    def of(key: str) -> str:
        if key not in pairs:
            raise ParseError("pg_controldata did not print a line that was expected", where=key, said=text)
        return pairs[key]

    def number(key: str) -> int:
        try:
            return int(of(key))
        except ValueError:
            raise ParseError("pg_controldata printed no number", where=key, said=of(key)) from None

    try:
        state = State(of("Database cluster state"))
    except ValueError:
        raise ParseError("pg_controldata names an unknown state", where="Database cluster state", said=text) from None
    return Control(
        system_identifier=of("Database system identifier"),
        state=state,
        timeline=number("Latest checkpoint's TimeLineID"),
        checkpoint_lsn=Lsn.parse(of("Latest checkpoint location")),
        redo_lsn=Lsn.parse(of("Latest checkpoint's REDO location")),
        checkpoint_time=_moment(of("Time of latest checkpoint")),
        min_recovery_end=Lsn.parse(of("Minimum recovery ending location")),
        min_recovery_timeline=number("Min recovery ending loc's timeline"),
        segment_bytes=number("Bytes per WAL segment"),
        checksums=of("Data page checksum version") != "0",
        wal_log_hints=of("wal_log_hints setting") == "on",
        settings={name: number(f"{printed} setting") for name, printed in _SETTINGS.items()},
    )


def history(timeline: int, text: str) -> History:
    """Read a timeline history file: parent timeline, LSN of the fork, reason."""
    forks = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split("#", 1)[0].split()
        if not words:
            continue
        if len(words) < 2 or not words[0].isdigit():
            raise ParseError("A timeline history line has no timeline and LSN", where=f"line {number}", said=line)
        forks.append(Fork(int(words[0]), Lsn.parse(words[1])))
    return History(timeline, tuple(forks))


def backup(manifest: str) -> Backup:
    """Read from a backup manifest, or from its last lines, which WAL the backup needs."""
    ranges = re.search(
        r'"WAL-Ranges":\s*\[\s*\{\s*"Timeline":\s*(\d+),\s*"Start-LSN":\s*"([^"]+)",\s*"End-LSN":\s*"([^"]+)"\s*\}\s*\]',
        manifest,
    )
    if not ranges:
        raise ParseError("The backup manifest does not name its WAL", where="WAL-Ranges", said=manifest[-500:])
    return Backup(int(ranges.group(1)), Lsn.parse(ranges.group(2)), Lsn.parse(ranges.group(3)))


def wal_end(timeline: int, errors: str) -> Position | None:
    """Read from what ``pg_waldump --quiet`` complains about where the last record of a timeline's WAL begins."""
    last = re.search(r"error in WAL record at ([0-9A-F]+/[0-9A-F]+):", errors)
    return Position(timeline, Lsn.parse(last.group(1)), is_end=False) if last else None


def rewind_cost(words: str) -> int:
    """Read from what ``pg_rewind --progress`` says how many bytes it has to copy; it counts whole megabytes."""
    found = re.search(r"need to copy (\d+) MB", words)
    if not found:
        raise ParseError("pg_rewind did not say how much it has to copy", where="need to copy", said=words)
    return int(found.group(1)) * 1024 * 1024


def label_start(label: str) -> Lsn:
    """Read from a backup label where the WAL begins that has to be replayed."""
    found = re.match(r"START WAL LOCATION: ([0-9A-F]+/[0-9A-F]+) ", label)
    if not found:
        raise ParseError("A backup label does not say where its WAL begins", where="line 1", said=label)
    return Lsn.parse(found.group(1))


def copied_bytes(progress: str) -> int:
    """Read from the progress of pg_basebackup how much it has copied; 0 before its first word."""
    counts = re.findall(r"^ *(\d+)/\d+ kB \(\d+%\)", progress, re.MULTILINE)
    return int(counts[-1]) * 1024 if counts else 0
