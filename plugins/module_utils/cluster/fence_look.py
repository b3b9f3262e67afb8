# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server can say of the others' fence devices.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.agent import gateway as agent
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.fence_view import Cluster, of_agent, of_pacemaker
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner
from ansible_collections.pgha.cluster.plugins.module_utils.fencing import gateway
from ansible_collections.pgha.cluster.plugins.module_utils.fencing.check import (
    Target,
    View,
    addressed,
    combine,
    fingerprint,
    verdict,
)
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import parse
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import state as pacemaker


def _server(run: Runner, devices: list[dict[str, Any]], target: Target, cluster: Cluster) -> dict[str, Any]:
    """Ask all devices of one server."""
    views, powers, seconds = [], [], 0.0
    # A test goes through all levels until one succeeds: with several devices it does not prove a single one.
    mark = ""
    for device in sorted(devices, key=lambda one: int(one["level"])):
        params = addressed({key: str(value) for key, value in device["params"].items()}, target.name)
        mark = fingerprint(device["agent"], params) if len(devices) == 1 else ""
        asked = gateway.ask(device["agent"], params, run)
        judged = replace(target, configured=cluster.has(device["name"]))
        said = verdict(judged, asked, cluster.properties, mark, params.get("pcmk_reboot_timeout", ""))
        views.append(View(device["name"], int(device["level"]), said))
        powers.append(asked.power)
        seconds = max(seconds, asked.seconds)
    answered = next((power for power in powers if power), "")
    return {**combine(views).as_result(), "power": answered, "seconds": round(seconds, 2), "fingerprint": mark}


def by_pacemaker(observed: pacemaker.Observed | None) -> Cluster | None:
    """Return the cluster as pacemaker has just told it; nothing where it does not run."""
    if observed is None:
        return None
    attributes, properties = parse.parse_attributes(observed.cib), parse.parse_properties(observed.cib)
    return of_pacemaker(observed.monitor, attributes, properties)


def by_agent(view: Mapping[str, Any]) -> Cluster | None:
    """Return the cluster as the failover agent has just told it; nothing where it does not run."""
    return of_agent(view) if view["cluster_running"] else None


def ask(manager: str, run: Runner) -> Cluster | None:
    """Ask the one who decides, ``pacemaker`` or ``agent``; nothing where it does not run."""
    return by_agent(agent.look(run)) if manager == "agent" else by_pacemaker(pacemaker.look(run))


def look(run: Runner, devices: list[dict[str, Any]], own: str, cluster: Cluster | None) -> dict[str, Any]:
    """Ask the devices of the other servers, and compare with what the cluster says; nothing where it does not run.

    :param own: name of this server.
    """
    if cluster is None:
        return {}
    found: dict[str, Any] = {}
    for name in sorted({device["server"] for device in devices} - {own}):
        mine = [device for device in devices if device["server"] == name]
        found[name] = _server(run, mine, cluster.target(name, own), cluster)
    return found
