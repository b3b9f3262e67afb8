# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting: as long as it takes, and no longer than the deadline."""

from __future__ import annotations

import time

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.wait import look_until, wait_until


class Clock:
    """A clock that only pauses move."""

    def __init__(self) -> None:
        self.now = 100.0

    def time(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


def late() -> PghaError:
    return PghaError("too late")


@pytest.mark.parametrize(("comes_at", "seen_at"), [(0, 100.0), (101.2, 101.5), (105, 105.0)])
def test_it_ends_with_the_first_look_that_finds_the_condition(comes_at: float, seen_at: float) -> None:
    clock = Clock()
    look_until(lambda: clock.now >= comes_at, 105, late, 0.5, clock=clock.time, pause=clock.pause)
    assert clock.now == seen_at


def test_the_deadline_ends_it_with_the_caller_s_error() -> None:
    clock = Clock()
    with pytest.raises(PghaError, match="too late"):
        look_until(lambda: False, 105, late, 0.5, clock=clock.time, pause=clock.pause)
    assert clock.now == 105


def test_it_looks_once_also_when_the_deadline_has_passed() -> None:
    wait_until(lambda: True, 0, "anything")


def test_a_wait_that_is_in_vain_says_what_for() -> None:
    with pytest.raises(PghaError, match="Gave up waiting until pigs fly"):
        wait_until(lambda: False, time.monotonic(), "pigs fly")
