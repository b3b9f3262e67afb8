# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server may be made a standby of the current primary again.

Pure. A rebuild replaces data, so it asks for proof that the data which stays is the cluster's: exactly one server that
takes writes, and it is not the one to be rebuilt.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Verdict, judge, safe, unknown, unsafe

FOLLOWING = frozenset({"HS:sync", "HS:async", "HS:potential"})


@dataclass(frozen=True)
class Server:
    """One database server as it was found.

    :ivar reached: the server answered at all.
    :ivar takes_writes: PostgreSQL there runs and is not in recovery.
    :ivar follows: it streams from the primary, by its own word or by the cluster's.
    :ivar differs: bytes of its disk that are to be the primary's, and are not.
    """

    name: str
    reached: bool
    takes_writes: bool
    follows: bool
    differs: int = 0


def follows_by(found: Mapping[str, Any]) -> bool:
    """Tell from what the discovery collected of a server whether it receives from another one.

    The cluster learns of a standby that has just come up some seconds after the standby itself. One whose disk differs
    from the primary's has to be given those blocks.
    """
    postgres = found.get("postgres") or {}
    status = (found.get("attributes") or {}).get("postgresql-status", "")
    receives = status in FOLLOWING or bool(postgres.get("streaming"))
    return postgres.get("role") == "standby" and receives and not postgres.get("differs")


def server_of(found: Mapping[str, Any]) -> Server:
    """Read one server from what the discovery collected."""
    postgres = found.get("postgres") or {}
    return Server(
        name=str(found["name"]),
        reached=bool(postgres),
        takes_writes=postgres.get("role") == "primary",
        follows=follows_by(found),
        differs=int(postgres.get("differs") or 0),
    )


def rebuild_verdict(servers: Sequence[Server], target: str) -> Verdict:
    """Judge whether the target may be rebuilt, with every reason that speaks against it."""
    by_name = {server.name: server for server in servers}
    if target not in by_name:
        named = target or "nothing"
        return judge([unsafe("no_such_server", f"pgha_target names {named}; the servers are {', '.join(by_name)}.")])
    primaries = [server.name for server in servers if server.takes_writes]
    reasons = []
    if len(primaries) > 1:
        reasons.append(
            unsafe("two_primaries", f"{' and '.join(primaries)} both take writes; find out whose data is right.")
        )
    elif not primaries:
        reasons.append(unknown("no_primary", "No server takes writes, so there is nothing to copy from."))
    elif primaries == [target]:
        reasons.append(unsafe("is_primary", f"{target} is the primary."))
    else:
        reasons.append(safe("primary_known", f"{primaries[0]} is the primary."))
    if not by_name[target].reached:
        reasons.append(unknown("not_reached", f"{target} gave no answer; it must be up to be rebuilt."))
    return judge(reasons)


def chosen(servers: Sequence[Server], target: str) -> list[str]:
    """Return the servers to rebuild: the one that was named, or every one that answers, is down, and should follow."""
    if target:
        return [target]
    return [one.name for one in servers if one.reached and not one.takes_writes and not one.follows]


def one_copy(found: Sequence[Mapping[str, Any]]) -> bool:
    """Tell from what the discovery collected whether all servers share one disk, so that none could have a copy."""
    return any((one.get("disk") or {}).get("shared") for one in found)


def needed(servers: Sequence[Server], target: str) -> bool:
    """Return False for a server that follows the primary already."""
    return not any(server.name == target and server.follows for server in servers)
