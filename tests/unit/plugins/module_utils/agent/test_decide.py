# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The failover decision: a table of what is to be done when."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.decide import decide
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import (
    Action,
    Arbiter,
    Fenced,
    Heard,
    Observation,
    Postgres,
    Record,
    Role,
)

STANDBY = Heard(3, Role.STANDBY, Postgres.STANDBY, eligible=True)
PRIMARY = Heard(3, Role.PRIMARY, Postgres.PRIMARY, waits=True, granting=True)
OFFERS = replace(PRIMARY, postgres=Postgres.STOPPED, offered=True)

REIGNS = Observation(
    strict=False,
    fencing=True,
    boot="b",
    record=Record(3, Role.PRIMARY, "b", waits=True),
    postgres=Postgres.PRIMARY,
    reach=True,
    follows=True,
    waiting=True,
    caught_up=True,
    heard=STANDBY,
    handing=True,
    arbiter=Arbiter.GONE,
    doubtful=False,
)
FOLLOWS = replace(
    REIGNS,
    record=Record(3, Role.STANDBY, "b", eligible=True),
    postgres=Postgres.STANDBY,
    waiting=None,
    caught_up=False,
    heard=PRIMARY,
    handing=False,
)
LOST = replace(FOLLOWS, follows=False, silent_for=9.0, unfollowed_for=9.0)
ALONE = replace(REIGNS, follows=False, silent_for=9.0, unfollowed_for=9.0)
DOWN = replace(REIGNS, postgres=Postgres.STOPPED, follows=False, unfollowed_for=0.1)
RETURNED = replace(DOWN, record=Record(3, Role.PRIMARY, "before", waits=True))


def change(o: Observation, **values: Any) -> Observation:
    """Return an observation with other values, those of the record and of what was heard included."""
    own = {one.name for one in fields(Observation)}
    record = {key[7:]: value for key, value in values.items() if key.startswith("record_")}
    heard = {key[6:]: value for key, value in values.items() if key.startswith("heard_")}
    o = replace(o, **{key: value for key, value in values.items() if key in own})
    if record:
        o = replace(o, record=replace(o.record, **record))
    if heard:
        assert o.heard is not None
        o = replace(o, heard=replace(o.heard, **heard))
    return o


@pytest.mark.parametrize(
    ("o", "values", "action", "reason"),
    [
        # A primary and its standby.
        (REIGNS, {}, Action.NOTHING, "redundant"),
        (REIGNS, {"paused": True, "record_boot": "x"}, Action.NOTHING, "paused"),
        (REIGNS, {"record_waits": False, "waiting": False, "handing": False}, Action.WAIT_FOR_PEER, "followed"),
        (REIGNS, {"waiting": None, "handing": False}, Action.WAIT_FOR_PEER, "followed"),
        (REIGNS, {"caught_up": False, "handing": False}, Action.NOTHING, "catching_up"),
        (REIGNS, {"handing": False}, Action.ADMIT, "caught_up"),
        (REIGNS, {"heard_role": Role.OUT}, Action.WITHDRAW, "not_its_standby"),
        (REIGNS, {"silent_for": 9.0}, Action.NOTHING, "deaf"),
        (REIGNS, {"record_boot": "x"}, Action.STOP, "started_by_itself"),
        (REIGNS, {"heard_role": Role.PRIMARY, "heard_reign": 4}, Action.STOP, "superseded"),
        (REIGNS, {"heard_reign": 9}, Action.NOTHING, "unknown_reign"),
        (REIGNS, {"postgres": Postgres.STANDBY}, Action.PROMOTE, "unfinished"),
        (REIGNS, {"postgres": Postgres.STARTING}, Action.NOTHING, "starting"),
        # Reasons to hand over.
        (REIGNS, {"wanted": "switchover"}, Action.OFFER, "switchover"),
        (REIGNS, {"wanted": "switchover", "heard_eligible": False}, Action.NOTHING, "cannot_hand"),
        (REIGNS, {"wanted": "switchover", "heard_paused": True}, Action.NOTHING, "cannot_hand"),
        (REIGNS, {"wanted": "switchover", "silent_for": 2.0}, Action.NOTHING, "cannot_hand"),
        (REIGNS, {"healthy": False, "unhealthy_for": 9.0}, Action.OFFER, "ailing"),
        (REIGNS, {"healthy": False, "unhealthy_for": 1.0}, Action.NOTHING, "redundant"),
        (REIGNS, {"reach": False, "unreached_for": 9.0}, Action.OFFER, "unreachable"),
        (REIGNS, {"reach": False, "unreached_for": 9.0, "heard_reach": False}, Action.NOTHING, "redundant"),
        (REIGNS, {"postgres": Postgres.UNKNOWN, "healthy": False, "unhealthy_for": 9.0}, Action.OFFER, "ailing"),
        (REIGNS, {"postgres": Postgres.UNKNOWN, "healthy": False}, Action.NOTHING, "hanging"),
        (REIGNS, {"record_offered": True}, Action.OFFER, "stopping"),
        # The standby is away.
        (ALONE, {}, Action.FENCE, "standby_lost"),
        (ALONE, {"fenced": Fenced.UNDER_WAY}, Action.NOTHING, "fencing"),
        (ALONE, {"fenced": Fenced.FAILED}, Action.FENCE, "standby_lost"),
        (ALONE, {"fenced": Fenced.OFF}, Action.GO_ON_ALONE, "standby_off"),
        (ALONE, {"fenced": Fenced.OFF, "doubtful": True}, Action.NOTHING, "doubtful"),
        (ALONE, {"silent_for": 1.5}, Action.NOTHING, "patience"),
        (ALONE, {"arbiter": Arbiter.SILENT}, Action.STOP, "cut_off"),
        (ALONE, {"strict": True}, Action.NOTHING, "strict"),
        (ALONE, {"record_waits": False, "waiting": True}, Action.GO_ON_ALONE, "alone"),
        (ALONE, {"record_waits": False, "waiting": False}, Action.NOTHING, "alone"),
        (ALONE, {"silent_for": 0.1, "unfollowed_for": 0.5}, Action.NOTHING, "patience"),
        (
            ALONE,
            {"silent_for": 0.1, "unfollowed_for": 0.5, "heard_postgres": Postgres.STOPPED},
            Action.WITHDRAW,
            "not_following",
        ),
        (ALONE, {"silent_for": 0.1}, Action.WITHDRAW, "not_following"),
        (ALONE, {"silent_for": 0.1, "handing": False}, Action.NOTHING, "withdrawing"),
        (ALONE, {"silent_for": 0.1, "handing": False, "heard_knows_withdrawn": True}, Action.NOTHING, "withdrawing"),
        (ALONE, {"silent_for": 0.1, "handing": False, "heard_eligible": False}, Action.NOTHING, "withdrawing"),
        (
            ALONE,
            {"silent_for": 0.1, "handing": False, "heard_eligible": False, "heard_knows_withdrawn": True},
            Action.GO_ON_ALONE,
            "withdrawn",
        ),
        # PostgreSQL of the primary is down.
        (DOWN, {}, Action.OFFER, "stopped"),
        (DOWN, {"heard_eligible": False}, Action.START_PRIMARY, "own_reign"),
        (DOWN, {"silent_for": 9.0}, Action.START_PRIMARY, "own_reign"),
        (DOWN, {"silent_for": 9.0, "arbiter": Arbiter.SILENT}, Action.NOTHING, "cut_off"),
        (DOWN, {"record_offered": True}, Action.NOTHING, "offering"),
        (DOWN, {"record_offered": True, "offered_for": 9.0}, Action.RESUME, "not_taken"),
        (DOWN, {"record_offered": True, "heard_eligible": False}, Action.RESUME, "not_taken"),
        (DOWN, {"record_offered": True, "heard_taking": True}, Action.YIELD, "taken"),
        (DOWN, {"record_offered": True, "heard_taking": True, "silent_for": 2.0}, Action.NOTHING, "offering"),
        (RETURNED, {}, Action.OFFER, "stopped"),
        (RETURNED, {"heard_eligible": False}, Action.START_PRIMARY, "own_reign"),
        (RETURNED, {"silent_for": 9.0}, Action.NOTHING, "returned"),
        (RETURNED, {"heard": None}, Action.NOTHING, "returned"),
        (RETURNED, {"heard_role": Role.PRIMARY}, Action.NOTHING, "two_records"),
        (RETURNED, {"heard_role": Role.PRIMARY, "heard_reign": 4}, Action.FOLLOW, "newer_reign"),
        (RETURNED, {"silent_for": 9.0, "wanted": "failover"}, Action.FENCE, "by_order"),
        (RETURNED, {"silent_for": 9.0, "wanted": "failover", "fenced": Fenced.OFF}, Action.START_PRIMARY, "by_order"),
        # A standby.
        (FOLLOWS, {}, Action.NOTHING, "following"),
        (FOLLOWS, {"postgres": Postgres.PRIMARY}, Action.STOP, "not_its_reign"),
        (FOLLOWS, {"postgres": Postgres.STOPPED}, Action.START_STANDBY, "standby_down"),
        (FOLLOWS, {"heard": OFFERS}, Action.NOTHING, "taking"),
        (FOLLOWS, {"heard": OFFERS, "record_eligible": False}, Action.NOTHING, "following"),
        (
            FOLLOWS,
            {"heard": Heard(4, Role.OUT, Postgres.STOPPED, yielded=True)},
            Action.PROMOTE,
            "yielded",
        ),
        (
            FOLLOWS,
            {"heard": Heard(5, Role.OUT, Postgres.STOPPED, yielded=True)},
            Action.NOTHING,
            "unknown_reign",
        ),
        (LOST, {}, Action.FENCE, "primary_lost"),
        (LOST, {"fenced": Fenced.OFF}, Action.PROMOTE, "primary_off"),
        (LOST, {"fenced": Fenced.FAILED}, Action.FENCE, "primary_lost"),
        (LOST, {"fenced": Fenced.UNDER_WAY}, Action.NOTHING, "fencing"),
        (LOST, {"fencing": False}, Action.NOTHING, "no_fencing"),
        (LOST, {"fencing": False, "strict": True}, Action.PROMOTE, "primary_gone"),
        (LOST, {"silent_for": 2.0}, Action.NOTHING, "patience"),
        (LOST, {"follows": True}, Action.NOTHING, "receives"),
        (LOST, {"answers": True}, Action.NOTHING, "answers"),
        (LOST, {"reach": False}, Action.NOTHING, "unreachable"),
        (LOST, {"arbiter": Arbiter.SILENT}, Action.NOTHING, "no_arbiter"),
        (LOST, {"arbiter": Arbiter.ALIVE}, Action.NOTHING, "seen_by_arbiter"),
        (LOST, {"doubtful": True}, Action.NOTHING, "doubtful"),
        (LOST, {"healthy": False}, Action.NOTHING, "not_ready"),
        (LOST, {"record_eligible": False}, Action.NOTHING, "not_admitted"),
        (LOST, {"record_boot": "before"}, Action.NOTHING, "not_admitted"),
        (LOST, {"record_eligible": False, "wanted": "failover"}, Action.FENCE, "by_order"),
        (LOST, {"record_eligible": False, "wanted": "failover", "fenced": Fenced.OFF}, Action.PROMOTE, "by_order"),
        (FOLLOWS, {"wanted": "failover"}, Action.NOTHING, "not_needed"),
        (FOLLOWS, {"wanted": "failover_seen_off"}, Action.NOTHING, "not_needed"),
        (LOST, {"record_eligible": False, "wanted": "failover_seen_off"}, Action.PROMOTE, "by_order"),
        (RETURNED, {"silent_for": 9.0, "wanted": "failover_seen_off"}, Action.START_PRIMARY, "by_order"),
        # Data that nobody has proven.
        (FOLLOWS, {"record_role": Role.OUT}, Action.NOTHING, "out"),
        (LOST, {"record_role": Role.OUT}, Action.NOTHING, "out"),
        (FOLLOWS, {"record_role": Role.OUT, "postgres": Postgres.PRIMARY}, Action.STOP, "not_proven"),
    ],
)
def test_what_is_done_when(o: Observation, values: dict[str, Any], action: Action, reason: str) -> None:
    decision = decide(change(o, **values))
    assert (decision.action, decision.reason) == (action, reason)
    assert decision.text
