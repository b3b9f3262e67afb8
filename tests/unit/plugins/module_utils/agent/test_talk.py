# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agents' messages: only what the other one says now counts."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Heard, Postgres, Role
from ansible_collections.pgha.cluster.plugins.module_utils.agent.talk import Talk, seal, unseal
from hypothesis import given
from hypothesis import strategies as st

SECRET = b"between us"
STATE = Heard(3, Role.PRIMARY, Postgres.PRIMARY, granting=True, received=7)


def pair(session: int = 1) -> tuple[Talk, Talk]:
    """Return two sides."""
    return Talk("n1", "n2", SECRET, session, 1.0), Talk("n2", "n1", SECRET, 1, 1.0)


def acquainted() -> tuple[Talk, Talk]:
    """Return two sides that have heard each other."""
    one, other = pair()
    other.hear(one.say(STATE, 0.0), 0.0)
    assert one.hear(other.say(STATE, 0.0), 0.0) is not None
    return one, other


def test_what_answers_a_message_of_ours_counts_and_nothing_before() -> None:
    one, other = pair()
    assert other.hear(one.say(STATE, 0.0), 0.0) is None
    heard = one.hear(other.say(STATE, 0.1), 0.1)
    assert heard is not None
    assert replace(heard, knows_withdrawn=False) == STATE


def test_the_same_message_counts_once() -> None:
    one, other = acquainted()
    datagram = one.say(STATE, 0.1)
    assert other.hear(datagram, 0.1) is not None
    assert other.hear(datagram, 0.1) is None


def test_a_message_that_was_overtaken_does_not_count() -> None:
    one, other = acquainted()
    late, soon = one.say(STATE, 0.1), one.say(STATE, 0.2)
    assert other.hear(soon, 0.2) is not None
    assert other.hear(late, 0.3) is None


def test_a_message_that_answers_an_old_one_does_not_count() -> None:
    one, other = acquainted()
    late = one.say(STATE, 0.1)
    other.say(STATE, 0.2)
    assert other.hear(late, 1.5) is None


def test_no_clock_is_compared() -> None:
    one, other = pair()
    other.hear(one.say(STATE, 5000.0), 3.0)
    assert one.hear(other.say(STATE, 3.1), 5000.1) is not None


def test_nothing_of_an_old_session_counts_after_the_new_one_was_heard() -> None:
    one, other = acquainted()
    late = one.say(STATE, 0.1)
    again = Talk("n1", "n2", SECRET, 2, 1.0)
    again.hear(other.say(STATE, 0.1), 0.1)
    assert other.hear(again.say(STATE, 0.2), 0.2) is not None
    assert other.hear(late, 0.3) is None


def test_a_message_to_the_session_before_does_not_count() -> None:
    one, _other = acquainted()
    late = one.say(STATE, 0.1)
    again = Talk("n2", "n1", SECRET, 2, 1.0)
    assert again.hear(late, 0.2) is None


def test_a_withdrawal_is_known_when_a_message_after_it_was_read() -> None:
    one, other = acquainted()
    one.withdrawn()
    before = other.say(STATE, 0.1)
    heard = one.hear(before, 0.1)
    assert heard is not None
    assert not heard.knows_withdrawn
    other.hear(one.say(STATE, 0.2), 0.2)
    heard = one.hear(other.say(STATE, 0.3), 0.3)
    assert heard is not None
    assert heard.knows_withdrawn


@pytest.mark.parametrize("secret", [b"", b"another"])
def test_a_stranger_says_nothing(secret: bytes) -> None:
    assert unseal(seal({"from": "n2"}, secret), SECRET) is None


def test_an_echo_of_our_own_words_says_nothing() -> None:
    one, _other = acquainted()
    assert one.hear(one.say(STATE, 0.1), 0.1) is None


@given(st.binary(max_size=200))
def test_noise_says_nothing(noise: bytes) -> None:
    one, _other = pair()
    assert one.hear(noise, 0.0) is None


@pytest.mark.parametrize("wrong", [{"reign": "3"}, {"role": "king"}, {"granting": 1}, {"at": 4}, {"reach": "yes"}])
def test_words_of_a_shape_that_is_not_known_are_an_error_and_no_state(wrong: dict[str, object]) -> None:
    one, other = acquainted()
    words = unseal(other.say(STATE, 0.1), SECRET)
    assert words is not None
    with pytest.raises((ValueError, TypeError, KeyError)):
        one.hear(seal({**words, **wrong}, SECRET), 0.1)


def test_words_that_only_a_newer_version_knows_are_left_out() -> None:
    one, other = acquainted()
    words = unseal(other.say(STATE, 0.1), SECRET)
    assert words is not None
    assert one.hear(seal({**words, "mood": "good"}, SECRET), 0.1) is not None


def test_a_message_holds_no_secret() -> None:
    one, _other = pair()
    datagram = one.say(STATE, 0.0)
    assert SECRET not in datagram
    assert json.loads(datagram[64:])["reign"] == 3
