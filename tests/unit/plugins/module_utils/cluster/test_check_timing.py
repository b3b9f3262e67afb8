# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster knows of a loss before PostgreSQL gives its standby up."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.check_timing import (
    SENDER_TIMEOUT,
    TOKEN_MS,
    milliseconds,
    timing,
)
from ansible_collections.pgha.cluster.tests.support.playbooks import PROJECT


def said(count: int = 2, **values: Any) -> list[str]:
    servers = [{"role": "database"}] * count + [{"role": "vote"}]
    return [str(one) for one in timing(servers, values)]


@pytest.mark.parametrize(
    ("count", "values"),
    [
        (2, {}),
        (3, {}),
        (2, {"corosync_token_ms": 3700}),
        (2, {"corosync_token_ms": 3000, "corosync_consensus_ms": 1000}),
        (2, {"corosync_token_ms": 10_000, "wal_sender_timeout": "12s"}),
        (2, {"corosync_token_ms": 10_000, "wal_sender_timeout": 0}),
        (3, {"corosync_token_ms": 1800}),
    ],
)
def test_what_is_found_first_is_taken(count: int, values: dict[str, Any]) -> None:
    assert said(count, **values) == []


@pytest.mark.parametrize(
    ("count", "values", "words"),
    [
        (2, {"corosync_token_ms": 3701}, "found after 4.001 s, and PostgreSQL gives a standby up after 5 s"),
        (2, {"corosync_token_ms": 3000, "corosync_consensus_ms": 1001}, "at least 5.001s"),
        (3, {"corosync_token_ms": 1900}, "found after 4.18 s"),
        (2, {"wal_sender_timeout": "2s"}, "at least 2.3s"),
        (2, {"wal_sender_timeout": 2000}, "gives a standby up after 2 s"),
        (2, {"wal_sender_timeout": "soon"}, "'soon' is no time"),
        (2, {"wal_sender_timeout": True}, "True is no time"),
        (2, {"corosync_token_ms": "1s"}, "'1s' is no number"),
        (2, {"corosync_token_ms": True}, "True is no number"),
        (2, {"corosync_consensus_ms": -1}, "-1 is no number"),
    ],
)
def test_what_is_found_too_late_is_refused(count: int, values: dict[str, Any], words: str) -> None:
    (problem,) = said(count, **values)
    assert words in problem


@pytest.mark.parametrize(
    ("written", "expected"),
    [("5s", 5000), ("5000", 5000), (5000, 5000), ("1min", 60_000), ("0.5 h", 1_800_000), ("5 S", None), ("", None)],
)
def test_a_time_as_postgresql_reads_it(written: Any, expected: float | None) -> None:
    assert milliseconds(written) == expected


def test_what_the_roles_choose_is_what_is_checked() -> None:
    corosync = yaml.safe_load((PROJECT / "roles/corosync/defaults/main.yml").read_text("utf-8"))
    postgresql = yaml.safe_load((PROJECT / "roles/postgresql/vars/debian.yml").read_text("utf-8"))
    assert corosync["corosync_token_ms"] == TOKEN_MS
    assert postgresql["__postgresql_settings"]["wal_sender_timeout"] == SENDER_TIMEOUT
