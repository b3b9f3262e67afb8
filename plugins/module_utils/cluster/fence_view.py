# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fencing check has to know of the cluster, whoever decides there. Pure.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.cluster.advice import AGENT, PACEMAKER, Advice
from ansible_collections.pgha.cluster.plugins.module_utils.fencing.check import Target
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.model import Monitor


@dataclass(frozen=True)
class Cluster:
    """The cluster as one server sees it.

    :ivar servers: its servers.
    :ivar online: those that are members now.
    :ivar present: those that have joined for good.
    :ivar absent: those that have left.
    :ivar failed: those whose last fencing failed, with none that succeeded since.
    :ivar attributes: server to what is kept of it.
    :ivar devices: the devices that it has by name; None when it takes all that are placed on its servers.
    :ivar promoted: the servers that hold the role of the primary.
    """

    servers: frozenset[str]
    online: frozenset[str]
    present: frozenset[str]
    absent: frozenset[str]
    failed: frozenset[str]
    attributes: Mapping[str, Mapping[str, str]]
    properties: Mapping[str, str]
    devices: frozenset[str] | None
    promoted: frozenset[str]
    advice: Advice = field(default=PACEMAKER)

    def target(self, name: str, own: str) -> Target:
        """Return a server that is to be powered off from the server ``own``."""
        kept = self.attributes.get(name, {})
        return Target(
            name=name,
            configured=False,
            online=name in self.online,
            hardware=kept.get("pgha-hardware", ""),
            failed=name in self.failed,
            tested=kept.get("pgha-fence-tested", ""),
            others=frozenset({own, *self.servers} - {name}),
            forget=self.advice.forget.format(name=name),
        )

    def has(self, device: str) -> bool:
        """Tell whether the cluster would use a device."""
        return self.devices is None or device in self.devices


def of_pacemaker(
    monitor: Monitor,
    attributes: Mapping[str, tuple[Mapping[str, str], Mapping[str, str]]],
    properties: Mapping[str, str],
) -> Cluster:
    """Return the cluster as pacemaker tells it."""
    failed: dict[str, bool] = {}
    for event in monitor.fencing:
        # What is under way is left out: pacemaker tries again without end, and each try would hide the failure before.
        if event.status != "pending":
            failed.setdefault(event.target, event.status == "failed")
    return Cluster(
        servers=frozenset(node.name for node in monitor.nodes),
        online=frozenset(node.name for node in monitor.nodes if node.online and not node.unclean),
        present=frozenset(node.name for node in monitor.nodes if node.online and not node.pending),
        absent=frozenset(node.name for node in monitor.nodes if not node.online and not node.pending),
        failed=frozenset(name for name, so in failed.items() if so),
        attributes={name: lasting for name, (lasting, _transient) in attributes.items()},
        properties=properties,
        devices=frozenset(one.id for one in monitor.resources),
        promoted=frozenset(name for one in monitor.resources if one.role == "Promoted" for name in one.nodes),
    )


def of_agent(view: Mapping[str, Any]) -> Cluster:
    """Return the cluster as the failover agent tells it, in the shape of the module agent_info."""
    servers = frozenset(node["name"] for node in view["nodes"])
    online = frozenset(node["name"] for node in view["nodes"] if node["online"])
    return Cluster(
        servers=servers,
        online=online,
        present=online,
        absent=servers - online,
        failed=frozenset(event["target"] for event in view["fencing"] if event["status"] == "failed"),
        attributes=view["node_attributes"],
        properties=view["properties"],
        devices=None,
        promoted=frozenset(view["promoted"]),
        advice=AGENT,
    )
