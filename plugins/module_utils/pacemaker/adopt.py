# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changed parameters that an agent reads anew at each operation, put in force without a restart of the resource.

The cluster restarts a resource whose parameters changed, on all servers at once. For a database that is an outage, and
its agent then guards the old primary as one that did not stop in order. So the cluster rests while they are written,
and forgets what it knew of the resource: it looks anew, with the new parameters, and finds it running.

This module util is private to the collection.
"""

from __future__ import annotations

import copy
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import cib
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.gateway import Gateway
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.handover import Window
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.plan import Plan

REST_SECONDS = 90.0
"""The longest that the cluster rests, for whoever dies in the middle; it takes a few seconds."""


def _primitive(root: ET.Element | None, name: str) -> ET.Element | None:
    if root is None:
        return None
    return next((one for one in root.iter("primitive") if one.get("id") == name), None)


def _parameters(primitive: ET.Element) -> set[tuple[str, str | None]]:
    pairs = primitive.findall("./instance_attributes/nvpair")
    return {(pair.get("name", ""), pair.get("value")) for pair in pairs}


def _agent(primitive: ET.Element) -> tuple[str | None, ...]:
    return tuple(primitive.get(name) for name in ("class", "provider", "type"))


def adopted(plan: Plan, without_restart: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the resources of which only such parameters change; any other one needs its restart.

    :param without_restart: by primitive, the parameters that its agent reads anew at each operation.
    """
    found = []
    for name, allowed in without_restart.items():
        for change in plan.changes:
            before, after = _primitive(change.before, name), _primitive(change.after, name)
            if before is None or after is None or _agent(before) != _agent(after):
                continue
            differing = {parameter for parameter, _value in _parameters(before) ^ _parameters(after)}
            if differing and differing <= set(allowed):
                found.append(name)
    return found


def without(plan: Plan, resources: Sequence[str]) -> Plan:
    """Return the plan with the old parameters of these resources: what the cluster itself does because of the rest."""
    desired = copy.deepcopy(plan.desired)
    for name in resources:
        before = _primitive(cib.configuration(plan.live), name)
        after = _primitive(cib.configuration(desired), name)
        if before is None or after is None:
            continue
        for attributes in after.findall("instance_attributes"):
            after.remove(attributes)
        after[:0] = [copy.deepcopy(attributes) for attributes in before.findall("instance_attributes")]
    return replace(plan, desired=desired)


def at_rest(gateway: Gateway, run: Runner, resources: Sequence[str], write: Callable[[], None]) -> None:
    """Let the cluster rest, write, let it look anew at these resources, and let it go on."""
    window = Window(gateway, run, resources)
    window.open(REST_SECONDS)
    try:
        write()
    finally:
        window.close()
