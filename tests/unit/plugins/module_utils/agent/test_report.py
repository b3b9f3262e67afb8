# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is true of the agent now: who may hold the write address, how far the standby is behind, what may be lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent import report
from ansible_collections.pgha.cluster.plugins.module_utils.agent.config import config_of
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import (
    Action,
    Decision,
    Heard,
    Observation,
    Postgres,
    Proof,
    Record,
    Role,
)
from ansible_collections.pgha.cluster.tests.support.agents import SECRET, settings

PRIMARY = Observation(
    strict=False,
    fencing=True,
    boot="b",
    record=Record(3, Role.PRIMARY, "b", waits=True),
    postgres=Postgres.PRIMARY,
    follows=True,
    received=1500,
    heard=Heard(3, Role.STANDBY, Postgres.STANDBY, eligible=True, received=1000),
    handing=True,
)
STANDBY = Observation(
    strict=False,
    fencing=True,
    boot="b",
    record=Record(3, Role.STANDBY, "b", eligible=True),
    postgres=Postgres.STANDBY,
    follows=True,
    received=1000,
    heard=Heard(3, Role.PRIMARY, Postgres.PRIMARY, granting=True, received=1500),
)


@pytest.mark.parametrize(
    ("record", "postgres", "may"),
    [
        (Record(3, Role.PRIMARY), Postgres.PRIMARY, True),
        (Record(3, Role.PRIMARY, offered=True), Postgres.PRIMARY, False),
        (Record(3, Role.PRIMARY, yielded=True), Postgres.PRIMARY, False),
        (Record(3, Role.PRIMARY), Postgres.STARTING, False),
        (Record(3, Role.PRIMARY), Postgres.UNKNOWN, False),
        (Record(3, Role.STANDBY), Postgres.PRIMARY, False),
        (Record(3, Role.OUT), Postgres.PRIMARY, False),
        (Record(3, Role.STANDBY), Postgres.STANDBY, False),
    ],
)
def test_the_write_address_belongs_to_a_primary_that_keeps_its_reign(
    record: Record, postgres: Postgres, may: bool
) -> None:
    assert report.may_hold_write(record, postgres) is may


def test_the_lag_is_the_same_seen_from_both_sides() -> None:
    assert report.lag_bytes(PRIMARY) == 500
    assert report.lag_bytes(STANDBY) == 500
    # The standby's word is a moment newer than the look at the primary.
    assert report.lag_bytes(replace(PRIMARY, received=900)) == 0


@pytest.mark.parametrize(
    "o",
    [
        replace(PRIMARY, heard=None),
        replace(PRIMARY, silent_for=5.0),
        replace(PRIMARY, received=0),
        replace(PRIMARY, heard=Heard(3, Role.OUT, Postgres.STOPPED, received=1000)),
    ],
)
def test_nobody_knows_the_lag(o: Observation) -> None:
    assert report.lag_bytes(o) is None


def test_both_servers_know_that_either_may_be_lost() -> None:
    assert report.redundant(PRIMARY)
    assert report.redundant(STANDBY)


@pytest.mark.parametrize(
    "o",
    [
        replace(PRIMARY, handing=False),
        replace(PRIMARY, follows=False),
        replace(PRIMARY, silent_for=5.0),
        replace(PRIMARY, heard=replace(PRIMARY.heard or Heard(0, Role.OUT, Postgres.STOPPED), eligible=False)),
        replace(PRIMARY, heard=replace(PRIMARY.heard or Heard(0, Role.OUT, Postgres.STOPPED), reign=2)),
        replace(STANDBY, boot="another"),
        replace(STANDBY, follows=False),
        replace(STANDBY, record=Record(3, Role.STANDBY, "b")),
        replace(STANDBY, heard=None),
    ],
)
def test_one_of_them_may_not_be_lost(o: Observation) -> None:
    assert not report.redundant(o)


def test_no_secret_is_shown() -> None:
    config = config_of(settings())
    shown = report.of_cluster(config) | report.of_server(PRIMARY.record, PRIMARY)
    assert SECRET not in str(shown)
    assert shown["name"] == "n1"
    assert shown["write"] is True


def test_an_old_admission_is_none() -> None:
    shown = report.of_server(STANDBY.record, replace(STANDBY, boot="another"))
    assert shown["eligible"] is False


def test_the_other_server_s_word_has_an_age() -> None:
    assert report.of_peer(PRIMARY.heard, PRIMARY, 0.5)["fresh"] is True
    old = report.of_peer(PRIMARY.heard, PRIMARY, 1.5)
    assert old["fresh"] is False
    assert old["heard"]["role"] == "standby"
    assert report.of_peer(None, PRIMARY, 0.5) == {"fresh": False, "silent_for": 0.5, "heard": None}


def test_a_decision_names_its_proof() -> None:
    shown = report.of_decision(Decision(Action.PROMOTE, "primary_off", "gone", Proof.OFF), 1.23456)
    assert shown == {
        "action": "promote",
        "reason": "primary_off",
        "text": "gone",
        "proof": "off",
        "for_seconds": 1.235,
    }
