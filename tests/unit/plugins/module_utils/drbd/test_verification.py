# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When two disks may be compared: the decision table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Value
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.parse import parse_proc
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.verification import running, steps, verification
from hypothesis import given
from hypothesis import strategies as st

_OLD = Path(__file__).parents[4] / "fixtures" / "drbd" / "8.4.11"


def said(state: str) -> dict[str, Any]:
    found = parse_proc((_OLD / f"{state}.txt").read_text(), 0)
    return {} if found is None else found.as_result()


@pytest.mark.parametrize(
    ("state", "value", "codes"),
    [
        ("primary-n1", Value.SAFE, ["comparable"]),
        ("primary-n2", Value.SAFE, ["comparable"]),
        # What is marked already is no reason not to look for more.
        ("differs-n1", Value.SAFE, ["comparable"]),
        ("verify-n1", Value.SAFE, ["running"]),
        ("verify-n2", Value.SAFE, ["running"]),
        ("syncing-n1", Value.UNSAFE, ["not_up_to_date"]),
        ("fresh-n1", Value.UNSAFE, ["not_up_to_date"]),
        ("diskless-n2", Value.UNSAFE, ["not_up_to_date"]),
        ("ahead-n1", Value.UNSAFE, ["not_connected", "not_up_to_date"]),
        ("wfconnection-n2", Value.UNKNOWN, ["not_up"]),
    ],
)
def test_verdicts(state: str, value: Value, codes: list[str]) -> None:
    verdict = verification(said(state))
    assert (verdict.value, [reason.code for reason in verdict.reasons]) == (value, codes)


def test_something_else_between_whole_disks_is_waited_for() -> None:
    verdict = verification(said("primary-n1") | {"replication": "WFBitMapS"})
    assert (verdict.value, verdict.reasons[0].code) == (Value.UNSAFE, "busy")


def test_one_that_runs_is_joined() -> None:
    assert running(said("verify-n2")) and steps(said("verify-n2")) == ()
    assert not running(said("syncing-n1")) and steps(said("primary-n1")) == ("verify",)


WORDS = ["UpToDate", "Inconsistent", "Outdated", "Consistent", "Diskless", "DUnknown"]


@given(
    st.sampled_from(["Connected", "Connecting", "StandAlone"]),
    st.sampled_from(["Established", "Off", "SyncSource", "PausedSyncT", "WFBitMapT", "Ahead"]),
    st.sampled_from(WORDS),
    st.sampled_from(WORDS),
)
def test_only_two_whole_disks_at_rest_are_compared(connection: str, replication: str, own: str, peer: str) -> None:
    state = {"connection": connection, "replication": replication, "disk": own, "peer_disk": peer}
    verdict = verification(said("primary-n1") | state)
    wanted = (connection, replication, own, peer) == ("Connected", "Established", "UpToDate", "UpToDate")
    assert verdict.blocks is not wanted
