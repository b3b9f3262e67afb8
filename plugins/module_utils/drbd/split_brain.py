# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether two servers' data went different ways, how much each has that the other lacks, and what a choice throws away.

Pure. Each server alone calls the other one's data divergent; only both answers together tell a split brain from a
server that is merely behind.

This module util is private to the collection.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.drbd.model import Generations


class Relation(enum.Enum):
    """How the data of two servers stands to each other."""

    SAME = "same"
    BEHIND = "behind"
    SPLIT = "split_brain"
    FRESH = "fresh"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Copy:
    """One server's data.

    :ivar written: bytes that it has changed and the other lacks, in blocks of 4 KiB; None when it does not tell.
    :ivar detected: seconds since 1970 when its kernel found the split brain; None when it does not know.
    """

    name: str
    generations: Generations | None
    written: int | None
    role: str
    detected: float | None


@dataclass(frozen=True)
class Report:
    """What both servers together say.

    :ivar behind: the server that lacks the other one's writes, when only one does.
    :ivar since: the first that either kernel said of it.
    :ivar copies: the servers by name.
    """

    relation: Relation
    behind: str
    since: float | None
    copies: tuple[Copy, ...]

    def as_result(self) -> dict[str, Any]:
        """Return plain data for a module's result."""
        return {
            "relation": self.relation.value,
            "behind": self.behind,
            "since": self.since,
            "servers": [
                {"name": one.name, "role": one.role, "written_bytes": one.written, "as_victim": self.as_victim(one)}
                for one in self.copies
            ],
        }

    def as_victim(self, victim: Copy) -> str:
        """Say what it throws away when this server takes the other one's data."""
        if self.relation is not Relation.SPLIT:
            return ""
        lost = "an unknown amount" if victim.written is None else f"up to {victim.written} bytes (in blocks of 4 KiB)"
        return f"{victim.name} loses {lost} that it wrote and {self._other(victim)} never had."

    def _other(self, victim: Copy) -> str:
        return " and ".join(one.name for one in self.copies if one.name != victim.name)


def _relation(one: Generations | None, other: Generations | None) -> tuple[Relation, int]:
    """Return the relation, and which of the two is behind: 0, 1, or -1 for neither."""
    if one is None or other is None:
        return Relation.UNKNOWN, -1
    if one.fresh or other.fresh:
        return Relation.FRESH, -1
    if one.present == other.present:
        return Relation.SAME, -1
    ahead = (other.present in one.past, one.present in other.past)
    if ahead[0] != ahead[1]:
        return Relation.BEHIND, 1 if ahead[0] else 0
    # Each in the other's past is as little one history as neither.
    return Relation.SPLIT, -1


def report(servers: Sequence[Copy]) -> Report:
    """Compare two servers. The order in which they are given makes no difference."""
    copies = tuple(sorted(servers, key=lambda one: one.name))
    if len(copies) != 2:
        return Report(Relation.UNKNOWN, "", None, copies)
    relation, behind = _relation(copies[0].generations, copies[1].generations)
    times = [one.detected for one in copies if one.detected is not None]
    since = min(times) if times and relation is Relation.SPLIT else None
    return Report(relation, copies[behind].name if behind >= 0 else "", since, copies)
