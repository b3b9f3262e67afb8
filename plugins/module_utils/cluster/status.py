# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is true of a cluster now, joined from what each server said.

Pure. Nothing is believed because it is configured: a server counts as primary because PostgreSQL there says so, an
address counts as held because the server has it. Only of a server that does not answer, the word of a cluster that has
quorum is taken, and the report says so.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.cluster.advice import advice_of
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.down import judge_down
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.model import (
    Expected,
    Report,
    Seen,
    members,
    membership,
    witness,
)
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.standing import (
    judge_settings,
    judge_standing,
    judge_strict,
    remembered,
)
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.storage import judge_disks, line_of
from ansible_collections.pgha.cluster.plugins.module_utils.fencing.check import OF_ANOTHER

LEAVING = "pgha-leaving"


def fencing_of(target: str, servers: Sequence[Seen]) -> dict[str, Any]:
    """Return the best verdict that another server has on this one."""
    order = ("safe", "unknown", "unsafe")
    views = [server.fencing[target] for server in servers if target in server.fencing]
    if not views:
        return {"verdict": "unknown", "reasons": [{"message": "no other server could ask its device"}]}
    for view in views:
        if any(reason.get("code") in OF_ANOTHER for reason in view["reasons"]):
            return dict(view)
    return dict(min(views, key=lambda one: order.index(one["verdict"])))


def _judge_fencing(
    report: Report, servers: Sequence[Seen], expected: Expected, view: Mapping[str, Any]
) -> dict[str, Any]:
    verdicts = {}
    for server in servers:
        found = fencing_of(server.name, servers)
        verdicts[server.name] = found
        why = "; ".join(one["message"] for one in found["reasons"] if one.get("verdict") != "safe")
        if server.name not in expected.fenced:
            # In strict mode that costs the writes' waiting, which the status says anyway, and never a commit.
            if expected.mode != "strict":
                report.add(f"fencing of {server.name}: there is no device", "add pgha_fence_devices and run deploy.yml")
        elif found["verdict"] != "safe":
            report.add(f"fencing of {server.name} is {found['verdict']}: {why}", f"{expected.command}fence_check.yml")
    if expected.accept_split_brain:
        report.add("pgha_accept_split_brain is true: after a lost connection two servers may take writes")
    for event in view.get("fencing", []):
        if event["status"] == "pending":
            report.add(f"fencing of {event['target']} is under way")
    _judge_let_in(report, view)
    return verdicts


def _judge_let_in(report: Report, view: Mapping[str, Any]) -> None:
    """Name the members that the cluster could not let back to their disk: it starts nothing on them."""
    newest: dict[str, str] = {}
    for event in view.get("unfencing", []):
        if event["status"] != "pending":
            newest.setdefault(event["target"], event["status"])
    for name, node in members(view).items():
        if newest.get(name) == "failed" and node.get("online"):
            report.add(
                f"{name} has no key on the disk, and could not put one there: nothing is started on it",
                f"on {name}: mend its way to the disk, then: systemctl restart pacemaker",
            )


def _judge_lost(report: Report, expected: Expected, view: Mapping[str, Any], primaries: Sequence[str]) -> None:
    for node in view.get("nodes", []):
        if not node.get("unclean"):
            continue
        name = node["name"]
        failed = any(event["target"] == name and event["status"] == "failed" for event in view.get("fencing", []))
        effect = "" if primaries else " No server is promoted before that."
        advice = advice_of(expected.stack)
        if name in expected.fenced:
            why = f"its fencing {'failed' if failed else 'has not succeeded yet'}"
            mend, vouch = f"make the fence device of {name} answer: the cluster tries again.", advice.confirm
        else:
            why, mend, vouch = "it has no fence device", "bring it back.", advice.confirm_bare
        if vouch:
            mend += f" Or, only after you have seen with your own eyes that {name} is off, {vouch.format(name=name)}"
        report.add(f"{name} is lost and nobody has proven that it is off: {why}.{effect}", mend)


def _comes_or_goes(report: Report, server: Seen, expected: Expected, view: Mapping[str, Any]) -> bool:
    """Tell whether a server is no part of the cluster now; any other advice would be about one that should be."""
    add = f"{expected.command}add_standby.yml -e pgha_target={server.name}"
    if view.get("node_attributes", {}).get(server.name, {}).get(LEAVING):
        report.add(
            f"the removal of {server.name} was begun and has not ended",
            f"{expected.command}remove_standby.yml -e pgha_target={server.name}, or to keep it: {add}",
        )
        return True
    if view and server.reached and not server.crm.get("cluster_running") and server.name not in members(view):
        report.add(f"{server.name} is in the inventory and no member of the cluster", add)
        return True
    return False


def _judge_servers(report: Report, servers: Sequence[Seen], expected: Expected, view: Mapping[str, Any]) -> None:
    nodes, advice = members(view), advice_of(expected.stack)
    primaries = [server.name for server in servers if server.role == "primary"]
    for server in servers:
        word = membership(nodes.get(server.name))
        if _comes_or_goes(report, server, expected, view):
            continue
        if not server.reached:
            # A run that was aborted has not asked every server: that is no proof of a server that is down.
            report.add(
                f"{server.name} gave no answer: it cannot be reached over SSH, or this run ended before it was asked",
                f"run {expected.command}status.yml by itself; if {server.name} is silent then too: power, cables, sshd",
            )
            continue
        if not server.crm.get("cluster_running"):
            report.add(f"{advice.manager} does not run on {server.name}", advice.start.format(name=server.name))
        elif word in ("standby", "maintenance"):
            report.add(f"{server.name} is in {word}", advice.back.get(word, "").format(name=server.name))
        elif word in ("offline", "unknown", "pending"):
            report.add(f"{server.name} answers, and the cluster counts it as {word}: it is cut off, or just joining")
        if server.role not in ("primary", "standby"):
            judge_down(report, server, expected, view, primaries)
        elif server.role == "standby" and not server.postgres.get("streaming"):
            report.add(f"{server.name} is a standby and does not receive from the primary")


def _by_word(servers: Sequence[Seen], view: Mapping[str, Any]) -> str:
    """Return the primary that only the cluster vouches for, as it does not answer us; "no primary" would be a lie."""
    silent = {server.name for server in servers if not server.reached}
    known = members(view)
    named = [
        name
        for name in view.get("promoted", [])
        if view.get("with_quorum") and name in silent and membership(known.get(name)) == "online"
    ]
    return named[0] if len(named) == 1 else ""


def _judge_primary(report: Report, servers: Sequence[Seen], expected: Expected, view: Mapping[str, Any]) -> str:
    primaries = [server.name for server in servers if server.role == "primary"]
    if len(primaries) > 1:
        report.add(
            f"TWO SERVERS TAKE WRITES: {' and '.join(primaries)}. Stop one of them now, and keep its data.",
            advice_of(expected.stack).take_out,
        )
    if len(primaries) == 1:
        return primaries[0]
    believed = "" if primaries else _by_word(servers, view)
    if believed:
        report.add(
            f"{believed} is primary by the word of the cluster only: it could not be asked whether it takes writes "
            "and whether another server has the last commits"
        )
    elif not primaries and any(server.reached for server in servers):
        silent = [server.name for server in servers if not server.reached]
        but = f" that answers takes writes; {' and '.join(silent)} could not be asked" if silent else " takes writes"
        report.add(f"no server{but}")
    elif not primaries:
        report.add(
            "no server gave an answer: nobody can say whether writes are taken",
            "see whether the servers or only your way to them is down: ping, the management network, your SSH key",
        )
    return believed


def _replica(servers: Sequence[Seen], name: str) -> Mapping[str, Any]:
    for server in servers:
        if server.role == "primary":
            for replica in server.postgres.get("replicas", []):
                if replica["name"] == name:
                    return dict(replica)
    return {}


def _redundant(servers: Sequence[Seen], expected: Expected) -> bool:
    wanted = ("sync", "quorum") if expected.mode != "async" else ("sync", "quorum", "async", "potential")
    return any(_replica(servers, server.name).get("sync_state") in wanted for server in servers)


def _state(report: Report, servers: Sequence[Seen], expected: Expected, primary: str, waits: bool) -> str:
    if sum(server.role == "primary" for server in servers) > 1:
        return "dangerous"
    if not any(server.reached for server in servers):
        return "unknown"
    if not primary or any(expected.virtual.get("write") in server.unheard for server in servers):
        return "down"
    if waits:
        return "waiting"
    return "degraded" if report.problems else "ok"


def _judge_addresses(report: Report, servers: Sequence[Seen], expected: Expected) -> dict[str, dict[str, Any]]:
    holders: dict[str, dict[str, Any]] = {
        kind: {"address": one, "holders": [server.name for server in servers if one in server.addresses]}
        for kind, one in expected.virtual.items()
    }
    nobody = "no server" if all(server.reached for server in servers) else "no server that answers"
    for kind, held in holders.items():
        if len(held["holders"]) != 1:
            report.add(f"the {kind} address {held['address']} is on {' and '.join(held['holders']) or nobody}")
        for server in servers:
            if held["address"] in server.unheard:
                report.add(
                    f"PostgreSQL on {server.name} does not listen on the {kind} address {held['address']}: clients are "
                    "refused there",
                    f"SHOW listen_addresses on {server.name}; take it out of pgha_postgresql_settings and run "
                    f"{expected.command}deploy.yml, or ALTER SYSTEM RESET it; then "
                    f"{expected.command}rolling_restart.yml",
                )
    return holders


def _restart_pending(servers: Sequence[Seen]) -> dict[str, list[str]]:
    waiting = {server.name: list(server.postgres.get("restart_pending") or ()) for server in servers}
    return {name: settings for name, settings in waiting.items() if settings}


def status(servers: Sequence[Seen], expected: Expected) -> dict[str, Any]:
    """Judge a cluster and return everything that the table and a program need."""
    view, report = witness([server.crm for server in servers]), Report()
    nodes = members(view)
    primary = _judge_primary(report, servers, expected, view)
    _judge_lost(report, expected, view, [primary] if primary else [])
    _judge_servers(report, servers, expected, view)
    redundant = bool(primary) and _redundant(servers, expected)
    if primary and not redundant and any(server.name == primary and server.reached for server in servers):
        report.add(f"NOT REDUNDANT: {primary} is the only server with the last commits")
    waits = expected.mode == "strict" and not redundant and judge_strict(report, servers, primary)
    judge_standing(report, servers, expected, view)
    judge_settings(report, servers, expected)
    judge_disks(report, servers, expected)
    verdicts = _judge_fencing(report, servers, expected, view)
    holders = _judge_addresses(report, servers, expected)
    return {
        "cluster": expected.cluster,
        "stack": expected.stack,
        "mode": expected.mode,
        "state": _state(report, servers, expected, primary, waits),
        "primary": primary or None,
        "redundant": redundant,
        "quorum": bool(view.get("with_quorum")),
        "votes": view.get("votes") or {},
        "vote_host": expected.vote or None,
        "tie_breaker": expected.vote or advice_of(expected.stack).third,
        "addresses": holders,
        "disks": [line for server in servers if (line := line_of(server))],
        "fencing": verdicts,
        "servers": [_row(server, nodes, servers, verdicts) for server in servers],
        "failures": remembered(view),
        "restart_pending": _restart_pending(servers),
        "problems": report.problems,
        "next": report.steps,
    }


def _row(
    server: Seen, nodes: Mapping[str, Any], servers: Sequence[Seen], verdicts: Mapping[str, Any]
) -> dict[str, Any]:
    replica = _replica(servers, server.name)
    return {
        "name": server.name,
        "reached": server.reached,
        "member": membership(nodes.get(server.name)),
        "role": server.role,
        "timeline": server.postgres.get("timeline"),
        "lsn": server.postgres.get("lsn"),
        "lag_bytes": replica.get("lag_bytes"),
        "lag_seconds": replica.get("lag_seconds"),
        "sync_state": replica.get("sync_state"),
        "fencing": verdicts[server.name]["verdict"],
    }
