# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from an observation alone: whether the other server's word is fresh, and if to ask for its reign."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import (
    Heard,
    Observation,
    Postgres,
    Record,
    Role,
)

OFFERS = Heard(3, Role.PRIMARY, Postgres.STOPPED, offered=True, clean=True, received=90)
LOOK = Observation(
    strict=False,
    fencing=True,
    boot="b",
    record=Record(3, Role.STANDBY, "b", eligible=True),
    postgres=Postgres.STANDBY,
    heard=OFFERS,
    received=100,
    silent_for=0.2,
)


def test_a_standby_that_has_every_commit_asks_for_the_reign_that_is_offered() -> None:
    assert LOOK.taking


@pytest.mark.parametrize(
    "values",
    [
        {"heard": None},
        {"silent_for": 1.5},
        {"paused": True},
        {"healthy": False},
        {"reach": False},
        {"postgres": Postgres.STARTING},
        {"record": Record(3, Role.STANDBY, "b")},
        {"record": Record(3, Role.STANDBY, "before", eligible=True)},
        {"record": Record(3, Role.OUT, "b", eligible=True)},
        {"record": Record(2, Role.STANDBY, "b", eligible=True)},
        {"heard": replace(OFFERS, offered=False)},
        {"heard": replace(OFFERS, postgres=Postgres.STARTING)},
        {"heard": replace(OFFERS, role=Role.OUT)},
    ],
)
def test_it_does_not_ask_where_it_could_not_take_over(values: dict[str, Any]) -> None:
    assert not replace(LOOK, **values).taking


def test_it_waits_a_moment_for_the_last_bytes_of_an_orderly_stop() -> None:
    behind = replace(LOOK, received=90)
    assert not behind.taking
    assert replace(behind, unfollowed_for=2.0).taking
    assert replace(behind, heard=replace(OFFERS, clean=False)).taking
