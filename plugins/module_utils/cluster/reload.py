# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether changed settings may be loaded into a running cluster, and which of them wait for a restart afterwards.

Pure. All servers or none: a standby that goes on with the old settings behaves differently on the night when it becomes
primary.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import (
    Reason,
    Verdict,
    judge,
    safe,
    unknown,
    unsafe,
)


def _servers(found: Sequence[Mapping[str, Any]]) -> Iterator[Reason]:
    for one in found:
        name, postgres = one["name"], one.get("postgres") or {}
        if not postgres:
            yield unknown("not_reached", f"{name} gave no answer; its settings would stay behind.")
        elif postgres.get("role") == "none":
            yield unsafe("not_deployed", f"{name} holds no data: it is no server of the cluster yet.")
        elif postgres.get("role") == "not answering":
            yield unknown("not_answering", f"PostgreSQL on {name} runs and does not answer.")
        elif postgres.get("running"):
            yield safe("reloads", f"{name} loads what has changed.")
        else:
            yield safe("reads_at_start", f"PostgreSQL does not run on {name}; it reads the files when it starts.")


def no_postgresql(units: Collection[str]) -> Reason:
    """Return the reason why nothing that is PostgreSQL's can be done in a cluster that runs a unit of systemd."""
    return unsafe("no_postgresql", f"This cluster runs {', '.join(sorted(units))} and not PostgreSQL.")


def reload_verdict(found: Sequence[Mapping[str, Any]]) -> Verdict:
    """Judge whether changed settings may be loaded, with every reason.

    :param found: what the discovery collected.
    """
    units = {str(one["postgres"]["unit"]) for one in found if (one.get("postgres") or {}).get("unit")}
    if units:
        return judge([no_postgresql(units)])
    reasons = list(_servers(found))
    if not any(one.get("attributes") for one in found):
        reasons.append(unknown("no_cluster", "The cluster manager runs on no server that answers."))
    return judge(reasons)


def waiting(found: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return, by setting, the servers on which its new value waits for a restart."""
    settings: dict[str, list[str]] = {}
    for one in found:
        for name in (one.get("postgres") or {}).get("restart_pending") or ():
            settings.setdefault(str(name), []).append(str(one["name"]))
    return dict(sorted(settings.items()))
