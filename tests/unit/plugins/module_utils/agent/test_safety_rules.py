# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The safety rules, held against every observation of the failover agent."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.pgha.cluster.plugins.module_utils.agent.decide import decide
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import (
    Action,
    Arbiter,
    Decision,
    Fenced,
    Heard,
    Observation,
    Postgres,
    Proof,
    Record,
    Role,
)
from hypothesis import given, settings
from hypothesis import strategies as st

seconds = st.sampled_from([0.0, 0.5, 1.2, 2.2, 4.0, 60.0])
reigns = st.integers(2, 5)
records = st.builds(
    Record,
    reign=reigns,
    role=st.sampled_from(Role),
    boot=st.sampled_from(["b", "before"]),
    waits=st.booleans(),
    eligible=st.booleans(),
    offered=st.booleans(),
    yielded=st.booleans(),
)
messages = st.builds(
    Heard,
    reign=reigns,
    role=st.sampled_from(Role),
    postgres=st.sampled_from(Postgres),
    **{
        name: st.booleans()
        for name in (
            [
                "waits",
                "eligible",
                "offered",
                "yielded",
                "taking",
                "granting",
                "knows_withdrawn",
                "healthy",
                "paused",
                "clean",
            ]
        )
    },
    reach=st.sampled_from([None, True, False]),
    received=st.integers(0, 3),
)
observations = st.builds(
    Observation,
    boot=st.just("b"),
    record=records,
    postgres=st.sampled_from(Postgres),
    **{name: st.booleans() for name in ("strict", "fencing", "healthy", "follows", "caught_up", "answers", "doubtful")},
    **{name: st.booleans() for name in ("paused", "handing", "clean")},
    **dict.fromkeys(("unhealthy_for", "unreached_for", "unfollowed_for", "silent_for", "offered_for"), seconds),
    reach=st.sampled_from([None, True, False]),
    waiting=st.sampled_from([None, True, False]),
    heard=st.none() | messages,
    arbiter=st.sampled_from(Arbiter),
    fenced=st.sampled_from(Fenced),
    wanted=st.sampled_from(["", "", "switchover", "failover", "failover_seen_off"]),
    received=st.integers(0, 3),
)


def takes_over(decision: Decision) -> bool:
    """Whether the server becomes primary by this."""
    return decision.action in (Action.PROMOTE, Action.START_PRIMARY)


def proven(o: Observation, decision: Decision) -> bool:
    """Derive anew, in other words than the decision's, that the proof is there (S1)."""
    heard, fresh = o.heard, o.fresh
    if decision.proof is Proof.STOPPED:
        return heard is not None and fresh and heard.yielded and heard.reign == o.record.reign + 1
    if decision.proof is Proof.OFF:
        return o.fencing and o.fenced is Fenced.OFF and o.record.eligible and o.record.boot == o.boot
    if decision.proof is Proof.CANNOT_ACKNOWLEDGE:
        return o.strict and o.record.eligible and o.record.boot == o.boot and o.silent_for > o.timing.silent
    if decision.proof is Proof.UNTOUCHED:
        own = o.record.role is Role.PRIMARY and not o.record.offered
        return own and (o.record.boot == o.boot or (fresh and heard is not None and heard.role is not Role.PRIMARY))
    if decision.proof is Proof.OPERATOR:
        seen = o.wanted == "failover_seen_off"
        return seen or (o.wanted == "failover" and (not o.fencing or o.fenced is Fenced.OFF or fresh))
    # The record on disk says that it was proven before.
    return decision.reason == "unfinished" and o.record.role is Role.PRIMARY and o.record.boot == o.boot


@settings(max_examples=3000)
@given(observations)
def test_s1_nobody_becomes_primary_without_a_proof(o: Observation) -> None:
    decision = decide(o)
    if takes_over(decision):
        assert proven(o, decision)


@settings(max_examples=2000)
@given(observations)
def test_s1_nobody_becomes_primary_while_another_server_is(o: Observation) -> None:
    heard = o.heard
    if heard is not None and o.fresh and heard.role is Role.PRIMARY and heard.postgres is Postgres.PRIMARY:
        decision = decide(o)
        assert not takes_over(decision) or (o.record.role is Role.PRIMARY and o.record.reign >= heard.reign)


@settings(max_examples=2000)
@given(observations)
def test_s2_a_returned_primary_needs_the_word_of_the_other_server_or_of_an_operator(o: Observation) -> None:
    o = replace(o, record=replace(o.record, role=Role.PRIMARY, boot="before"), wanted="")
    decision = decide(o)
    if takes_over(decision):
        assert o.fresh


@settings(max_examples=2000)
@given(observations)
def test_s2_a_server_without_the_reign_takes_no_writes(o: Observation) -> None:
    o = replace(o, record=replace(o.record, role=Role.STANDBY), postgres=Postgres.PRIMARY, paused=False)
    assert decide(o).action in (Action.STOP, Action.NOTHING, Action.PROMOTE)
    if not o.fresh:
        assert decide(o).action is Action.STOP


@settings(max_examples=2000)
@given(observations)
def test_s3_without_an_answer_of_the_arbiter_a_silent_server_is_not_replaced(o: Observation) -> None:
    o = replace(o, arbiter=Arbiter.SILENT, wanted="")
    decision = decide(o)
    if not o.fresh:
        assert decision.action not in (Action.FENCE, Action.PROMOTE) or decision.reason == "unfinished"
        assert decision.reason != "standby_off"


@settings(max_examples=2000)
@given(observations)
def test_writes_are_released_only_when_nobody_can_take_over(o: Observation) -> None:
    decision = decide(o)
    if decision.action is Action.GO_ON_ALONE and o.record.waits:
        heard = o.heard
        told = heard is not None and o.fresh and heard.knows_withdrawn and not heard.eligible and not o.handing
        off = o.fencing and o.fenced is Fenced.OFF and not o.fresh and not o.doubtful
        assert not o.strict
        assert told or off
