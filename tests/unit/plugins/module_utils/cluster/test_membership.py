# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server may come or go: the decision tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.membership import (
    Server,
    Situation,
    add_verdict,
    joined,
    remove_verdict,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Value, Verdict
from hypothesis import given
from hypothesis import strategies as st

OURS, THEIRS = "7300000000000000001", "7300000000000000002"
N1 = Server("n1", role="primary", member="online", identifier=OURS, streams=False)
N2 = Server("n2", role="standby", member="online", identifier=OURS, streams=True)
N3 = Server("n3", role="standby", member="online", identifier=OURS, streams=True)
BARE = Server("n3", role="none", member="unknown", identifier="", streams=False)
SILENT = Server("n3", role="", member="unknown", identifier="", streams=False)


def now(*servers: Server, **changes: Any) -> Situation:
    whole = Situation(servers, True, "", True, frozenset({"n1", "n2", "n3", "n4"}), False)
    return replace(whole, **changes)


def against(verdict: Verdict) -> list[str]:
    return [reason.code for reason in verdict.reasons if reason.value is not Value.SAFE]


ADD = [
    ("a bare server", now(N1, N2, BARE), Value.SAFE, []),
    ("data of this cluster", now(N1, N2, replace(BARE, role="stopped", identifier=OURS)), Value.SAFE, []),
    ("an interrupted run", now(N1, N2, replace(BARE, member="online")), Value.SAFE, []),
    ("follows already", now(N1, N2, N3), Value.SAFE, []),
    ("not in the inventory", now(N1, N2), Value.UNSAFE, ["no_such_server"]),
    ("silent", now(N1, N2, SILENT), Value.UNKNOWN, ["not_reached"]),
    (
        "follows another cluster",
        now(N1, N2, Server("n3", "standby", "unknown", THEIRS, True)),
        Value.UNSAFE,
        ["foreign_data"],
    ),
    (
        "data of another cluster",
        now(N1, N2, replace(BARE, role="stopped", identifier=THEIRS)),
        Value.UNSAFE,
        ["foreign_data"],
    ),
    ("unreadable data", now(N1, N2, replace(BARE, role="stopped")), Value.UNKNOWN, ["data_unreadable"]),
    (
        "takes writes itself",
        now(N1, N2, replace(BARE, role="primary", identifier=OURS)),
        Value.UNSAFE,
        ["takes_writes"],
    ),
    (
        "it is the primary",
        now(N2, replace(N3, role="primary", streams=False)),
        Value.UNSAFE,
        ["no_primary", "takes_writes"],
    ),
    ("no primary", now(replace(N1, role="standby"), N2, BARE), Value.UNKNOWN, ["no_primary"]),
    ("two primaries", now(N1, replace(N2, role="primary"), BARE), Value.UNSAFE, ["two_primaries"]),
    ("another one is silent", now(N1, replace(N2, role=""), BARE), Value.UNKNOWN, ["server_down"]),
    ("another one is no member", now(N1, replace(N2, member="offline"), BARE), Value.UNKNOWN, ["not_a_member"]),
    ("another one is down", now(N1, replace(N2, role="stopped"), BARE), Value.UNKNOWN, ["not_running"]),
    ("no quorum", now(N1, N2, BARE, quorum=False), Value.UNKNOWN, ["no_quorum"]),
    ("the cluster rests", now(N1, N2, BARE, window="10:00"), Value.UNSAFE, ["under_way"]),
    ("in standby", now(N1, N2, replace(BARE, member="standby")), Value.UNSAFE, ["held_back"]),
    ("to be fenced", now(N1, N2, replace(BARE, member="unclean")), Value.UNSAFE, ["held_back"]),
    ("four without a vote host", now(N1, N2, replace(N2, name="n4"), BARE, vote=False), Value.UNSAFE, ["halves"]),
    ("three without a vote host", now(N1, N2, BARE, vote=False), Value.SAFE, []),
    ("no fence device", now(N1, N2, BARE, fenced=frozenset({"n1", "n2"})), Value.UNSAFE, ["not_fenced"]),
    ("nobody has one", now(N1, N2, BARE, fenced=frozenset(), accept_split_brain=True), Value.SAFE, []),
]


@pytest.mark.parametrize(("situation", "value", "codes"), [one[1:] for one in ADD], ids=[one[0] for one in ADD])
def test_adding(situation: Situation, value: Value, codes: list[str]) -> None:
    verdict = add_verdict(situation, "n3")
    assert against(verdict) == codes
    assert verdict.value is value


DEAD = replace(SILENT, member="offline")
REMOVE = [
    ("a standby", now(N1, N2, N3), Value.SAFE, []),
    ("stopped by an interrupted run", now(N1, N2, replace(N3, role="stopped", member="offline")), Value.SAFE, []),
    ("dead and proven off", now(N1, N2, DEAD), Value.SAFE, []),
    ("silent and not proven off", now(N1, N2, replace(SILENT, member="online")), Value.UNKNOWN, ["not_proven_off"]),
    ("lost and not fenced yet", now(N1, N2, replace(N3, member="unclean")), Value.UNKNOWN, ["not_proven_off"]),
    ("not in the inventory", now(N1, N2), Value.UNSAFE, ["no_such_server"]),
    ("no member", now(N1, N2, BARE), Value.UNSAFE, ["no_member"]),
    (
        "the primary",
        now(replace(N1, role="standby", streams=True), N2, replace(N3, role="primary", streams=False)),
        Value.UNSAFE,
        ["is_primary"],
    ),
    ("one of two", now(N1, N3), Value.UNSAFE, ["too_few", "last_standby"]),
    ("no primary", now(replace(N1, role="stopped"), N2, N3), Value.UNKNOWN, ["no_primary", "not_running"]),
    ("no quorum", now(N1, N2, DEAD, quorum=False), Value.UNKNOWN, ["no_quorum"]),
    ("the cluster rests", now(N1, N2, N3, window="10:00"), Value.UNSAFE, ["under_way"]),
    ("the only one that follows", now(N1, replace(N2, streams=False), N3), Value.UNSAFE, ["last_standby"]),
    (
        "another one is silent",
        now(N1, replace(N2, role="", streams=False), N3),
        Value.UNSAFE,
        ["server_down", "last_standby"],
    ),
    ("four to three without a vote host", now(N1, N2, replace(N2, name="n4"), N3, vote=False), Value.SAFE, []),
    ("three to two without a vote host", now(N1, N2, N3, vote=False), Value.SAFE, []),
    ("neither vote host nor fencing", now(N1, N2, N3, vote=False, fenced=frozenset({"n1"})), Value.UNSAFE, ["halves"]),
    (
        "which a person accepts",
        now(N1, N2, N3, vote=False, fenced=frozenset(), accept_split_brain=True),
        Value.SAFE,
        [],
    ),
    (
        "five to four without a vote host",
        now(N1, N2, replace(N2, name="n4"), replace(N2, name="n5"), N3, vote=False),
        Value.UNSAFE,
        ["halves"],
    ),
]


@pytest.mark.parametrize(("situation", "value", "codes"), [one[1:] for one in REMOVE], ids=[one[0] for one in REMOVE])
def test_removing(situation: Situation, value: Value, codes: list[str]) -> None:
    verdict = remove_verdict(situation, "n3")
    assert against(verdict) == codes
    assert verdict.value is value


def test_what_the_discovery_found_is_read() -> None:
    postgres = {"role": "standby", "system_identifier": 73, "streaming": False}
    found = {"name": "n2", "postgres": postgres, "member": "online", "attributes": {"postgresql-status": "HS:async"}}
    assert Server.of(found) == Server("n2", "standby", "online", "73", True)
    assert Server.of({"name": "n3"}) == SILENT
    inventory = {"vote": "v1", "fenced": ["n1"], "accept_split_brain": False}
    situation = Situation.of([{**found, "quorum": True, "window": "10:00"}], inventory)
    assert (situation.quorum, situation.window, situation.vote) == (True, "10:00", True)
    assert situation.fenced == frozenset({"n1"})


def test_a_standby_of_another_cluster_has_not_joined() -> None:
    assert joined(now(N1, N2, N3), "n3")
    assert not joined(now(N1, N2, replace(N3, identifier=THEIRS)), "n3")
    assert not joined(now(N1, N2, replace(N3, member="unknown")), "n3")
    assert not joined(now(N1, N2), "n3")


SERVERS = st.lists(
    st.builds(
        Server,
        name=st.sampled_from(["n1", "n2", "n3", "n4"]),
        role=st.sampled_from(["", "primary", "standby", "stopped", "none", "not answering"]),
        member=st.sampled_from(["online", "offline", "unclean", "unknown", "standby"]),
        identifier=st.sampled_from(["", OURS, THEIRS]),
        streams=st.booleans(),
    ),
    unique_by=lambda server: server.name,
    max_size=4,
)


@given(SERVERS, st.booleans(), st.booleans())
def test_what_is_removed_is_never_the_primary_nor_the_last_copy(
    servers: list[Server], quorum: bool, vote: bool
) -> None:
    verdict = remove_verdict(now(*servers, quorum=quorum, vote=vote), "n3")
    if verdict.value is Value.SAFE:
        staying = [server for server in servers if server.name != "n3"]
        assert [server.role for server in servers].count("primary") == 1
        assert sorted({server.role for server in staying}) == ["primary", "standby"]
        assert any(server.streams for server in staying)
        assert all(server.member == "online" for server in staying)


@given(SERVERS, st.booleans())
def test_what_is_added_never_brings_data_of_its_own(servers: list[Server], quorum: bool) -> None:
    verdict = add_verdict(now(*servers, quorum=quorum), "n3")
    if verdict.value is Value.SAFE:
        ours = {server.identifier for server in servers if server.role == "primary"}
        new = next(server for server in servers if server.name == "n3")
        assert new.role != "primary"
        assert new.role == "none" or new.identifier in ours
