# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server may be rebuilt: the decision table."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.rebuild import (
    Server,
    chosen,
    needed,
    rebuild_verdict,
    server_of,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Value
from hypothesis import given
from hypothesis import strategies as st

PRIMARY = Server("n2", reached=True, takes_writes=True, follows=False)
STOPPED = Server("n1", reached=True, takes_writes=False, follows=False)
FOLLOWER = Server("n1", reached=True, takes_writes=False, follows=True)
GONE = Server("n1", reached=False, takes_writes=False, follows=False)
RIVAL = Server("n1", reached=True, takes_writes=True, follows=False)


@pytest.mark.parametrize(
    ("servers", "target", "value", "codes"),
    [
        ([STOPPED, PRIMARY], "n1", Value.SAFE, ["primary_known"]),
        ([FOLLOWER, PRIMARY], "n1", Value.SAFE, ["primary_known"]),
        ([STOPPED, PRIMARY], "n2", Value.UNSAFE, ["is_primary"]),
        ([STOPPED, PRIMARY], "n9", Value.UNSAFE, ["no_such_server"]),
        ([STOPPED, PRIMARY], "", Value.UNSAFE, ["no_such_server"]),
        ([RIVAL, PRIMARY], "n1", Value.UNSAFE, ["two_primaries"]),
        ([GONE, PRIMARY], "n1", Value.UNKNOWN, ["primary_known", "not_reached"]),
        ([STOPPED], "n1", Value.UNKNOWN, ["no_primary"]),
    ],
)
def test_verdicts(servers: list[Server], target: str, value: Value, codes: list[str]) -> None:
    verdict = rebuild_verdict(servers, target)
    assert verdict.value is value
    assert [reason.code for reason in verdict.reasons] == codes


def test_without_a_name_neither_the_primary_nor_a_silent_server_is_chosen() -> None:
    assert chosen([STOPPED, PRIMARY], "") == ["n1"]
    assert chosen([GONE, PRIMARY], "") == []
    assert chosen([FOLLOWER, PRIMARY], "") == []
    assert chosen([FOLLOWER, PRIMARY], "n1") == ["n1"]


def test_a_follower_needs_nothing() -> None:
    assert needed([FOLLOWER, PRIMARY], "n1") is False
    assert needed([STOPPED, PRIMARY], "n1") is True


def test_a_status_left_over_from_before_a_crash_is_no_proof_of_following() -> None:
    left_over = {"name": "n1", "postgres": {"role": "none"}, "attributes": {"postgresql-status": "HS:sync"}}
    assert server_of(left_over).follows is False
    assert server_of({"name": "n1", "postgres": {}, "attributes": {}}).reached is False


@given(
    st.lists(
        st.builds(
            Server,
            name=st.sampled_from(["n1", "n2", "n3"]),
            reached=st.booleans(),
            takes_writes=st.booleans(),
            follows=st.booleans(),
        ),
        unique_by=lambda server: server.name,
        max_size=3,
    ),
    st.sampled_from(["n1", "n2", "n3"]),
)
def test_the_only_copy_that_takes_writes_is_never_rebuilt(servers: list[Server], target: str) -> None:
    verdict = rebuild_verdict(servers, target)
    writers = [server.name for server in servers if server.takes_writes]
    if verdict.value is Value.SAFE:
        assert len(writers) == 1
        assert writers != [target]
