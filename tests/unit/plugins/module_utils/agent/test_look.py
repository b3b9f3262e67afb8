# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a look at PostgreSQL is taken for."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.look import (
    STALL_SECONDS,
    InForce,
    Moving,
    Row,
    Waiting,
    names_of,
    of_primary,
    of_standby,
    row_of,
    waiting,
)
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Postgres
from ansible_collections.pgha.cluster.plugins.module_utils.agent.processes import Postmaster

HERE, LATER = Postmaster(100, 5000), Postmaster(100, 9000)
NAMES = names_of("n2")
PROOF = InForce(HERE, NAMES, 1000)


def primary(**changes: Any) -> Row:
    values: dict[str, Any] = {"names": NAMES, "position": 1500, "peer_state": "streaming", "peer_sync": "sync"}
    return Row(recovering=False, **{**values, "peer_flush": 1500, **changes})


def test_the_answer_s_values_get_their_names() -> None:
    row = row_of((True, "", None, None, None, None, "streaming", "2026-11-21 10:00:00+00", 7))
    assert row == Row(True, "", 0, receiver="streaming", arrived="2026-11-21 10:00:00+00", replayed=7)


@pytest.mark.parametrize(
    ("names", "postmaster", "proof", "is_so"),
    [
        (NAMES, HERE, PROOF, True),
        (NAMES, HERE, None, None),
        # PostgreSQL was started anew since, even if the kernel gave the same number again.
        (NAMES, LATER, PROOF, None),
        # Somebody else has changed it.
        ('"n3"', HERE, PROOF, None),
        ("*", HERE, PROOF, None),
        ("", HERE, PROOF, False),
        ("", HERE, None, False),
    ],
)
def test_commits_wait_only_where_it_is_proven_of_this_very_postmaster(
    names: str, postmaster: Postmaster, proof: InForce | None, is_so: bool | None
) -> None:
    assert waiting(primary(names=names), postmaster, proof) is is_so


@pytest.mark.parametrize(
    ("changes", "proof", "caught_up"),
    [
        ({}, PROOF, True),
        ({"peer_sync": "quorum"}, PROOF, True),
        ({"peer_flush": 1000}, PROOF, True),
        ({"peer_flush": 999}, PROOF, False),
        ({"peer_flush": None}, PROOF, False),
        ({"peer_sync": "async"}, PROOF, False),
        ({"peer_sync": "potential"}, PROOF, False),
        ({"peer_state": "catchup"}, PROOF, False),
        ({"peer_state": None, "peer_sync": None, "peer_flush": None}, PROOF, False),
        ({}, None, False),
    ],
)
def test_who_has_every_commit(changes: dict[str, Any], proof: InForce | None, caught_up: bool) -> None:
    assert of_primary(primary(**changes), HERE, proof, Moving(), 0.0).caught_up is caught_up


def test_a_standby_that_streams_and_does_not_move_follows_no_more() -> None:
    moving = Moving()
    behind = primary(peer_flush=1200)
    assert of_primary(behind, HERE, None, moving, 10.0).follows
    assert of_primary(behind, HERE, None, moving, 10.0 + STALL_SECONDS).follows
    assert not of_primary(behind, HERE, None, moving, 10.1 + STALL_SECONDS).follows
    assert of_primary(primary(peer_flush=1300), HERE, None, moving, 20.0).follows


def test_a_standby_that_has_everything_follows_however_long_nothing_is_written() -> None:
    moving = Moving()
    assert of_primary(primary(), HERE, None, moving, 0.0).follows
    assert of_primary(primary(), HERE, None, moving, 1000.0).follows


def test_how_far_the_standby_is_behind() -> None:
    assert of_primary(primary(peer_flush=1200), HERE, None, Moving(), 0.0).behind == 300
    assert of_primary(primary(peer_flush=None), HERE, None, Moving(), 0.0).behind is None
    assert of_standby(Row(True, "", 500, replayed=450), Moving(), 0.0).behind == 50


def test_a_standby_follows_while_something_arrives() -> None:
    moving = Moving()
    row = Row(True, "", 500, receiver="streaming", arrived="10:00:00")
    assert of_standby(row, moving, 0.0).follows
    assert not of_standby(row, moving, STALL_SECONDS + 0.1).follows
    # A word without any log is something, too.
    keepalive = Row(True, "", 500, receiver="streaming", arrived="10:00:04")
    assert of_standby(keepalive, moving, STALL_SECONDS + 0.2).follows


@pytest.mark.parametrize("receiver", [None, "waiting", "starting", "stopping"])
def test_a_standby_that_does_not_stream_does_not_follow(receiver: str | None) -> None:
    local = of_standby(Row(True, "", 500, receiver=receiver, arrived="10:00:00"), Moving(), 0.0)
    assert (local.postgres, local.follows, local.received) == (Postgres.STANDBY, False, 500)


def test_a_proof_is_kept_until_it_is_forgotten() -> None:
    kept = Waiting()
    found = [kept.proof]
    kept.proven(PROOF)
    found.append(kept.proof)
    kept.forget()
    assert [*found, kept.proof] == [None, PROOF, None]
