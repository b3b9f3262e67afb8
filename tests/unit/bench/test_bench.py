# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of the bench and its lab, without a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.tests.bench import __main__ as bench
from ansible_collections.pgha.cluster.tests.bench import raw
from ansible_collections.pgha.cluster.tests.bench.figures import HEADING, Row
from ansible_collections.pgha.cluster.tests.bench.outage import STRIKES
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.playbooks import Played
from ansible_collections.pgha.cluster.tests.support.stacks import STACKS


@pytest.mark.parametrize("stack", ["pacemaker", "keepalived", "vote"])
def test_a_stack_has_a_line_for_each_strike_and_only_an_agent_for_its_own_cost(stack: str) -> None:
    rows = bench.rows_of(STACKS[stack])
    assert list(rows)[:5] == ["first", "second", *STRIKES]
    assert [rows[name].target for name in STRIKES] == ["3.0", "5.0", "1.0"]
    costs = {name: row.target for name, row in rows.items() if name.startswith(("processor", "memory"))}
    wanted = {"processor primary": "0.50", "memory primary": "40.0"}
    wanted |= {"processor standby": "0.50", "memory standby": "40.0"}
    assert costs == ({} if stack == "pacemaker" else wanted)


def test_a_line_has_the_target_beside_the_figures_and_stands_below_its_heading() -> None:
    line = Row("agent of an idle primary [% of a core]", "0.50", digits=2, ours=[0.254, 1, 0.3]).line()
    assert line == "agent of an idle primary [% of a core]     0.50      0.30 (0.25 to 1.00)                        -"
    assert len(line) == len(HEADING)
    assert Row("first deploy [s]", beside="by hand", ours=[9], raw=[2]).line().endswith("2.0 (2.0 to 2.0)  by hand")


@pytest.mark.parametrize("end", [KeyboardInterrupt, AssertionError])
def test_the_lab_is_taken_away_however_it_ends(end: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    played: list[tuple[str, dict[str, Any]]] = []

    def must(playbook: str, *_options: str, **variables: Any) -> Played:
        played.append((playbook, variables))
        return Played(0, "", 1)

    cluster = Cluster("paper", "10.99", "bookworm", Path("/nonexistent"), stack=STACKS["vote"])
    monkeypatch.setattr(cluster.playbooks, "must", must)
    with pytest.raises(end), raw.lab_removed(cluster):
        raise end
    assert played == [("lab", {"lab_state": "absent"})]


def test_the_bench_has_a_lab_of_its_own_that_the_environment_may_change() -> None:
    cluster = Cluster.chosen(Path("/nonexistent"), {**raw.PLACE, "PGHA_STACK": "keepalived", "PGHA_PREFIX": "10.9"})
    assert (cluster.name, cluster.prefix, cluster.stack.name) == ("bench", "10.9", "keepalived")
    assert cluster.playbooks.inventory.name == "lab_keepalived"
