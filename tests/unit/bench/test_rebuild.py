# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the rebuild bench goes on, without a server: what it measures in which order, and what it does not accept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.tests.bench import rebuild
from ansible_collections.pgha.cluster.tests.bench.figures import CLONE, GIGABYTE, MEGABYTE
from ansible_collections.pgha.cluster.tests.bench.pair import Pair, result_of, role_settings
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server


class OnPaper(Pair):
    """A pair that writes down what it is told, and whose modules answer what a test says."""

    def __init__(self, **answers: str) -> None:
        super().__init__(Cluster("paper", "10.99", "bookworm", Path("/nonexistent")))
        self.version = "15"
        self.answers = {"pg_standby": "rewind", "pg_basebackup": "clone"} | answers
        self.said: list[str] = []
        self.bytes = 0
        names = ("n1", "n2")
        self.two = [Server(Path("/nonexistent"), {"name": name, "addresses": {}, "bmc_address": ""}) for name in names]
        self.cluster.servers = lambda: self.two  # type: ignore[method-assign]

    def fill(self, size: int) -> None:
        self.said.append(f"fill {size}")

    def diverge(self, megabytes: float) -> Server:
        self.said.append(f"diverge {megabytes:g}")
        self.two.reverse()
        return self.two[0]

    def module(self, server: Server, name: str, **more: Any) -> dict[str, Any]:
        self.said.append(f"{name} {server.name} {' '.join(more)}")
        self.bytes += 5 * MEGABYTE
        return {"decision": self.answers[name], "reason": "of the test", "seconds": 1.5, "rewind_failed": "no room"}

    def received(self, server: Server) -> int:
        return self.bytes

    def wal_bytes(self, server: Server) -> int:
        return 7 * MEGABYTE

    def start(self, server: Server) -> None:
        self.said.append(f"start {server.name}")

    def wait_replayed(self, primary: Server) -> None:
        self.said.append(f"follows {primary.name}")

    def tidy(self, server: Server) -> None:
        self.said.append(f"tidy {server.name}")


def test_each_divergence_is_rewound_and_then_one_clone_is_made_for_each_run_and_size() -> None:
    pair = OnPaper()
    measured = list(rebuild.measurements(pair, [0.5, 2], [16, 64], 2))
    assert [(one.size, one.diverged) for one in measured] == [
        (size, way) for size in (0.5, 2) for _run in range(2) for way in (16, 64, CLONE)
    ]
    assert {(one.seconds, one.received, one.wal) for one in measured} == {(1.5, 5.0, 7.0)}
    assert [word for word in pair.said if word.startswith("fill")] == [f"fill {GIGABYTE // 2}", f"fill {2 * GIGABYTE}"]
    assert [word for word in pair.said if word.startswith("diverge")] == ["diverge 16", "diverge 64", "diverge 64"] * 4


def test_the_old_primary_is_brought_back_and_follows_the_new_one_before_the_next() -> None:
    pair = OnPaper()
    rebuild.brought_back(pair, 1, 16, 16)
    rebuild.brought_back(pair, 1, 16, CLONE)
    assert pair.said == [
        *("diverge 16", "pg_standby n2 config_file", "start n2", "follows n1", "tidy n2"),
        *("diverge 16", "pg_basebackup n1 force", "start n1", "follows n2", "tidy n1"),
    ]


@pytest.mark.parametrize("decision", ["clone", "keep"])
def test_what_is_no_rewind_is_not_measured_as_one(decision: str) -> None:
    with pytest.raises(AssertionError, match=f"{decision}: of the test no room"):
        rebuild.brought_back(OnPaper(pg_standby=decision), 1, 16, 16)


def test_the_answer_of_a_module_is_read_from_what_ansible_prints() -> None:
    assert result_of('n1 | CHANGED => {\n    "decision": "rewind",\n    "seconds": 5.3\n}\n') == {
        "decision": "rewind",
        "seconds": 5.3,
    }
    with pytest.raises(AssertionError, match="n1: no such host"):
        result_of("n1: no such host")


def test_the_pair_keeps_as_much_wal_as_the_role_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGHA_BENCH_WAL_KEEP", raising=False)
    found = role_settings()
    assert found["wal_keep_size"].endswith("MB")
    assert "pg_read_binary_file(text, bigint, bigint, boolean)" in found["functions"]
    monkeypatch.setenv("PGHA_BENCH_WAL_KEEP", "64MB")
    assert role_settings()["wal_keep_size"] == "64MB"
