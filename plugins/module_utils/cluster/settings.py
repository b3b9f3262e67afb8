# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which wanted settings are below those that the cluster's log was written with.

Pure. PostgreSQL starts no standby with less than its log was written with (documentation, "Hot Standby:
Administrator's Overview"), and under a cluster manager every server starts as a standby, the later primary too. The
lower value would wait in the file until the night of the failover, and keep the server down then.

What a log was written with stands in the control data of each server that replays it, running or stopped.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError

# What PostgreSQL takes for a setting that is in no file: whoever takes it out of the inventory lowers it, too.
OWN = {
    "max_connections": 100,
    "max_worker_processes": 8,
    "max_wal_senders": 10,
    "max_prepared_transactions": 0,
    "max_locks_per_transaction": 64,
}


def _number(value: Any) -> float | None:
    """Read what an operator wrote. What is no number PostgreSQL refuses itself, before the file is placed."""
    try:
        return float(str(value))
    except ValueError:
        return None


def _written(found: Sequence[Mapping[str, Any]], kept: Collection[str], name: str) -> tuple[int, str] | None:
    """Return the highest value in the data that stays, and whose data it is."""
    values = [
        (int(value), f"the log of {one['name']} was")
        for one in found
        if one["name"] in kept
        and (value := (((one.get("postgres") or {}).get("control") or {}).get("settings") or {}).get(name)) is not None
    ]
    return max(values, key=lambda written: written[0], default=None)


def lowered(found: Sequence[Mapping[str, Any]], kept: Collection[str], *, first: bool = False) -> list[str]:
    """Return a sentence for each setting that is wanted below what the log was written with.

    :param found: what the discovery collected, with the settings that are wanted on each server.
    :param kept: the servers whose data stays; the others get a copy of it.
    :param first: the data is still to be made; initdb writes it with PostgreSQL's own values.
    """
    wants = {
        str(one["name"]): {str(key).lower(): value for key, value in one["settings"].items()}
        for one in found
        if one.get("settings")
    }
    sentences = []
    for name, own in OWN.items():
        written = (own, "a new cluster is") if first else _written(found, kept, name)
        if written is None:
            continue
        low: dict[str, list[str]] = {}
        for server, settings in wants.items():
            wanted = settings.get(name, own)
            number = _number(wanted)
            if number is not None and number < written[0]:
                low.setdefault(str(wanted).strip(), []).append(server)
        sentences += [
            f"{name} = {wanted} on {' and '.join(servers)}, but {written[1]} written with {written[0]}."
            for wanted, servers in low.items()
        ]
    return sentences


def refuse_lowered(found: Sequence[Mapping[str, Any]], kept: Collection[str], *, first: bool = False) -> None:
    """Refuse settings with which a server would not start again.

    :raises PghaError: with each of them.
    """
    sentences = lowered(found, kept, first=first)
    if sentences:
        raise PghaError(
            "Settings are refused with which PostgreSQL would not start as a standby: " + " ".join(sentences),
            expected="on every server at least the value that the log was written with",
            next_step="set it back in pgha_postgresql_settings, to that value or more; one that is not named there has "
            "the role's default or PostgreSQL's own. Lowering it is not supported: PostgreSQL takes a lower value only "
            "where the primary restarts as a primary, and the cluster starts every server as a standby. "
            "Nothing was changed.",
        )
