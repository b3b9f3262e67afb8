# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who notices a lost server first: the cluster has to know of it before PostgreSQL gives the standby up.

Pure; see :mod:`check`. Of a standby that still counts as a member it is believed that it knows what the primary knows:
that one would go on alone then, and be replaced by it a moment later.

This module util is private to the collection.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.cluster.written import Problem

TOKEN_MS, SENDER_TIMEOUT = 1000, "5s"
"""What the roles corosync and postgresql choose themselves."""
TWO_CONSENSUS_MS, CONSENSUS_OF_TOKEN = 300, 1.2
MARGIN_MS = 1000
"""For a side without majority to be told that it has none."""
# PostgreSQL's units of time (documentation, "Parameter Names and Values"); this setting's own unit is the millisecond.
_UNITS = {"us": 0.001, "ms": 1.0, "": 1.0, "s": 1000.0, "min": 60_000.0, "h": 3_600_000.0, "d": 86_400_000.0}
_TIME = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*")


def milliseconds(written: Any) -> float | None:
    """Return a time as PostgreSQL reads it; None for what it does not take for one."""
    found = None if isinstance(written, bool) else _TIME.fullmatch(str(written))
    if found is None or found[2] not in _UNITS:
        return None
    return float(found[1]) * _UNITS[found[2]]


def timing(servers: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> Iterator[Problem]:
    """Check that a loss is found before PostgreSQL misses the standby."""
    given = {}
    for name, default in (("corosync_token_ms", TOKEN_MS), ("corosync_consensus_ms", 0)):
        written = values.get(name, default)
        # Digits in a string are what ansible-core before 2.19 makes of a number in a template.
        if not str(written).isdigit():
            yield Problem(name, f"{written!r} is no number of milliseconds")
            return
        given[name] = int(written)
    where, written = "pgha_postgresql_settings: wal_sender_timeout", values.get("wal_sender_timeout", SENDER_TIMEOUT)
    missed = milliseconds(written)
    if missed is None:
        yield Problem(where, f"{written!r} is no time; write it such as {SENDER_TIMEOUT}")
        return
    token, consensus = given["corosync_token_ms"], given["corosync_consensus_ms"]
    two = sum(server.get("role") == "database" for server in servers) == 2
    found = token + (consensus or (TWO_CONSENSUS_MS if two else CONSENSUS_OF_TOKEN * token))
    # Zero: it waits for ever.
    if missed and missed < found + MARGIN_MS:
        yield Problem(
            "corosync_token_ms",
            f"a lost server is found after {found / 1000:g} s, and PostgreSQL gives a standby up after "
            f"{missed / 1000:g} s: a primary that is cut off would go on alone before it knows. Take less, or a "
            f"wal_sender_timeout of at least {(found + MARGIN_MS) / 1000:g}s in pgha_postgresql_settings",
        )
