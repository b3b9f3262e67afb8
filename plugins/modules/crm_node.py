#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sets the state and the attributes of a node."""

from __future__ import annotations

DOCUMENTATION = r"""
module: crm_node
short_description: Set the state and the attributes of a cluster node
version_added: 0.1.0
description:
  - Takes a server of a pacemaker cluster out of service (standby), into maintenance, or back, sets and deletes its
    attributes, and waits until the cluster has done what follows.
extends_documentation_fragment:
  - pgha.cluster.attributes
options:
  name:
    description: Name of the node.
    type: str
    required: true
  state:
    description:
      - V(standby) moves everything off the node. V(maintenance) leaves everything running, unwatched.
        V(online) undoes both.
      - V(unchanged) leaves the state as it is, for setting attributes only.
      - V(absent) lets the cluster forget the node and everything it recorded of it. Its cluster manager has to be
        stopped, and corosync must not name it any more. Attributes do not matter then.
    type: str
    choices: [online, standby, maintenance, unchanged, absent]
    default: unchanged
  attributes:
    description: Attributes to set, by name. A null deletes the attribute. Those not named here are left alone.
    type: dict
    default: {}
  lifetime:
    description: Whether the state and the attributes stay V(forever), or until the V(reboot) of the node.
    type: str
    choices: [forever, reboot]
    default: forever
  wait:
    description: Seconds to wait for the cluster to come to rest; V(0) does not wait.
    type: int
    default: 120
seealso:
  - module: pgha.cluster.crm_info
author:
  - pgha.cluster contributors (@pgha)
"""

EXAMPLES = r"""
- name: The data of n2 is proven
  pgha.cluster.crm_node:
    name: n2
    attributes: {pgha-data: ready}

- name: Forget n3, which has left
  pgha.cluster.crm_node:
    name: n3
    state: absent

- name: Move everything off n2 until it reboots
  pgha.cluster.crm_node:
    name: n2
    state: standby
    lifetime: reboot
"""

RETURN = r"""
steps:
  description: What was, or would be, set.
  returned: always
  type: list
  elements: dict
  contains:
    name: {description: The attribute, type: str}
    value: {description: "Its new value, null where it is deleted", type: str}
    lifetime: {description: V(forever) or V(reboot), type: str}
"""

from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import cib, parse, plan_node
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.gateway import Gateway

_PATIENCE = 30


def work(module: AnsibleModule, gateway: Gateway) -> dict[str, Any]:
    """Read, plan, stop if check mode, apply, read again."""
    params = module.params
    if params["state"] == "absent":
        return forget(module, gateway)
    wanted = plan_node.Wanted(params["name"], params["state"], params["attributes"], params["lifetime"])
    gateway.ready(params["wait"] or _PATIENCE)

    def plan() -> tuple[plan_node.Step, ...]:
        return plan_node.make_plan(parse.parse_attributes(cib.read(gateway.query_cib())), wanted)

    steps = plan()
    result = {
        "changed": bool(steps),
        "steps": [asdict(step) for step in steps],
        "diff": {"before": "".join(s.before_line for s in steps), "after": "".join(s.after_line for s in steps)},
    }
    if module.check_mode:
        return result
    for step in steps:
        gateway.set_attribute(wanted.node, step.name, step.value, step.lifetime)
    # Attributes reach the CIB by way of a daemon, a moment after they were set.
    gateway.wait_until(lambda: not plan(), params["wait"] or _PATIENCE, lambda: left(wanted, plan()))
    if params["wait"]:
        gateway.settle(params["wait"])
    return result


def forget(module: AnsibleModule, gateway: Gateway) -> dict[str, Any]:
    """Let the cluster forget a node, unless it does not know it."""
    name, wait = module.params["name"], module.params["wait"]
    gateway.ready(wait or _PATIENCE)

    def known() -> bool:
        return name in parse.parse_attributes(cib.read(gateway.query_cib()))

    changed = known()
    result = {"changed": changed, "steps": [], "diff": {"before": f"node {name}\n" if changed else "", "after": ""}}
    if module.check_mode or not changed:
        return result
    online = {node.name for node in parse.parse_monitor(gateway.must_monitor()).nodes if node.online}
    if name in online:
        raise PghaError(
            f"{name} is online: the cluster cannot forget a node that is a member.",
            next_step=f"on {name}: systemctl stop pacemaker corosync",
        )
    gateway.remove_node(name)
    gateway.wait_until(lambda: not known(), wait or _PATIENCE, lambda: remembered(name))
    if wait:
        gateway.settle(wait)
    return result


def remembered(name: str) -> PghaError:
    """The error for a node that comes back after it was forgotten."""
    return PghaError(
        f"The cluster still knows {name} after it was told to forget it.",
        next_step="does corosync.conf on any server still name it? Then run the playbook again",
    )


def left(wanted: plan_node.Wanted, steps: tuple[plan_node.Step, ...]) -> PghaError:
    """The error for attributes that did not arrive."""
    return PghaError(
        f"{wanted.node} still differs after its attributes were set.",
        said=", ".join(step.name for step in steps),
        next_step="see 'journalctl -u pacemaker' for who else sets them",
    )


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {
                "type": "str",
                "choices": ["online", "standby", "maintenance", "unchanged", "absent"],
                "default": "unchanged",
            },
            "attributes": {"type": "dict", "default": {}},
            "lifetime": {"type": "str", "choices": ["forever", "reboot"], "default": "forever"},
            "wait": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: work(module, Gateway(run)))


if __name__ == "__main__":
    main()
