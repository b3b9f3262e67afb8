# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: what it remembers between two looks, and that the disk knows everything first."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.engine import Engine, Since
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import (
    Action,
    Arbiter,
    Fenced,
    Postgres,
    Record,
    Role,
)
from ansible_collections.pgha.cluster.plugins.module_utils.agent.view import View
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.tests.support.simulated import Terms

REIGNS = View(Postgres.PRIMARY, follows=True, waiting=True, caught_up=True, arbiter=Arbiter.GONE)
FOLLOWS = View(Postgres.STANDBY, follows=True, arbiter=Arbiter.GONE)


@dataclass
class Pair:
    """Two engines, and what each has on disk."""

    now: float = 0.0
    disk: dict[str, Record] = field(default_factory=dict)
    engines: dict[str, Engine] = field(default_factory=dict)

    def start(self, name: str, record: Record, session: int = 1) -> Engine:
        """Start an agent."""

        def store(changed: Record) -> None:
            self.disk[name] = changed

        terms = Terms(name, "n2" if name == "n1" else "n1", strict=False, fencing=True)
        engine = Engine(terms, record, boot="b", session=session, secret=b"s", store=store, now=self.now)
        self.engines[name] = engine
        return engine

    def turn(self, views: dict[str, View], seconds: float = 0.25) -> None:
        """Let both look and speak once."""
        self.now += seconds
        for name, view in views.items():
            self.engines[name].tick(view, self.now)
            datagram = self.engines[name].message(self.now)
            for other, engine in self.engines.items():
                if other != name:
                    engine.hear(datagram, self.now)


@pytest.fixture
def pair() -> Pair:
    """A primary and the standby that it has admitted."""
    made = Pair()
    made.start("n1", Record(3, Role.PRIMARY, "b", waits=True))
    made.start("n2", Record(3, Role.STANDBY, "b"))
    for _turn in range(4):
        made.turn({"n1": REIGNS, "n2": FOLLOWS})
    return made


def test_a_standby_that_is_admitted_has_that_on_disk(pair: Pair) -> None:
    assert pair.disk["n2"] == Record(3, Role.STANDBY, "b", eligible=True)


def test_an_agent_that_starts_anew_has_admitted_nobody_and_the_standby_hears_it(pair: Pair) -> None:
    pair.start("n1", Record(3, Role.PRIMARY, "b", waits=True), session=2)
    pair.turn({"n1": replace(REIGNS, caught_up=False), "n2": FOLLOWS})
    pair.turn({"n1": replace(REIGNS, caught_up=False), "n2": FOLLOWS})
    assert not pair.disk["n2"].eligible


def test_a_fence_result_of_an_earlier_silence_does_not_count(pair: Pair) -> None:
    engine = pair.engines["n2"]
    off = replace(FOLLOWS, follows=False, fenced=Fenced.OFF)
    for _turn in range(20):
        pair.now += 0.25
        decision = engine.tick(off, pair.now)
        if decision.action is not Action.NOTHING:
            break
    assert decision.action is Action.FENCE
    assert engine.tick(off, pair.now + 0.25).reason == "primary_off"


def test_an_agent_that_slept_gives_the_other_one_time_to_speak_and_doubts(pair: Pair) -> None:
    engine = pair.engines["n2"]
    decision = engine.tick(replace(FOLLOWS, follows=False), pair.now + 60)
    assert decision.action is Action.NOTHING
    assert engine.observation is not None
    assert engine.observation.doubtful
    assert engine.silent_for(pair.now + 60) == 0


def test_who_was_cut_off_from_the_arbiter_too_doubts_until_the_other_one_speaks(pair: Pair) -> None:
    engine = pair.engines["n1"]
    cut = replace(REIGNS, follows=False, arbiter=Arbiter.SILENT)
    for _turn in range(20):
        pair.now += 0.25
        engine.tick(cut, pair.now)
    assert engine.observation is not None
    assert engine.observation.doubtful
    pair.turn({"n1": REIGNS, "n2": FOLLOWS})
    pair.turn({"n1": REIGNS, "n2": FOLLOWS})
    assert not engine.observation.doubtful


def test_noise_that_is_signed_does_not_end_the_agent(pair: Pair) -> None:
    assert pair.engines["n1"].hear(b"", pair.now) is False


def test_commands_are_refused_where_they_do_not_fit(pair: Pair) -> None:
    first, second = pair.engines["n1"], pair.engines["n2"]
    for engine, word in ((first, "init_primary"), (first, "leave"), (first, "join"), (first, "dance")):
        with pytest.raises(PghaError):
            engine.command(word, pair.now)
    second.command("leave", pair.now)
    assert second.record.role is Role.OUT
    with pytest.raises(PghaError, match="does not answer"):
        second.command("join", pair.now + 60)
    second.command("join", pair.now)
    assert pair.disk["n2"] == Record(3, Role.STANDBY, "b")


def test_a_new_cluster_begins_once() -> None:
    pair = Pair()
    engine = pair.start("n1", Record())
    engine.command("init_primary", 0.0)
    assert pair.disk["n1"] == Record(1, Role.PRIMARY, "b")


def test_what_is_not_so_any_more_begins_anew() -> None:
    since = Since()
    assert [since.note("deaf", is_so, now) for is_so, now in ((True, 1.0), (True, 3.0), (False, 4.0), (True, 9.0))] == [
        0.0,
        2.0,
        0.0,
        0.0,
    ]
