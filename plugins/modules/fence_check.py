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
  - Asks each fence device of another server for its power state and for whose it is, and compares the answers with what
    the cluster says. Switches no power.
  - Whose a device is, is proven by the hardware identity that a management controller tells, by the name that a device
    with several plugs gives the plug, or by an earlier real test that was recorded.
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
  unproven:
    description:
      - Test also a device of which nobody can say whose it is. If it is another server's, that one is powered off, so
        do it before clients use the cluster.
    type: bool
    default: false
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
  description:
    - Server to C(verdict) (C(safe), C(unsafe), C(unknown)), C(reasons), C(power) and C(seconds), and C(fingerprint),
      which stands for the device and its parameters and is empty when there are several.
  returned: success
  type: dict
tested:
  description: The server that was fenced and came back, empty when none was.
  returned: success
  type: str
"""

from dataclasses import replace
from shutil import which
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.fencing import gateway
from ansible_collections.pgha.cluster.plugins.module_utils.fencing.check import (
    Target,
    View,
    addressed,
    combine,
    fingerprint,
    verdict,
)
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import cib, parse
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.gateway import Gateway
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.model import Monitor


def _target(name: str, monitor: Monitor, attributes: dict[str, Any], own: str) -> Target:
    lasting = attributes.get(name, ({}, {}))[0]
    # The newest event comes first. What is under way is left out: pacemaker tries again without end, and each try would
    # hide the failure before it.
    history = [event for event in monitor.fencing if event.target == name and event.status != "pending"]
    return Target(
        name=name,
        configured=False,
        online=any(node.name == name and node.online and not node.unclean for node in monitor.nodes),
        hardware=lasting.get("pgha-hardware", ""),
        failed=bool(history) and history[0].status == "failed",
        tested=lasting.get("pgha-fence-tested", ""),
        others=frozenset({own, *(node.name for node in monitor.nodes)} - {name}),
    )


def _server(
    devices: list[dict[str, Any]], target: Target, known: set[str], properties: dict[str, str]
) -> dict[str, Any]:
    """Ask all devices of one server."""
    views, powers, seconds = [], [], 0.0
    # A test goes through all levels until one succeeds: with several devices it does not prove a single one.
    mark = ""
    for device in sorted(devices, key=lambda one: int(one["level"])):
        params = addressed({key: str(value) for key, value in device["params"].items()}, target.name)
        mark = fingerprint(device["agent"], params) if len(devices) == 1 else ""
        asked = gateway.ask(device["agent"], params, run)
        judged = replace(target, configured=device["name"] in known)
        said = verdict(judged, asked, properties, mark, params.get("pcmk_reboot_timeout", ""))
        views.append(View(device["name"], int(device["level"]), said))
        powers.append(asked.power)
        seconds = max(seconds, asked.seconds)
    answered = next((power for power in powers if power), "")
    return {**combine(views).as_result(), "power": answered, "seconds": round(seconds, 2), "fingerprint": mark}


def _look(devices: list[dict[str, Any]], own: str) -> dict[str, Any]:
    pacemaker = Gateway(run)
    text = pacemaker.monitor() if which("crm_mon") else None
    if text is None:
        return {}
    monitor = parse.parse_monitor(text)
    root = cib.read(pacemaker.query_cib())
    properties, attributes = parse.parse_properties(root), parse.parse_attributes(root)
    known = {one.id for one in monitor.resources}
    found: dict[str, Any] = {}
    for name in sorted({device["server"] for device in devices} - {own}):
        mine = [device for device in devices if device["server"] == name]
        found[name] = _server(mine, _target(name, monitor, attributes, own), known, properties)
    return found


def _refuse(target: str, found: dict[str, Any], monitor: Monitor, unproven: bool) -> None:
    """Refuse a test that would hit the primary, or a server that nobody has asked for."""
    if any(one.role == "Promoted" and target in one.nodes for one in monitor.resources):
        raise PghaError(f"{target} is the primary and is not fenced for a test.", next_step="name a standby")
    if target not in found:
        raise PghaError(f"{target} is not fenced for a test: no device of it is known here.")
    open_reasons = [one for one in found[target]["reasons"] if one["verdict"] != "safe"]
    if unproven and {one["code"] for one in open_reasons} <= {"no_identity", "not_asked"}:
        return
    if open_reasons:
        raise PghaError(
            f"{target} is not fenced for a test: its fencing is {found[target]['verdict']}.",
            said="; ".join(one["message"] for one in open_reasons),
            next_step="mend that first; for a device that only cannot tell whose it is, see the option unproven",
        )


def _test(target: str, wait: float) -> None:
    pacemaker = Gateway(run)

    def member(wanted: bool) -> bool:
        nodes = parse.parse_monitor(pacemaker.must_monitor()).nodes
        return any(node.name == target and node.online is wanted and not node.pending for node in nodes)

    gateway.power_cycle(target, run, 120)
    late = PghaError(f"{target} was fenced and is not a member again within {wait:g} seconds.")
    pacemaker.wait_until(lambda: member(False), 60, lambda: PghaError(f"{target} was fenced and never left."))
    pacemaker.wait_until(lambda: member(True), wait, lambda: late)


def _check(module: AnsibleModule) -> dict[str, Any]:
    given = module.params
    target = given["test"]
    if target and target == given["self"]:
        raise PghaError(f"{target} cannot fence itself for a test.", next_step="run it on another server")
    found = _look(given["devices"], given["self"])
    if target:
        monitor = parse.parse_monitor(Gateway(run).must_monitor())
        _refuse(target, found, monitor, given["unproven"])
    if target and not module.check_mode:
        _test(target, given["wait"])
        found = _look(given["devices"], given["self"])
    return {"changed": bool(target), "fencing": found, "tested": target}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "devices": {"type": "list", "elements": "dict", "required": True},
            "self": {"type": "str", "required": True},
            "test": {"type": "str", "default": ""},
            "unproven": {"type": "bool", "default": False},
            "wait": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: _check(module))


if __name__ == "__main__":
    main()
