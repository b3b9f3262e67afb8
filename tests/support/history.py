# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What clients and observers saw during a test, and what must hold of it. Pure: no clock, no file, no network.

Every record is one JSON line, so that a record cut off by the end of its writer is noticed and left out.
All times are seconds of this machine's monotonic clock, which all observers share.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations, pairwise
from typing import Any


class Outcome(enum.StrEnum):
    """How an attempt to write ended, as far as its client can know."""

    ACKNOWLEDGED = "acknowledged"
    """The server said that the commit is done. The row must be there for ever."""
    FAILED = "failed"
    """The server said no, or was never asked. The row must not be there."""
    UNKNOWN = "unknown"
    """The answer never came. The row may be there or not."""


@dataclass(frozen=True)
class Attempt:
    """One attempt of the writer to commit one row."""

    number: int
    outcome: Outcome
    started: float
    ended: float
    reason: str = ""


@dataclass(frozen=True)
class Reading:
    """One query of a reader: who answered it, or that nobody did."""

    started: float
    ended: float
    answered: bool
    in_recovery: bool | None = None
    rows: int | None = None
    reason: str = ""


class State(enum.StrEnum):
    """What a server said to an observer that asked it directly."""

    ACCEPTS = "accepts"
    """It is no standby, and a row was written and committed on it."""
    REFUSES = "refuses"
    """It is no standby, and it did not take the row."""
    STANDBY = "standby"
    DOWN = "down"
    """Something answers at the address, and it is no PostgreSQL that lets us in."""
    SILENT = "silent"
    """Nothing answers at all."""


@dataclass(frozen=True)
class Sample:
    """One look at one server.

    :ivar reign: postmaster's start and timeline. While both stay the same, a server that accepted writes twice took
        them all the time in between, also while nobody could look.
    """

    server: str
    state: State
    started: float
    ended: float
    reign: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Holding:
    """Who answered for an address on the wire, by name; a stranger by its hardware address."""

    address: str
    at: float
    holders: tuple[str, ...]


@dataclass(frozen=True)
class Reign:
    """A time during which a server surely took writes."""

    server: str
    identity: str
    begin: float
    end: float
    samples: int

    def overlaps(self, other: Reign) -> bool:
        """Return whether both surely took writes at one moment.

        A reign of a single sample happened at some unknown moment of it, so that both its ends have to be inside the
        other one.
        """
        for one, two in ((self, other), (other, self)):
            if one.samples == 1 and two.samples > 1:
                return two.begin <= one.begin and one.end <= two.end
        if self.samples == 1 or other.samples == 1:
            return False
        return self.begin <= other.end and other.begin <= self.end


def to_line(record: Attempt | Reading | Sample | Holding) -> str:
    """Return a record as one line."""
    return json.dumps(asdict(record), separators=(",", ":")) + "\n"


def _records(text: str) -> list[dict[str, Any]]:
    # What follows the last line feed is a record whose writing was cut off.
    return [json.loads(line) for line in text.split("\n")[:-1]]


def attempts(text: str) -> list[Attempt]:
    """Read the ledger of a writer."""
    return [Attempt(**{**record, "outcome": Outcome(record["outcome"])}) for record in _records(text)]


def readings(text: str) -> list[Reading]:
    """Read what a reader saw."""
    return [Reading(**record) for record in _records(text)]


def samples(text: str) -> list[Sample]:
    """Read what an observer saw of a server."""
    return [Sample(**{**record, "state": State(record["state"])}) for record in _records(text)]


def holdings(text: str) -> list[Holding]:
    """Read who answered for the addresses."""
    return [Holding(**{**record, "holders": tuple(record["holders"])}) for record in _records(text)]


def lost_commits(ledger: Iterable[Attempt], rows: Iterable[int]) -> list[int]:
    """Return the acknowledged rows that are not in the table. There must be none, ever."""
    present = set(rows)
    return sorted(
        attempt.number
        for attempt in ledger
        if attempt.outcome is Outcome.ACKNOWLEDGED and attempt.number not in present
    )


def lost_in_between(ledger: Iterable[Attempt], rows: Iterable[int]) -> list[int]:
    """Return the lost rows that are older than the newest row before the loss ended: only the last ones may be lost.

    Of one failover without waiting for the standby: what the standby had not received yet is gone, and nothing else.
    """
    present = set(rows)
    lost = lost_commits(ledger, present)
    newest = max((number for number in present if lost and number < lost[-1]), default=0)
    return [number for number in lost if number < newest]


def impossible_rows(ledger: Iterable[Attempt], rows: Iterable[int]) -> list[int]:
    """Return the rows that nobody wrote, or whose writer was told no: the ledger would be worth nothing."""
    possible = {attempt.number for attempt in ledger if attempt.outcome is not Outcome.FAILED}
    return sorted(set(rows) - possible)


def longest_gap(moments: Sequence[float], begin: float, end: float) -> float:
    """Return the longest time within begin to end in which none of the (sorted) moments lies."""
    inside = [begin, *(moment for moment in moments if begin < moment < end), end]
    return max(later - earlier for earlier, later in pairwise(inside))


def write_outage(ledger: Iterable[Attempt], begin: float, end: float) -> float:
    """Return the longest time without an acknowledged commit.

    :param begin: the moment of the fault; the time since the last acknowledgement before it counts too.
    :param end: when to stop looking; writes that never came back count up to here.
    """
    moments = [attempt.ended for attempt in ledger if attempt.outcome is Outcome.ACKNOWLEDGED]
    before = max((moment for moment in moments if moment <= begin), default=begin)
    return longest_gap(moments, before, end)


def read_outage(seen: Iterable[Reading], begin: float, end: float) -> float:
    """Return the longest time without an answered query, as :func:`write_outage`."""
    moments = [reading.ended for reading in seen if reading.answered]
    before = max((moment for moment in moments if moment <= begin), default=begin)
    return longest_gap(moments, before, end)


def reigns(seen: Iterable[Sample]) -> list[Reign]:
    """Return when which server surely took writes, in the order in which it began."""
    accepted: dict[tuple[str, str], list[Sample]] = {}
    for sample in seen:
        if sample.state is State.ACCEPTS:
            accepted.setdefault((sample.server, sample.reign), []).append(sample)
    found = []
    for (server, identity), group in accepted.items():
        if len(group) == 1:
            begin, end = group[0].started, group[0].ended
        else:
            # The first write had happened when its sample ended, the last one not before its sample began.
            begin, end = min(sample.ended for sample in group), max(sample.started for sample in group)
        found.append(Reign(server, identity, begin, end, len(group)))
    return sorted(found, key=lambda reign: reign.begin)


def two_writers(seen: Iterable[Sample]) -> list[tuple[Reign, Reign]]:
    """Return the pairs of servers that took writes at the same time. There must be none, ever."""
    return [(one, two) for one, two in combinations(reigns(seen), 2) if one.server != two.server and one.overlaps(two)]


def two_holders(seen: Iterable[Holding]) -> list[Holding]:
    """Return the moments in which more than one server answered for one address. There must be none, ever."""
    return [holding for holding in seen if len(set(holding.holders)) > 1]
