# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A unit of systemd, and whether it runs with the files that are on disk.

A run that ends between a changed file and the restart of its daemon leaves nothing that a later one could be told of:
the file is as it should be. What is left is the time at which each of them came.

This module util is private to the collection.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError, PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner

ACTIVE = ("active", "reloading", "refreshing")
RESTARTED, RELOADED = "restarted", "reloaded"
PROPERTIES = (
    "LoadState",
    "ActiveState",
    "UnitFileState",
    "NeedDaemonReload",
    "InactiveExitTimestampMonotonic",
    "StateChangeTimestampMonotonic",
)
MICROSECONDS = 1_000_000
SHOW_SECONDS = 30


def properties_of(unit: str, shown: str, names: Iterable[str]) -> dict[str, str]:
    """Return the properties that ``systemctl show`` printed.

    :raises ParseError: one of the names is not among them.
    """
    said = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    if any(name not in said for name in names):
        raise ParseError("Not the properties of a unit", where=f"systemctl show {unit}", said=shown[:200])
    return said


@dataclass(frozen=True)
class Unit:
    """A unit as it is now; times are seconds of the monotonic clock, and 0 for never.

    :ivar loaded: systemd knows it.
    :ivar outdated: systemd holds other files of the unit itself than those on disk.
    :ivar started: when it began to start; a daemon reads its files after that.
    :ivar moved: when its state changed last: a reload also changes it.
    """

    loaded: bool
    active: bool
    enabled: bool
    outdated: bool
    started: float
    moved: float

    @classmethod
    def of(cls, unit: str, shown: str) -> Unit:
        """Read what ``systemctl show`` printed."""
        said = properties_of(unit, shown, PROPERTIES)
        return cls(
            loaded=said["LoadState"] == "loaded",
            active=said["ActiveState"] in ACTIVE,
            enabled=said["UnitFileState"] == "enabled",
            outdated=said["NeedDaemonReload"] == "yes",
            started=int(said["InactiveExitTimestampMonotonic"] or 0) / MICROSECONDS,
            moved=int(said["StateChangeTimestampMonotonic"] or 0) / MICROSECONDS,
        )


def show(run: Runner, unit: str, names: Iterable[str]) -> str:
    """Return what ``systemctl show`` prints of a unit's properties."""
    argv = ["systemctl", "show", f"--property={','.join(names)}", unit]
    done = run(argv, timeout=SHOW_SECONDS)
    if done.rc != 0:
        raise PghaError(f"systemd does not say what {unit.removesuffix('.service')} is.", ran=argv, said=done.stderr)
    return done.stdout


def look(run: Runner, unit: str) -> Unit:
    """Ask systemd what a unit is now."""
    return Unit.of(unit, show(run, unit, PROPERTIES))


def newer_than(since: float, paths: Sequence[str]) -> list[str]:
    """Return which of the paths came after a moment of the monotonic clock; of a directory, any file in it counts.

    The time at which a file was put there counts, and not the one that it carries: an unpacked one is as old as it was
    packed. One from the future says nothing, as the clock was set back since: it would be newer for ever.
    """
    now = time.time()
    then = now - time.monotonic() + since
    return [path for path in paths if any(then < one.stat().st_ctime <= now for one in _files(Path(path)))]


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        # Python keeps what it has compiled there, whenever it does.
        yield from (one for one in path.rglob("*") if one.is_file() and one.parent.name != "__pycache__")
    elif path.exists():
        yield path


def steps_of(unit: Unit, newer: Sequence[str], on_change: str) -> list[str]:
    """Return what systemctl has to do so that a daemon runs, now and at boot, with the files that are on disk.

    :param newer: what it cannot have read yet.
    :param on_change: what lets it read them: `RESTARTED` or `RELOADED`.
    """
    # What is about to start is read anew in any case. Seen on Debian 12: systemd had a directory of settings, made a
    # moment ago, in none of its lists yet, said that there was nothing new, and started the unit without them.
    steps = ["daemon-reload"] if unit.outdated or not unit.loaded or not unit.active else []
    if not unit.enabled:
        steps.append("enable")
    if not unit.active:
        steps.append("start")
    elif newer:
        steps.append("reload" if on_change == RELOADED else "restart")
    return steps
