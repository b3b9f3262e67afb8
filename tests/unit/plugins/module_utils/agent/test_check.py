# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict for a monitoring, against the plugin conventions of Nagios."""

from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.check import SUBJECTS, check
from ansible_collections.pgha.cluster.tests.support.agents import some_status

SILENT = {"fresh": False, "silent_for": 9.0, "heard": None}
LINE = re.compile(r"PGHA \w+ (OK|WARNING|CRITICAL|UNKNOWN) - [^|\n]+ \| lag=(U|\d+B);\d+;\d+;0; [^|\n]+\Z")


@pytest.mark.parametrize("subject", SUBJECTS)
def test_all_is_well(subject: str) -> None:
    level, line = check(some_status(), subject)
    assert level == 0
    assert LINE.match(line), line


@pytest.mark.parametrize("subject", SUBJECTS)
def test_no_answer_is_critical(subject: str) -> None:
    level, line = check(None, subject)
    assert (level, line) == (2, f"PGHA {subject} CRITICAL - the agent does not answer")


@pytest.mark.parametrize(
    ("subject", "changes", "level", "text"),
    [
        ("agent", {"looked_ago": 30.0}, 2, "hangs since 30 s"),
        ("agent", {"error": "the agent cannot keep its record"}, 2, "cannot keep its record"),
        ("agent", {"paused": True}, 1, "paused"),
        ("agent", {"missing_addresses": ["10.0.0.11"]}, 1, "does not listen on 10.0.0.11"),
        ("agent", {"peer_state": SILENT}, 1, "the agent of n2 says nothing since 9 s"),
        ("lag", {"lag_bytes": None}, 3, "nobody knows"),
        ("lag", {"lag_bytes": 999}, 0, "999 bytes"),
        ("lag", {"lag_bytes": 1000}, 1, "1000 bytes"),
        ("lag", {"lag_bytes": 4000}, 2, "4000 bytes"),
        ("redundancy", {"redundant": False}, 1, "no standby could take over: all is well"),
        ("redundancy", {"redundant": False, "write": False}, 2, "takes no writes"),
        ("redundancy", {"redundant": False, "write": False, "role": "standby"}, 1, "this standby could not"),
        ("redundancy", {"redundant": False, "write": False, "role": "out"}, 2, "rebuild_standby.yml"),
        ("fencing", {"fencing": False}, 0, "no fence device"),
        ("fencing", {"fenced": "failed"}, 2, "n2 could not be powered off"),
        ("fencing", {"fence_device": "failed"}, 1, "does not answer"),
        ("write", {"write": False}, 2, "must not hold the write address"),
        ("write", {"looked_ago": 30.0}, 2, "must not hold"),
    ],
)
def test_a_fault_is_named(subject: str, changes: dict[str, Any], level: int, text: str) -> None:
    found, line = check(some_status(**changes), subject)
    assert found == level
    assert text in line
    assert LINE.match(line), line


def test_all_is_as_bad_as_the_worst_and_says_only_that() -> None:
    level, line = check(some_status(paused=True, lag_bytes=5000, fenced="failed"))
    assert level == 2
    assert "5000 bytes behind; n2 could not" in line
    assert "paused" not in line
    level, _line = check(some_status(paused=True, lag_bytes=None))
    assert level == 3


def test_a_standby_may_be_away_from_the_write_address_and_well() -> None:
    level, _line = check(some_status(role="standby", write=False, postgres="standby"))
    assert level == 0


@pytest.mark.parametrize(
    ("warning", "critical", "level", "limits"),
    [(None, None, 0, "1000;4000"), (5, None, 1, "5;20"), (5, 10, 2, "5;10"), (None, 10, 2, "1000;10")],
)
def test_thresholds_may_be_given(warning: int | None, critical: int | None, level: int, limits: str) -> None:
    found, line = check(some_status(lag_bytes=10), "lag", warning, critical)
    assert found == level
    assert f"lag=10B;{limits};0;" in line


def test_an_unknown_lag_is_u() -> None:
    assert "| lag=U;1000;4000;0; " in check(some_status(lag_bytes=None), "agent")[1]
