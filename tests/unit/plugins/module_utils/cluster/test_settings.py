# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings below those that a log was written with: which are refused, and which are nobody's concern."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.settings import lowered, refuse_lowered
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError

WRITTEN = {
    "max_connections": 200,
    "max_worker_processes": 8,
    "max_wal_senders": 10,
    "max_prepared_transactions": 0,
    "max_locks_per_transaction": 64,
}
ROLE = {"max_connections": 200, "max_wal_senders": 10, "wal_level": "replica"}


def server(name: str, wanted: dict[str, Any], **written: int) -> dict[str, Any]:
    """Return a server with data; what its log was written with differs from the usual in some settings."""
    return {"name": name, "settings": wanted, "postgres": {"control": {"settings": WRITTEN | written}}}


def pair(wanted: dict[str, Any], **written: int) -> list[dict[str, Any]]:
    return [server(name, ROLE | wanted, **written) for name in ("n1", "n2")]


@pytest.mark.parametrize(
    ("situation", "found"),
    [
        ("as it is", pair({})),
        ("raised", pair({"max_connections": 300})),
        ("as text", pair({"max_connections": "200"})),
        ("a number that PostgreSQL rounds", pair({"max_connections": 200.0})),
        ("any other setting", pair({"work_mem": "1MB", "max_files_per_process": 10})),
        ("no number: PostgreSQL itself refuses it", pair({"max_connections": "many"})),
        ("nothing", pair({"max_connections": None})),
        ("a boolean", pair({"max_connections": True})),
        ("a list", pair({"max_connections": [150]})),
        ("no data yet", [{"name": "n1", "settings": ROLE, "postgres": {}}, {"name": "n2", "settings": ROLE}]),
        ("control data that cannot be read", [{"name": "n1", "settings": ROLE, "postgres": {"control": None}}]),
        ("nobody said what is wanted", [{**one, "settings": {}} for one in pair({})]),
        (
            "a standby may have more than the log needs",
            [server("n1", ROLE), server("n2", ROLE | {"max_connections": 400})],
        ),
        (
            "lowered on the primary already, and replayed everywhere",
            pair({"max_connections": 150}, max_connections=150),
        ),
    ],
)
def test_what_is_not_refused(situation: str, found: list[dict[str, Any]]) -> None:
    assert lowered(found, {"n1", "n2"}) == [], situation


@pytest.mark.parametrize(
    ("situation", "found", "said"),
    [
        (
            "lowered",
            pair({"max_connections": 150}),
            ["max_connections = 150 on n1 and n2, but the log of n1 was written with 200"],
        ),
        (
            "as text",
            pair({"max_connections": " 150 "}),
            ["max_connections = 150 on n1 and n2, but the log of n1 was written with 200"],
        ),
        (
            "in capitals",
            pair({"MAX_CONNECTIONS": 150}),
            ["max_connections = 150 on n1 and n2, but the log of n1 was written with 200"],
        ),
        (
            "several",
            pair({"max_connections": 150, "max_wal_senders": 5}),
            ["max_connections = 150", "max_wal_senders = 5"],
        ),
        (
            "on one server only, which is a standby sooner or later",
            [server("n1", ROLE), server("n2", ROLE | {"max_connections": 150})],
            ["max_connections = 150 on n2, but the log of n1 was written with 200"],
        ),
        (
            "no longer in the inventory: PostgreSQL's own value",
            pair({}, max_prepared_transactions=50, max_worker_processes=16, max_locks_per_transaction=128),
            ["max_worker_processes = 8", "max_prepared_transactions = 0", "max_locks_per_transaction = 64"],
        ),
        (
            "a standby has not replayed yet what the primary lowered",
            [
                server("n1", ROLE | {"max_connections": 150}, max_connections=150),
                server("n2", ROLE | {"max_connections": 150}),
            ],
            ["max_connections = 150 on n1 and n2, but the log of n2 was written with 200"],
        ),
        (
            "a new server beside the data",
            [server("n1", ROLE), {"name": "n2", "settings": ROLE | {"max_connections": 150}, "postgres": {}}],
            ["max_connections = 150 on n2, but the log of n1 was written with 200"],
        ),
    ],
)
def test_what_is_refused(situation: str, found: list[dict[str, Any]], said: list[str]) -> None:
    lines = lowered(found, {"n1", "n2"})
    assert len(lines) == len(said), situation
    for line, words in zip(lines, said, strict=True):
        assert words in line, situation


def test_a_new_cluster_is_written_with_postgresqls_own_values() -> None:
    """Seen: initdb writes 100 into the control data, and the first start, which is a standby's, fails with 50."""
    found = [{"name": name, "settings": ROLE | {"max_connections": 50}, "postgres": {}} for name in ("n1", "n2")]
    assert lowered(found, {"n1"}, first=True) == [
        "max_connections = 50 on n1 and n2, but a new cluster is written with 100."
    ]
    assert lowered([{**one, "settings": ROLE} for one in found], {"n1"}, first=True) == []


def test_data_that_is_replaced_forbids_nothing() -> None:
    """A server that gets a copy loses the log that it has."""
    found = [server("n1", ROLE), server("n2", ROLE, max_connections=500)]
    assert lowered(found, {"n1"}) == []
    assert len(lowered(found, {"n1", "n2"})) == 1


def test_the_refusal_says_what_to_do() -> None:
    with pytest.raises(PghaError) as refused:
        refuse_lowered(pair({"max_connections": 150}), {"n1", "n2"})
    said = refused.value.as_result()["msg"]
    assert "set it back in pgha_postgresql_settings" in said
    assert "Nothing was changed" in said
    refuse_lowered(pair({}), {"n1", "n2"})
