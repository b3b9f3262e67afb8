# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the failover agent itself costs on a server on which nothing happens.

Counted are its main process and every program that it starts: those that have ended are in the times of their children
that Linux keeps for each process. The memory is the main process's alone, the programs live for an instant.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ansible_collections.pgha.cluster.tests.bench.figures import MEGABYTE
from ansible_collections.pgha.cluster.tests.support.lab import Server

SECONDS = 60.0
KILOBYTE = 2**10
LOOK = """
pid=$(systemctl show --property MainPID --value pgha-agent.service)
echo $pid $(getconf CLK_TCK) $(cut -d ' ' -f 1 /proc/uptime) $(awk '$1 == "VmRSS:" {print $2}' /proc/$pid/status)
cat /proc/[0-9]*/stat 2>/dev/null || true
"""


@dataclass(frozen=True)
class Look:
    """One look at the agent of a server.

    :ivar at: seconds since the server's boot.
    :ivar used: seconds of processor time since the agent's start.
    :ivar resident: megabytes.
    """

    pid: int
    at: float
    used: float
    resident: float


@dataclass(frozen=True)
class Cost:
    """What an agent costs: percent of one core, and megabytes."""

    percent: float
    megabytes: float


def ticks(stats: str, first: int) -> int:
    """Return the processor time of a process and all below it, those that have ended too.

    :param stats: the lines of ``/proc/<pid>/stat`` of all processes.
    :raises ValueError: the process is not among them.
    """
    parents, times = {}, {}
    for line in stats.splitlines():
        # The name stands in brackets and may hold anything, also brackets.
        head, _bracket, tail = line.rpartition(") ")
        fields, pid = tail.split(), int(head.split()[0])
        parents[pid], times[pid] = int(fields[1]), sum(int(field) for field in fields[11:15])
    if first not in times:
        raise ValueError(f"no process {first} runs")
    family, size = {first}, 0
    while size < len(family):
        size = len(family)
        family |= {pid for pid, parent in parents.items() if parent in family}
    return sum(times[pid] for pid in family)


def look_of(text: str) -> Look:
    """Return what a server answered to `LOOK`.

    :raises ValueError: no agent runs there.
    """
    heading, _newline, stats = text.partition("\n")
    words = heading.split()
    if len(words) != 4:
        raise ValueError(f"no agent runs: {heading!r}")
    pid = int(words[0])
    return Look(pid, float(words[2]), ticks(stats, pid) / int(words[1]), int(words[3]) * KILOBYTE / MEGABYTE)


def between(before: Look, after: Look) -> Cost:
    """Return what the agent cost between two looks.

    :raises ValueError: it was started anew in between.
    """
    if before.pid != after.pid:
        raise ValueError(f"the agent was started anew: process {before.pid}, then {after.pid}")
    return Cost(100 * (after.used - before.used) / (after.at - before.at), after.resident)


def looks(servers: Sequence[Server]) -> dict[str, Look]:
    """Look at all servers at once."""
    with ThreadPoolExecutor() as pool:
        answers = pool.map(lambda server: look_of(server.must(LOOK)), servers)
        return {server.name: look for server, look in zip(servers, answers, strict=True)}


def costs(servers: Sequence[Server], seconds: float = SECONDS) -> Mapping[str, Cost]:
    """Let time go by and return what the agent of each server cost meanwhile."""
    before = looks(servers)
    time.sleep(seconds)
    after = looks(servers)
    return {name: between(look, after[name]) for name, look in before.items()}
