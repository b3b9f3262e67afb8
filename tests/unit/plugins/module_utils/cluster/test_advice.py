# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that a person is told, by stack."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.advice import AGENT, PACEMAKER, STACKS, advice_of
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.check_stack import STACKS as KNOWN


def test_every_stack_that_may_be_deployed_has_its_own_words() -> None:
    assert set(STACKS) == set(KNOWN)
    assert {stack for stack, rules in KNOWN.items() if rules.agent} == {
        stack for stack, words in STACKS.items() if words.start == AGENT.start
    }


def test_a_stack_with_a_vote_host_says_how_to_look_at_it() -> None:
    assert {stack for stack, words in STACKS.items() if words.voter} == {"pacemaker", "vote", "drbd"}
    assert "pgha-relay" in advice_of("vote").voter


def test_a_stack_that_nobody_knows_gets_pacemaker_s() -> None:
    assert advice_of("galera") is PACEMAKER


@pytest.mark.parametrize("stack", sorted(STACKS))
def test_no_words_of_another_stack_are_used(stack: str) -> None:
    words = str(dataclasses.asdict(advice_of(stack)))
    foreign = ("pgha-agent",) if stack in ("pacemaker", "drbd") else ("crm ", "stonith", "corosync", "pacemaker")
    assert not [word for word in foreign if word in words]
