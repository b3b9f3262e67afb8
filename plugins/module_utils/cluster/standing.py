# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in a cluster's way apart from its servers: quorum, maintenance, blocked resources, leftovers.

Pure. This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.cluster.advice import Advice, advice_of
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.failover import is_current
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.model import (
    Expected,
    Report,
    Seen,
    members,
    membership,
)

# Settings of PostgreSQL under which a commit is acknowledged before it is safe, by what it may cost (PostgreSQL's
# documentation, "Write Ahead Log" and "Asynchronous Commit"). Local is as safe as any where no standby is waited for.
CARELESS = {
    ("synchronous_commit", "off"): "a failover or a power cut may lose the last commits",
    ("synchronous_commit", "local"): "no commit waits for the standby, and a failover may lose the last ones",
    ("fsync", "off"): "a power cut may destroy the data",
    ("full_page_writes", "off"): "a power cut may destroy the data",
}


def judge_settings(report: Report, servers: Sequence[Seen], expected: Expected) -> None:
    """Add what a primary has been told that breaks the promise, by whomever."""
    waited_for = expected.mode != "async" and expected.stack != "drbd"
    for server in servers:
        settings = server.postgres.get("settings") or {} if server.postgres.get("role") == "primary" else {}
        for (name, value), cost in CARELESS.items():
            if settings.get(name) == value and (value != "local" or waited_for):
                report.add(
                    f"{name} is {value} on {server.name}: {cost}",
                    f"take {name} out of pgha_postgresql_settings and run {expected.command}reload.yml; or, where "
                    f"ALTER SYSTEM or ALTER ROLE has set it, RESET it in the same way",
                )


def _quorum(report: Report, expected: Expected, view: Mapping[str, Any]) -> None:
    """Without quorum a running primary goes on, but nobody mends the next fault."""
    if not view.get("with_quorum"):
        report.add(
            "the servers that answer have no quorum: the cluster starts and promotes nothing",
            "bring back another server or the vote host",
        )
    votes = view.get("votes") or {}
    missing = votes["expected"] - votes["total"] if votes else 0
    if missing <= 0:
        return
    absent = [name for name, node in members(view).items() if not node.get("online")]
    # Each absent server lacks its own vote. What is missing beyond that is the vote host's.
    lost = expected.vote if expected.vote and missing > len(absent) else ""
    program = advice_of(expected.stack).voter
    report.add(
        f"{votes['total']} of {votes['expected']} votes are present" + (f": {lost} does not vote" if lost else ""),
        f"see that {lost} is up" + (f", and on it: {program}" if program else "") if lost else "",
    )


def _blocked(report: Report, view: Mapping[str, Any], advice: Advice) -> None:
    resting = view.get("properties", {}).get("maintenance-mode") == "true"
    window = view.get("window")
    if window:
        report.add(
            f"a switchover is under way or was broken off: the cluster watches and moves nothing until {window}",
            "look again after that",
        )
    elif resting:
        report.add("the whole cluster is in maintenance: nothing is watched or moved", advice.resume)
    paused = {name for name, node in members(view).items() if membership(node) == "maintenance"}
    for one in view.get("resources", []):
        places = one.get("nodes", ())
        where = f" on {', '.join(places)}" if places else ""
        if one.get("blocked"):
            report.add(
                f"{one['id']}{where} is blocked: the cluster cannot stop it and does nothing more with it",
                f"find out why it does not stop, then: crm resource cleanup {one['id']}",
            )
        elif not one.get("managed", True) and not resting and not window and not paused.intersection(places):
            report.add(f"{one['id']}{where} is not managed", f"crm resource manage {one['id']}")


def _leftovers(report: Report, view: Mapping[str, Any]) -> None:
    for one in view.get("constraints", []):
        if one.get("leftover"):
            resources = " ".join(one.get("resources", ()))
            report.add(
                f"{one['id']}, left by a move or ban command, still binds {resources}",
                f"crm resource clear {resources}",
            )


def _memory(report: Report, names: Sequence[str], expected: Expected, view: Mapping[str, Any]) -> None:
    """Name the servers that the cluster promotes not at all, as what is recorded of their data may be from before."""
    if not view.get("with_quorum"):
        return
    nodes, attributes = members(view), view.get("node_attributes", {})
    here = [name for name in names if nodes.get(name, {}).get("online")]
    for name in here:
        if is_current(attributes.get(name, {}), expected.stack):
            continue
        if 2 * len(here) > len(names):
            report.add(
                f"{name} would not be promoted: nothing vouches for what is recorded of its data",
                f"on {name}: systemctl status pgha-guard; right after a boot, look again",
            )
        else:
            report.add(
                f"{name} has not met the other servers since it came back, and they may have commits that it lacks: "
                "the cluster does not promote it",
                f"bring another one back; or, to be told what may be lost: {expected.command}failover.yml "
                f"-e pgha_target={name}",
            )


def _foreign(report: Report, servers: Sequence[Seen]) -> None:
    identifiers = {
        server.name: str(server.postgres["system_identifier"])
        for server in servers
        if server.reached and server.postgres.get("system_identifier")
    }
    if len(set(identifiers.values())) > 1:
        listing = ", ".join(f"{name}: {value}" for name, value in identifiers.items())
        report.add(f"the servers hold data of different clusters (system identifiers {listing})")


def remembered(view: Mapping[str, Any]) -> list[str]:
    """Return the failures that the cluster has not forgotten yet: they tell what happened and are no problem alone."""
    return [
        f"{one.get('resource', '?')}: {one.get('task', '?')} on {one.get('node', '?')} at {one.get('when') or '?'}: "
        f"{one.get('reason') or one.get('status') or 'no reason given'}"
        for one in view.get("failures", [])
    ]


def judge_standing(report: Report, servers: Sequence[Seen], expected: Expected, view: Mapping[str, Any]) -> None:
    """Add what is wrong with the cluster as a whole."""
    _foreign(report, servers)
    if not view:
        return
    _quorum(report, expected, view)
    _blocked(report, view, advice_of(expected.stack))
    _leftovers(report, view)
    _memory(report, [server.name for server in servers], expected, view)


def judge_strict(report: Report, servers: Sequence[Seen], primary: str) -> bool:
    """Return whether writes wait, as the mode strict wants it of a primary without a standby."""
    for server in servers:
        if server.name == primary and server.reached:
            waits = bool(server.postgres.get("synchronous_standby_names"))
            if waits:
                report.add("writes wait, for pgha_replication_mode is strict: they go on when the standby is back")
            else:
                report.add(
                    "commits wait for nobody, as the mode was made strict without a standby: bring the standby back"
                )
            return waits
    return False
