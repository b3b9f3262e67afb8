# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the failover agent says, in the words in which the judging modules know every cluster.

Pure: the answer of ``pgha-agent status --json`` in, the shape that the module crm_info returns out. Of the other server
only what the agent has heard lately is told; a silence is never read as "off" (S3).

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PRIMARY, STANDBY = "primary", "standby"
OUT = "out"
# A third of the votes is the third party's: the vote host's, or that of VRRP and the ping targets.
VOTES = 3

EMPTY: dict[str, Any] = {
    "changed": False,
    "cluster_running": False,
    "dc": "",
    "with_quorum": False,
    "nodes": [],
    "node_attributes": {},
    "itself": {},
    "promoted": [],
    "votes": {},
    "resources": [],
    "failures": [],
    "fencing": [],
    "unfencing": [],
    "constraints": [],
    "properties": {},
    "hardware": "",
    "window": "",
    "configured_nodes": {},
    "decision": {},
}


def stopped(
    name: str, record: Mapping[str, Any], notes: Mapping[str, Mapping[str, str]], hardware: str
) -> dict[str, Any]:
    """Return what there is to say where no agent answers: what it has noted on disk, and nothing of the other server.

    :param record: the agent's record, as it is on disk; empty where there is none.
    """
    role = _proven(record)
    known = {} if role is None else {name: {**notes.get(name, {}), "pgha-data": "ready", "pgha-role": role}}
    return {**EMPTY, "itself": known, "hardware": hardware}


def _proven(server: Mapping[str, Any]) -> str | None:
    """Return the role of a server whose data is the cluster's."""
    role = server.get("role", OUT)
    return str(role) if server.get("reign") and role != OUT else None


def _data_status(server: Mapping[str, Any], heard: Mapping[str, Any]) -> str:
    """Say whether a server has every acknowledged commit, in the resource agent's words.

    A primary whose commits wait for nobody has them alone. One whose commits wait for the other server has them only as
    long as that one is known not to have begun a newer reign.
    """
    if server["role"] == PRIMARY:
        behind = bool(heard) and int(heard.get("reign", 0)) <= int(server["reign"])
        return "LATEST" if not server.get("waits") or behind else "DISCONNECT"
    return "STREAMING|SYNC" if server.get("eligible") else "DISCONNECT"


def _attributes(server: Mapping[str, Any], heard: Mapping[str, Any]) -> dict[str, str]:
    role = _proven(server)
    if role is None:
        return {}
    found = {"pgha-data": "ready", "pgha-role": role, "postgresql-data-status": _data_status(server, heard)}
    if role == PRIMARY and server.get("postgres") == PRIMARY:
        found["postgresql-status"] = "PRI"
    elif role == STANDBY and server.get("follows"):
        found["postgresql-status"] = "HS:sync" if server.get("eligible") else "HS:async"
    return found


def _held(status: Mapping[str, Any]) -> dict[str, str]:
    """Why the agent does not start PostgreSQL here, when it does not."""
    decision = status.get("decision") or {}
    waits = status.get("postgres") == "stopped" and decision.get("action") == "nothing"
    return {"pgha-held": str(decision.get("text", ""))} if waits and status.get("role") != OUT else {}


def _node(name: str, **words: bool) -> dict[str, Any]:
    plain = dict.fromkeys(("online", "standby", "maintenance", "pending", "unclean", "shutdown", "dc"), False)
    return {"name": name, "id": name, **plain, **words}


def _other(status: Mapping[str, Any], heard: Mapping[str, Any], fresh: bool) -> dict[str, Any]:
    name = str(status["peer"])
    if fresh:
        return _node(name, online=True, maintenance=bool(heard.get("paused")))
    if status.get("fenced") == "off":
        return _node(name)
    if status.get("follows"):
        # Its agent says nothing, and its PostgreSQL lives: neither lost nor in service.
        return _node(name, pending=True)
    return _node(name, unclean=True)


def _fencing(status: Mapping[str, Any]) -> list[dict[str, str]]:
    word = {"under way": "pending", "failed": "failed", "off": "success"}.get(str(status.get("fenced")))
    return [] if word is None else [{"action": "off", "target": str(status["peer"]), "status": word, "reason": ""}]


def _with_notes(
    attributes: Mapping[str, Mapping[str, str]], notes: Mapping[str, Mapping[str, str]]
) -> dict[str, dict[str, str]]:
    names = {*attributes, *notes}
    return {name: {**notes.get(name, {}), **attributes.get(name, {})} for name in sorted(names)}


def view_of(
    status: Mapping[str, Any], notes: Mapping[str, Mapping[str, str]] | None = None, hardware: str = ""
) -> dict[str, Any]:
    """Return the cluster as the agent of one server sees it.

    :param status: what ``pgha-agent status --json`` says.
    :param notes: server to what was noted of it on this server: its hardware, and by which device it was tested.
    """
    peer_state = status.get("peer_state") or {}
    fresh = bool(peer_state.get("fresh"))
    heard: Mapping[str, Any] = (peer_state.get("heard") or {}) if fresh else {}
    name, peer, notes = str(status["name"]), str(status["peer"]), notes or {}
    itself = {**_attributes(status, heard), **_held(status)}
    # What a standby has heard of its primary is the same word as its own: it follows, or it does not.
    other = _attributes({**heard, "follows": status.get("follows")}, status) if fresh else {}
    if status.get("fencing"):
        other["pgha-fenced-by-peer"] = "yes"
    votes = 1 + fresh + (status.get("arbiter") in ("alive", "gone"))
    promoted = [one for one, said in ((name, status), (peer, heard)) if _reigns(said)]
    return {
        **EMPTY,
        "cluster_running": True,
        "with_quorum": votes * 2 > VOTES,
        "votes": {"expected": VOTES, "total": votes},
        "nodes": [_node(name, online=True, maintenance=bool(status.get("paused"))), _other(status, heard, fresh)],
        "node_attributes": _with_notes({name: itself, peer: other}, notes),
        "itself": {name: {**notes.get(name, {}), **itself}},
        "promoted": promoted,
        "fencing": _fencing(status),
        "properties": {"stonith-enabled": "true" if status.get("fencing") else "false"},
        "hardware": hardware,
        "decision": dict(status.get("decision") or {}),
    }


def _reigns(said: Mapping[str, Any]) -> bool:
    return said.get("role") == PRIMARY and said.get("postgres") == PRIMARY
