# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an agent costs, from the lines that Linux says of processes."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.tests.bench.cost import Look, between, costs, look_of, ticks
from ansible_collections.pgha.cluster.tests.support.lab import Answer, Server


def stat(pid: int, parent: int, name: str, *times: int) -> str:
    """Return a line of a process: user, system, and both of its children that have ended."""
    return f"{pid} ({name}) S {parent} 1 1 0 -1 4194560 1 2 3 4 {' '.join(map(str, times))} 10 -10 3 0 99 1000 30"


STATS = "\n".join(
    [
        stat(1, 0, "systemd", 1000, 1000, 1000, 1000),
        stat(70, 1, "pgha-agent", 10, 20, 3, 4),
        stat(80, 70, "sudo", 100, 0, 0, 0),
        stat(75, 80, "a ) b (c", 0, 200, 0, 0),
        stat(90, 1, "postgres", 5000, 0, 0, 0),
    ]
)


def test_a_process_is_counted_with_all_below_it_and_nothing_else() -> None:
    assert ticks(STATS, 70) == 10 + 20 + 3 + 4 + 100 + 200
    assert ticks(STATS, 75) == 200


def test_a_process_that_is_not_there_has_no_cost() -> None:
    with pytest.raises(ValueError, match="no process 71 runs"):
        ticks(STATS, 71)


def test_an_answer_is_read() -> None:
    assert look_of(f"70 100 1234.56 30720\n{STATS}") == Look(70, 1234.56, 3.37, 30)


@pytest.mark.parametrize("heading", ["0 100 1234.56", "", "100 1234.56"])
def test_a_server_without_an_agent_has_no_cost(heading: str) -> None:
    with pytest.raises(ValueError, match="no agent runs"):
        look_of(f"{heading}\n{STATS}")


def test_a_cost_is_that_of_the_time_in_between_and_of_the_memory_in_the_end() -> None:
    cost = between(Look(70, 100, 5, 30), Look(70, 160, 5.3, 31))
    assert cost.percent == pytest.approx(0.5)
    assert cost.megabytes == 31


def test_an_agent_that_was_started_anew_is_not_measured() -> None:
    with pytest.raises(ValueError, match="started anew"):
        between(Look(70, 100, 5, 30), Look(71, 160, 0.1, 31))


def test_each_server_is_asked_twice() -> None:
    asked: dict[str, int] = {"10.0.0.11": 0, "10.0.0.12": 0}

    def runner(argv: object, *, timeout: float, stdin: str | None = None) -> Answer:
        address = next(one for one in asked if f"root@{one}" in str(argv))
        asked[address] += 1
        busy = asked[address] * (2 if address == "10.0.0.12" else 1)
        return Answer(0, f"7 100 {10 * asked[address]} 1024\n{stat(7, 1, 'pgha-agent', busy, 0, 0, 0)}\n", "")

    servers = [
        Server(Path("/lab"), {"name": name, "addresses": {"management": address}, "bmc_address": ""}, runner)
        for name, address in zip(("n1", "n2"), asked, strict=True)
    ]
    found = costs(servers, 0)
    assert {name: (round(cost.percent, 9), cost.megabytes) for name, cost in found.items()} == {
        "n1": (0.1, 1),
        "n2": (0.2, 1),
    }
    assert set(asked.values()) == {2}
