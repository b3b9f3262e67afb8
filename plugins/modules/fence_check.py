#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether other servers can be powered off from here."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fence_check
short_description: Judges whether this server can power off the others, by asking their devices
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Asks each fence device of another server for its power state and for the identity of the hardware it belongs to, and
    compares the answers with what the cluster says. Switches no power.
  - Runs on a cluster server as root. The secrets stay in the files that the role fencing placed.
  - With O(test) it really fences one server, which must not be the primary, and waits until it is back.
extends_documentation_fragment:
  - pgha.cluster.attributes
attributes:
  check_mode:
    support: full
    details: In check mode nothing is fenced.
  diff_mode:
    support: none
  idempotent:
    support: partial
    details: Each O(test) fences again.
options:
  devices:
    description: The fact C(fencing_primitives) of the role fencing.
    type: list
    elements: dict
    required: true
  self:
    description: Name of this server.
    type: str
    required: true
  test:
    description: Name of a server to be fenced for real. Empty for none.
    type: str
    default: ""
  wait:
    description: Seconds that the fenced server may take to leave the cluster and to be back.
    type: int
    default: 600
"""

EXAMPLES = r"""
- name: Ask the fence devices
  pgha.cluster.fence_check:
    devices: "{{ fencing_primitives }}"
    self: n1
"""

RETURN = r"""
fencing:
  description: Server to C(verdict) (C(safe), C(unsafe), C(unknown)), C(reasons), C(power) and C(seconds).
  returned: success
  type: dict
tested:
  description: The server that was fenced and came back, empty when none was.
  returned: success
  type: str
"""

from shutil import which
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.fencing import gateway
from ansible_collections.pgha.cluster.plugins.module_utils.fencing.check import Target, verdict
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import cib, parse
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.gateway import Gateway
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.model import Monitor


def _targets(monitor: Monitor, attributes: dict[str, Any], names: set[str]) -> dict[str, Target]:
    agents = {one.id: one.agent for one in monitor.resources}
    online = {node.name for node in monitor.nodes if node.online and not node.unclean}
    history = {name: [event for event in monitor.fencing if event.target == name] for name in names}
    return {
        name: Target(
            name=name,
            configured=any(agent.startswith("stonith:") for agent in agents.values()),
            online=name in online,
            hardware=attributes.get(name, ({}, {}))[0].get("pgha-hardware", ""),
            # The newest event comes first.
            failed=bool(history[name]) and history[name][0].status == "failed",
        )
        for name in names
    }


def _look(devices: list[dict[str, Any]], own: str) -> dict[str, Any]:
    pacemaker = Gateway(run)
    text = pacemaker.monitor() if which("crm_mon") else None
    if text is None:
        return {}
    monitor = parse.parse_monitor(text)
    root = cib.read(pacemaker.query_cib())
    properties = parse.parse_properties(root)
    others = [device for device in devices if device["server"] != own]
    targets = _targets(monitor, parse.parse_attributes(root), {device["server"] for device in others})
    known = {one.id for one in monitor.resources}
    found: dict[str, Any] = {}
    for device in sorted(others, key=lambda one: -int(one["level"])):
        target = targets[device["server"]]
        if device["name"] not in known:
            target = Target(target.name, False, target.online, target.hardware, target.failed)
        asked = gateway.ask(device["agent"], {key: str(value) for key, value in device["params"].items()}, run)
        said = verdict(target, asked, properties).as_result()
        found[device["server"]] = {**said, "power": asked.power, "seconds": round(asked.seconds, 2)}
    return found


def _test(target: str, found: dict[str, Any], wait: float) -> None:
    pacemaker = Gateway(run)
    monitor = parse.parse_monitor(pacemaker.must_monitor())
    if any(one.role == "Promoted" and target in one.nodes for one in monitor.resources):
        raise PghaError(f"{target} is the primary and is not fenced for a test.", next_step="name a standby")
    if found.get(target, {}).get("verdict") != "safe":
        raise PghaError(f"{target} is not fenced for a test: its fencing is not safe by asking alone.")

    def member(wanted: bool) -> bool:
        nodes = parse.parse_monitor(pacemaker.must_monitor()).nodes
        return any(node.name == target and node.online is wanted and not node.pending for node in nodes)

    gateway.power_cycle(target, run, 120)
    late = PghaError(f"{target} was fenced and is not a member again within {wait:g} seconds.")
    pacemaker.wait_until(lambda: member(False), 60, lambda: PghaError(f"{target} was fenced and never left."))
    pacemaker.wait_until(lambda: member(True), wait, lambda: late)


def _check(module: AnsibleModule) -> dict[str, Any]:
    given = module.params
    found = _look(given["devices"], given["self"])
    testing = given["test"] and given["test"] != given["self"]
    if testing and not module.check_mode:
        _test(given["test"], found, given["wait"])
        found = _look(given["devices"], given["self"])
    return {"changed": bool(testing), "fencing": found, "tested": given["test"] if testing else ""}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "devices": {"type": "list", "elements": "dict", "required": True},
            "self": {"type": "str", "required": True},
            "test": {"type": "str", "default": ""},
            "wait": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: _check(module))


if __name__ == "__main__":
    main()
