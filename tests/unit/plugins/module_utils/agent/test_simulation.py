# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thousands of histories of two servers: no acknowledged commit lost, never two that take writes, always whole again.

Each rule of the agent is also taken away once: the histories then have to find what it protects from. A rule whose loss
no history notices would be one that nobody has tested.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent import decide as rules
from ansible_collections.pgha.cluster.plugins.module_utils.agent import engine as engines
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Fenced, Observation, Role
from ansible_collections.pgha.cluster.tests.support.histories import play
from ansible_collections.pgha.cluster.tests.support.simulated import LINKS, BrokenPromiseError
from ansible_collections.pgha.cluster.tests.support.simulation import World

HISTORIES = int(os.environ.get("PGHA_HISTORIES", "500"))
SETTINGS = {
    "sync, fencing, vote host": {"strict": False, "fencing": True, "vote": True},
    "sync, fencing, VRRP": {"strict": False, "fencing": True, "vote": False},
    "strict, fencing, vote host": {"strict": True, "fencing": True, "vote": True},
    "strict, no fencing, vote host": {"strict": True, "fencing": False, "vote": True},
    "strict, no fencing, VRRP": {"strict": True, "fencing": False, "vote": False},
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_no_history_breaks_a_promise(setting: str) -> None:
    for seed in range(HISTORIES):
        outcome = play(seed, **SETTINGS[setting])
        assert not outcome.broken, f"seed {seed}: {outcome.story()}"


def test_the_histories_lead_to_every_way_of_taking_over() -> None:
    seen = "\n".join(line for seed in range(60) for one in SETTINGS.values() for line in play(seed, **one).world.events)
    for reason in ("yielded", "primary_off", "primary_gone", "standby_off", "withdrawn", "own_reign", "not_taken"):
        assert f"({reason})" in seen


def blind(change: Callable[[Observation], Observation]) -> Callable[[Observation], object]:
    """Return the decision of an agent that takes something for granted."""
    decide = rules.decide
    return lambda o: decide(change(o))


def grants_anew(o: Observation) -> Observation:
    """A standby that was powered off still believes that it may take over, and does not ask itself what it missed."""
    return replace(o, record=replace(o.record, boot=o.boot), doubtful=False) if o.record.role is Role.STANDBY else o


def starts_by_itself(o: Observation) -> Observation:
    """An old primary goes on after a boot as if nothing could have happened (S2)."""
    return replace(o, record=replace(o.record, boot=o.boot)) if o.record.role is Role.PRIMARY else o


def believes_silence(o: Observation) -> Observation:
    """A silent primary counts as powered off (S1)."""
    return replace(o, fenced=Fenced.OFF)


def needs_no_leave(o: Observation) -> Observation:
    """A primary lets its standby go without having heard that it knows."""
    if o.heard is None:
        return o
    return replace(
        o, heard=replace(o.heard, knows_withdrawn=True, eligible=False if not o.handing else o.heard.eligible)
    )


def is_always_admitted(o: Observation) -> Observation:
    """A standby takes over whether or not it has every commit."""
    return replace(o, record=replace(o.record, eligible=True, boot=o.boot)) if o.record.role is Role.STANDBY else o


def never_doubts(o: Observation) -> Observation:
    """A server that was cut off itself trusts a fence device alone."""
    return replace(o, doubtful=False)


def admits_at_once(o: Observation) -> Observation:
    """A standby is admitted before commits are proven to wait for it."""
    return replace(o, waiting=True, caught_up=True) if o.waiting is None or not o.caught_up else o


@pytest.mark.parametrize("change", [starts_by_itself, believes_silence, is_always_admitted, admits_at_once])
def test_a_rule_that_is_taken_away_is_missed(
    change: Callable[[Observation], Observation], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "decide", blind(change))
    broken = (play(seed, **SETTINGS["sync, fencing, VRRP"]).broken for seed in range(1000))
    assert any("two servers take writes" in one or "goes on without" in one for one in broken)


def quiet(setting: str) -> World:
    """Return two servers in order, on a good network."""
    world = World(1, **SETTINGS[setting])
    world.loss = world.slow = world.sudden_deaths = 0.0
    wait(world, lambda: world.servers["n2"].record.eligible)
    return world


def wait(world: World, condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Let time pass until something is so."""
    assert any(condition() for _now in world.run(seconds))


def a_standby_returns_when_its_primary_dies(world: World) -> None:
    """The primary went on alone; the standby boots and has not heard that when the primary loses its power."""
    first, second = world.servers.values()
    second.lose_power()
    wait(world, lambda: not first.in_force and not first.pending)
    first.lose_power()
    second.on_at = world.now
    wait(world, lambda: False if first.on else world.now > 8)
    list(world.run(10))
    first.on_at = world.now
    wait(world, lambda: world.takes_writes(first))
    list(world.run(2))


def a_lying_device_and_a_second_death(world: World) -> None:
    """The standby takes over from a primary that is cut off and still has power, and then dies itself."""
    first, second = world.servers.values()
    first.device = "lies"
    first.cut |= set(LINKS)
    wait(world, lambda: world.takes_writes(second))
    list(world.run(1))
    second.lose_power()
    second.on_at = world.now + 15
    first.cut.clear()
    list(world.run(10))
    wait(world, lambda: world.takes_writes(first) or world.takes_writes(second))
    list(world.run(2))


def a_withdrawal_that_is_not_heard(world: World) -> None:
    """The standby is let go, the network drops that word, and the primary loses its power."""
    first, second = world.servers.values()
    first.cut.add("replication")
    assert first.engine is not None
    wait(world, lambda: first.engine is not None and first.engine.decision.reason == "not_following")
    world.loss = 1.0
    world.flying.clear()
    list(world.run(0.7))
    first.lose_power()
    world.loss = 0.0
    first.cut.clear()
    wait(world, lambda: world.takes_writes(second))
    list(world.run(2))


@pytest.mark.parametrize(
    ("story", "change"),
    [
        (a_standby_returns_when_its_primary_dies, grants_anew),
        (a_lying_device_and_a_second_death, never_doubts),
        (a_withdrawal_that_is_not_heard, needs_no_leave),
    ],
)
def test_a_rule_is_what_keeps_the_promise(
    story: Callable[[World], None], change: Callable[[Observation], Observation], monkeypatch: pytest.MonkeyPatch
) -> None:
    story(quiet("sync, fencing, vote host"))
    monkeypatch.setattr(engines, "decide", blind(change))
    with pytest.raises(BrokenPromiseError, match="goes on without"):
        story(quiet("sync, fencing, vote host"))
