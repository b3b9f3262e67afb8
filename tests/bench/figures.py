# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured, and its medians as text; no server is needed for any of this."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

MEGABYTE = 2**20
GIGABYTE = 2**30
CLONE = 0


def shown(values: Sequence[float], digits: int = 1) -> str:
    """Return median and range."""
    if not values:
        return "-"
    median, least, most = (f"{one:.{digits}f}" for one in (statistics.median(values), min(values), max(values)))
    return f"{median} ({least} to {most})"


def columns(what: str, target: str, ours: str, by_hand: str, beside: str) -> str:
    """Return a line of the table of `make bench`."""
    return f"{what:38} {target:>8} {ours:>24} {by_hand:>24}  {beside}".rstrip()


HEADING = columns("", "target", "pgha.cluster", "raw", "")


@dataclass
class Row:
    """One line of the table of `make bench`.

    :ivar target: what it should be at most, where that was ever said.
    :ivar beside: what the raw cost is that of.
    :ivar digits: how many of them after the point.
    """

    what: str
    target: str = "-"
    beside: str = ""
    digits: int = 1
    ours: list[float] = field(default_factory=list)
    raw: list[float] = field(default_factory=list)

    def line(self) -> str:
        """Return it as text: target, median (least to most), and the same for the raw cost."""
        ours, by_hand = shown(self.ours, self.digits), shown(self.raw, self.digits)
        return columns(self.what, self.target, ours, by_hand, self.beside)


def listed(text: str) -> list[float]:
    """Return the numbers of a list such as `0.1,1,4`, the least first.

    :raises ValueError: it is no list of numbers greater than nothing.
    """
    numbers = sorted({float(word) for word in text.split(",")})
    if numbers[0] <= 0:
        raise ValueError(f"{text!r}: every number has to be greater than 0")
    return numbers


@dataclass(frozen=True)
class Rebuild:
    """One old primary that was brought back.

    :ivar size: of the database, in gigabytes.
    :ivar diverged: megabytes of WAL that it had written after the fork and that were undone; `CLONE` for a full copy.
    :ivar seconds: as the module says.
    :ivar received: megabytes that came in over the replication network while the module ran.
    :ivar wal: megabytes of WAL files that the new primary had then.
    """

    size: float
    diverged: float
    seconds: float
    received: float
    wal: float


def named(diverged: float) -> str:
    """Return in words how it was brought back."""
    return "full clone" if diverged == CLONE else f"rewind of {diverged:g} MB of WAL"


def ways(measured: Sequence[Rebuild]) -> list[float]:
    """Return every divergence that was measured, the least first, and the clone last."""
    found = {one.diverged for one in measured}
    return sorted(found - {CLONE}) + sorted(found & {CLONE})


def sizes(measured: Sequence[Rebuild]) -> list[float]:
    """Return every size that was measured, the least first."""
    return sorted({one.size for one in measured})


def line(measured: Sequence[Rebuild], diverged: float, quantity: str) -> list[tuple[float, float]]:
    """Return for each size the median of `seconds` or `received`; a size without a measurement is left out."""
    found = []
    for size in sizes(measured):
        values = [getattr(one, quantity) for one in measured if (one.size, one.diverged) == (size, diverged)]
        if values:
            found.append((size, float(statistics.median(values))))
    return found


def table(measured: Sequence[Rebuild]) -> str:
    """Return all of it as text, one line for each size and way."""
    lines = [
        f"{'database':10} {'brought back by':24} {'time [s]':>24} {'received [MB]':>28} {'WAL of the primary [MB]':>28}"
    ]
    for size in sizes(measured):
        for diverged in ways(measured):
            runs = [one for one in measured if (one.size, one.diverged) == (size, diverged)]
            seconds, received, wal = (
                shown([getattr(one, quantity) for one in runs]) for quantity in ("seconds", "received", "wal")
            )
            lines.append(f"{f'{size:g} GB':10} {named(diverged):24} {seconds:>24} {received:>28} {wal:>28}")
    return "\n".join(lines)


@dataclass(frozen=True)
class Resync:
    """One disk that was away and has caught up.

    :ivar written: megabytes that were written into a file meanwhile.
    :ivar lacking: megabytes that DRBD counted as different then: that file, and what file system and database wrote.
    :ivar received: megabytes that came in over its server's replication network from the boot until it had caught up.
    :ivar seconds: from the connection of the disks until they were alike.
    :ivar back: seconds from power on until they were alike.
    """

    written: float
    lacking: float
    received: float
    seconds: float
    back: float


def resyncs(measured: Sequence[Resync]) -> str:
    """Return as text what resyncs cost, a line for each amount that was written, the least first."""
    lines = [
        f"{'written':8} {'out of sync [MB]':>24} {'received [MB]':>24} {'resync [s]':>20} {'since power on [s]':>24}"
    ]
    for written in sorted({one.written for one in measured}):
        runs = [one for one in measured if one.written == written]
        lacking, received, seconds, back = (
            shown([getattr(one, quantity) for one in runs]) for quantity in ("lacking", "received", "seconds", "back")
        )
        lines.append(f"{f'{written:g} MB':8} {lacking:>24} {received:>24} {seconds:>20} {back:>24}")
    return "\n".join(lines)


def rates(measured: Mapping[str, Sequence[float]], against: str) -> str:
    """Return as text how many commits a second there were on what.

    :param against: the one whose median the others' are compared with.
    """
    whole = statistics.median(measured[against])
    lines = [f"{'PostgreSQL on':38} {'commits per second':>28} {'of the disk alone':>18}"]
    lines += [
        f"{what:38} {shown(found):>28} {f'{100 * statistics.median(found) / whole:.0f} %':>18}"
        for what, found in measured.items()
    ]
    return "\n".join(lines)
