# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of PostgreSQL's tools to the model.

This module util is private to the collection.
"""

from __future__ import annotations

import re

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import Control, Fork, History, Lsn, State


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


def control(text: str) -> Control:
    """Read what pg_controldata prints with LC_ALL=C."""
    pairs = _pairs(text)

    def of(key: str) -> str:
        if key not in pairs:
            raise ParseError("pg_controldata did not print a line that was expected", where=key, said=text)
        return pairs[key]

    try:
        state = State(of("Database cluster state"))
    except ValueError:
        raise ParseError("pg_controldata names an unknown state", where="Database cluster state", said=text) from None
    return Control(
        system_identifier=of("Database system identifier"),
        state=state,
        timeline=int(of("Latest checkpoint's TimeLineID")),
        checkpoint_lsn=Lsn.parse(of("Latest checkpoint location")),
        redo_lsn=Lsn.parse(of("Latest checkpoint's REDO location")),
        min_recovery_end=Lsn.parse(of("Minimum recovery ending location")),
        min_recovery_timeline=int(of("Min recovery ending loc's timeline")),
        checksums=of("Data page checksum version") != "0",
        wal_log_hints=of("wal_log_hints setting") == "on",
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


def backup_start(text: str) -> Fork:
    """Read from a backup_label where the backup starts."""
    place = re.search(r"^START WAL LOCATION: ([0-9A-F]+/[0-9A-F]+) ", text, re.MULTILINE)
    timeline = re.search(r"^START TIMELINE: (\d+)$", text, re.MULTILINE)
    if not place or not timeline:
        raise ParseError("The backup label names no start", where="backup_label", said=text)
    return Fork(int(timeline.group(1)), Lsn.parse(place.group(1)))
