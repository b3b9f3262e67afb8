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
  manager:
    description: Who decides in this cluster, and so is asked and fences; V(agent) is the failover agent.
    type: str
    choices: [pacemaker, agent]
    default: pacemaker
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

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.fence_look import ask, look
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.fence_view import Cluster
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.common.wait import wait_until
from ansible_collections.pgha.cluster.plugins.module_utils.fencing import gateway

LOOK_SECONDS = 0.2


def _must_ask(manager: str) -> Cluster:
    cluster = ask(manager, run)
    if cluster is None:
        raise PghaError(
            "The cluster is not running on this server.", next_step="start it; the status playbook says how"
        )
    return cluster


def _refuse(target: str, found: dict[str, Any], cluster: Cluster, unproven: bool) -> None:
    """Refuse a test that would hit the primary, or a server that nobody has asked for."""
    if target in cluster.promoted:
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


def _test(target: str, devices: list[dict[str, Any]], manager: str, wait: float) -> None:
    if manager == "pacemaker":
        gateway.power_cycle(target, run, 120)
    else:
        gateway.power_cycle_directly([one for one in devices if one["server"] == target], run)
    gone, back = f"{target}, which was fenced, has left", f"{target}, which was fenced, is a member again"
    wait_until(lambda: target in _must_ask(manager).absent, time.monotonic() + 60, gone, LOOK_SECONDS)
    wait_until(lambda: target in _must_ask(manager).present, time.monotonic() + wait, back, LOOK_SECONDS)


def _check(module: AnsibleModule) -> dict[str, Any]:
    given = module.params
    target = given["test"]
    if target and target == given["self"]:
        raise PghaError(f"{target} cannot fence itself for a test.", next_step="run it on another server")
    devices, manager = given["devices"], given["manager"]
    found = look(run, devices, given["self"], ask(manager, run))
    if target:
        _refuse(target, found, _must_ask(manager), given["unproven"])
    if target and not module.check_mode:
        _test(target, devices, manager, given["wait"])
        found = look(run, devices, given["self"], ask(manager, run))
    return {"changed": bool(target), "fencing": found, "tested": target}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "devices": {"type": "list", "elements": "dict", "required": True},
            "self": {"type": "str", "required": True},
            "manager": {"type": "str", "choices": ["pacemaker", "agent"], "default": "pacemaker"},
            "test": {"type": "str", "default": ""},
            "unproven": {"type": "bool", "default": False},
            "wait": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: _check(module))


if __name__ == "__main__":
    main()
