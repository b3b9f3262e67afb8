# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server says of its pacemaker cluster, in one shape for every situation.

This module util is private to the collection.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from shutil import which
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.hardware import hardware
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner
from ansible_collections.pgha.cluster.plugins.module_utils.corosync.parse import node_ids
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import cib, parse
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.gateway import Gateway
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.handover import window_end
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.model import Monitor

STOPPED: dict[str, Any] = {
    "cluster_running": False,
    "dc": "",
    "with_quorum": False,
    "nodes": [],
    "node_attributes": {},
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
}


def configured_nodes(place: Path = Path("/etc/corosync/corosync.conf")) -> dict[str, int]:
    """Return the numbers that corosync's file on this server gives to the servers of the cluster."""
    try:
        return node_ids(place.read_text(encoding="utf-8"))
    except OSError:
        return {}


def stopped() -> dict[str, Any]:
    """Return what there is to say where no cluster runs."""
    return {**STOPPED, "hardware": hardware(), "configured_nodes": configured_nodes()}


@dataclass(frozen=True)
class Observed:
    """A cluster that runs, by its tools' answers.

    :ivar cib: its configuration and status.
    """

    monitor: Monitor
    cib: ET.Element
    votes: dict[str, int]


def observe(gateway: Gateway) -> Observed | None:
    """Ask; nothing where no cluster runs."""
    text = gateway.monitor()
    if text is None:
        return None
    return Observed(parse.parse_monitor(text), cib.read(gateway.query_cib()), gateway.votes())


def look(run: Runner) -> Observed | None:
    """Ask; a server that nothing is installed on yet runs no cluster."""
    return observe(Gateway(run)) if which("crm_mon") else None


def described(observed: Observed | None) -> dict[str, Any]:
    """Return it as data."""
    if observed is None:
        return stopped()
    monitor, root = observed.monitor, observed.cib
    attributes = parse.parse_attributes(root)
    nodes = []
    for node in monitor.nodes:
        lasting, transient = attributes.get(node.name, ({}, {}))
        nodes.append(replace(node, attributes=lasting, transient=transient))
    return {
        "cluster_running": True,
        "dc": monitor.dc,
        "with_quorum": monitor.with_quorum,
        "nodes": [asdict(node) for node in nodes],
        "node_attributes": {node.name: {**node.attributes, **node.transient} for node in nodes},
        "promoted": sorted({name for one in monitor.resources if one.role == "Promoted" for name in one.nodes}),
        "votes": observed.votes,
        "resources": [asdict(resource) for resource in monitor.resources],
        "failures": [asdict(failure) for failure in monitor.failures],
        "fencing": [asdict(event) for event in monitor.fencing],
        "unfencing": [asdict(event) for event in monitor.unfencing],
        "constraints": [asdict(constraint) for constraint in parse.parse_constraints(root)],
        "properties": parse.parse_properties(root),
        "hardware": hardware(),
        "window": window_end(root),
        "configured_nodes": configured_nodes(),
    }
