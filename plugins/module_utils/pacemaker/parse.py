# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""XML of pacemaker's tools to values, for pacemaker 2.1 and 3.0; errors name the place.

This module util is private to the collection.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.model import (
    Action,
    Constraint,
    Failure,
    FenceEvent,
    Monitor,
    Node,
    Resource,
)

# pacemaker 2.1 may be built with the old names.
_ROLES = {"Master": "Promoted", "Slave": "Unpromoted"}
# Pacemaker's "unfencing" is the action "on" of a fence device.
UNFENCE = "on"
_CONTAINERS = frozenset({"clone", "group", "bundle", "replica"})
_LEFTOVER = ("cli-ban-", "cli-prefer-", "cli-standby-")


def _root(text: str, tag: str) -> ET.Element:
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        line, column = error.position
        raise ParseError("The answer is not XML", where=f"line {line}, column {column}") from error
    if root.tag != tag:
        raise ParseError(f"Expected <{tag}>", where=f"/{root.tag}")
    return root


def _text(element: ET.Element, name: str, where: str) -> str:
    value = element.get(name)
    if value is None:
        raise ParseError(f"The attribute {name} is missing", where=where)
    return value


def _flag(element: ET.Element, name: str, where: str, default: bool | None = None) -> bool:
    value = element.get(name)
    if value is None and default is not None:
        return default
    if value not in ("true", "false"):
        raise ParseError(f"The attribute {name} is neither true nor false but {value!r}", where=where)
    return value == "true"


def parse_monitor(text: str) -> Monitor:
    """Read ``crm_mon --output-as=xml``."""
    root = _root(text, "pacemaker-result")
    dc = root.find("summary/current_dc")
    if dc is None:
        raise ParseError("No current_dc", where="/pacemaker-result/summary")
    present = _flag(dc, "present", "/pacemaker-result/summary/current_dc")
    events = [
        _fence_event(e, f"/pacemaker-result/fence_history/fence_event[{i}]")
        for i, e in enumerate(root.iterfind("fence_history/fence_event"), 1)
    ]
    return Monitor(
        dc=dc.get("name", "") if present else "",
        with_quorum=present and _flag(dc, "with_quorum", "/pacemaker-result/summary/current_dc", False),
        nodes=tuple(
            _node(e, f"/pacemaker-result/nodes/node[{i}]") for i, e in enumerate(root.iterfind("nodes/node"), 1)
        ),
        resources=tuple(_resources(root.find("resources"), "/pacemaker-result/resources", ())),
        failures=tuple(
            _failure(e, f"/pacemaker-result/failures/failure[{i}]")
            for i, e in enumerate(root.iterfind("failures/failure"), 1)
        ),
        fencing=tuple(event for event in events if event.action != UNFENCE),
        unfencing=tuple(event for event in events if event.action == UNFENCE),
    )


def _node(element: ET.Element, where: str) -> Node:
    return Node(
        name=_text(element, "name", where),
        id=_text(element, "id", where),
        online=_flag(element, "online", where),
        standby=_flag(element, "standby", where) or _flag(element, "standby_onfail", where, False),
        maintenance=_flag(element, "maintenance", where),
        pending=_flag(element, "pending", where),
        unclean=_flag(element, "unclean", where),
        shutdown=_flag(element, "shutdown", where),
        dc=_flag(element, "is_dc", where),
    )


def _resources(element: ET.Element | None, where: str, parents: tuple[str, ...]) -> Iterator[Resource]:
    for index, child in enumerate(element if element is not None else (), 1):
        place = f"{where}/{child.tag}[{index}]"
        if child.tag in _CONTAINERS:
            yield from _resources(child, place, (*parents, _text(child, "id", place)))
        elif child.tag == "resource":
            role = _text(child, "role", place)
            yield Resource(
                id=_text(child, "id", place),
                agent=_text(child, "resource_agent", place),
                parents=parents,
                role=_ROLES.get(role, role),
                nodes=tuple(_text(node, "name", place) for node in child.iterfind("node")),
                active=_flag(child, "active", place),
                failed=_flag(child, "failed", place),
                blocked=_flag(child, "blocked", place),
                managed=_flag(child, "managed", place),
                orphan=_flag(child, "orphaned", place, False),
                pending=child.get("pending", ""),
            )


def _failure(element: ET.Element, where: str) -> Failure:
    # A failure of fencing or of a lost action carries an id or an operation of its own instead of op_key.
    key = element.get("op_key") or element.get("id") or ""
    task = element.get("task") or (key.split("_")[-2] if key.count("_") >= 2 else "")
    rc = _text(element, "exitcode", where)
    if not rc.lstrip("-").isdigit():
        raise ParseError(f"The attribute exitcode is no number but {rc!r}", where=where)
    return Failure(
        resource=key.rsplit("_", 2)[0] if key.count("_") >= 2 else key,
        task=task,
        node=_text(element, "node", where),
        rc=int(rc),
        status=element.get("exitstatus", ""),
        reason=element.get("exitreason", ""),
        when=element.get("last-rc-change", ""),
    )


def _fence_event(element: ET.Element, where: str) -> FenceEvent:
    return FenceEvent(
        action=_text(element, "action", where),
        target=_text(element, "target", where),
        status=_text(element, "status", where),
        client=element.get("client", ""),
        delegate=element.get("delegate", ""),
        reason=element.get("exit-reason", ""),
        completed=element.get("completed", ""),
    )


def parse_attributes(cib: ET.Element) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    """Return per node name its lasting and its transient attributes."""
    names = {node.get("id", ""): node.get("uname", "") for node in cib.iterfind("configuration/nodes/node")}
    found: dict[str, tuple[dict[str, str], dict[str, str]]] = {name: ({}, {}) for name in names.values()}
    for node in cib.iterfind("configuration/nodes/node"):
        found[node.get("uname", "")][0].update(_pairs(node, "instance_attributes/nvpair"))
    for state in cib.iterfind("status/node_state"):
        name = state.get("uname") or names.get(state.get("id", ""), "")
        found.setdefault(name, ({}, {}))[1].update(_pairs(state, "transient_attributes/instance_attributes/nvpair"))
    return found


def _pairs(element: ET.Element, path: str) -> dict[str, str]:
    return {pair.get("name", ""): pair.get("value", "") for pair in element.iterfind(path)}


def parse_properties(cib: ET.Element) -> dict[str, str]:
    """Return the cluster's properties."""
    path = "configuration/crm_config/cluster_property_set[@id='cib-bootstrap-options']/nvpair"
    return _pairs(cib, path)


def parse_constraints(cib: ET.Element) -> tuple[Constraint, ...]:
    """Return the constraints, leftovers of move and ban commands included."""
    return tuple(
        Constraint(
            id=element.get("id", ""),
            kind=element.tag.removeprefix("rsc_"),
            resources=tuple(
                value
                for value in [element.get(name, "") for name in ("rsc", "with-rsc", "first", "then")]
                + [part.get("id", "") for part in element.iter("resource_ref")]
                if value
            ),
            node=element.get("node") or _rule_node(element),
            score=element.get("score") or _rule_score(element) or element.get("kind") or "",
            leftover=element.get("id", "").startswith(_LEFTOVER),
        )
        for element in cib.iterfind("configuration/constraints/*")
    )


def _rule_node(element: ET.Element) -> str:
    names = [e.get("value", "") for e in element.iter("expression") if e.get("attribute") == "#uname"]
    return names[0] if len(names) == 1 else ""


def _rule_score(element: ET.Element) -> str:
    return next((r.get("score") or r.get("score-attribute") or "" for r in element.iterfind("rule")), "")


def parse_actions(text: str) -> tuple[Action, ...]:
    """Read what ``crm_simulate --run --output-as=xml`` would do; what is blocked is left out, for it is not done."""
    root = _root(text, "pacemaker-result")
    actions = []
    for index, element in enumerate(root.iterfind("actions/*"), 1):
        where = f"/pacemaker-result/actions/*[{index}]"
        if element.get("blocked") == "true":
            continue
        node = element.get("node", "")
        of_resource = element.tag == "rsc_action"
        target = element.get("resource") if of_resource else node
        action = element.get("action") or _text(element, "task", where)
        # Written "Fence (reboot)"; how the device does it is not the point here.
        action = action.partition(" ")[0].lower()
        leaves = of_resource and action in ("stop", "demote")
        actions.append(
            Action(
                action=action,
                target=target or "",
                source=element.get("source", "") or (node if leaves else ""),
                destination=element.get("dest", "") or (node if of_resource and not leaves else ""),
                reason=element.get("reason", ""),
            )
        )
    return tuple(actions)


def parse_controller(text: str) -> str:
    """Read ``crmadmin --status --output-as=xml``: the state of a controller, such as S_IDLE."""
    found = _root(text, "pacemaker-result").find("crmd")
    if found is None:
        raise ParseError("No crmd", where="/pacemaker-result")
    return _text(found, "state", "/pacemaker-result/crmd")


def parse_votes(text: str) -> dict[str, int]:
    """Read expected and total votes of ``corosync-quorumtool -s``; empty when they are not there."""
    votes = {}
    for key, label in (("expected", "Expected votes"), ("total", "Total votes")):
        found = re.search(rf"^{label}:\s+(\d+)", text, re.MULTILINE)
        if found:
            votes[key] = int(found.group(1))
    return votes if len(votes) == 2 else {}
