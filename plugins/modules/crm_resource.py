#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cleans the failures of resources, and moves them on purpose."""

from __future__ import annotations

DOCUMENTATION = r"""
module: crm_resource
short_description: Clean the failures of a cluster resource, or move it
version_added: 0.1.0
description:
  - Makes a pacemaker cluster forget failures, so that it tries again where it had given up, and waits for the outcome.
  - Fails when a failure comes back.
  - Or moves a resource to another server and leaves no constraint behind. Whoever stops this module in the middle stops
    no move; the constraint that caused it ends by itself then.
extends_documentation_fragment:
  - pgha.cluster.attributes
attributes:
  idempotent:
    support: partial
    details: With O(state=refreshed) the cluster always looks again, which counts as a change.
options:
  name:
    description:
      - The primitive, group or clone. All resources if not given; needed with O(state=moved) and O(state=promoted).
    type: str
  node:
    description: Only on this node, or with O(state=moved) to it. Everywhere if not given.
    type: str
  state:
    description:
      - V(cleaned) clears failures, and changes nothing where there are none.
      - V(refreshed) forgets the whole history, so that the cluster probes what really runs. For use after the data of a
        server was replaced behind the cluster's back.
      - V(moved) lets the resource run on O(node). It fails if the cluster starts it elsewhere, or stops it.
      - V(promoted) waits until it is promoted on any server, and lets its agent look at it on this server until then.
        Nothing else is done about it, and it is no change. An agent that gives the right to be promoted after several
        looks alike would otherwise take several intervals of its monitor for them.
    type: str
    choices: [cleaned, refreshed, moved, promoted]
    default: cleaned
  wait:
    description:
      - Seconds to wait for the cluster to come to rest; V(0) does not wait, and does not see a failure come back.
    type: int
    default: 120
seealso:
  - module: pgha.cluster.crm_info
author:
  - pgha.cluster contributors (@pgha)
"""

EXAMPLES = r"""
- name: The cause is mended; try again
  pgha.cluster.crm_resource:
    name: postgresql-clone
    node: n2
    state: cleaned

- name: Let the other server do it
  pgha.cluster.crm_resource:
    name: service
    node: n2
    state: moved
"""

RETURN = r"""
failures:
  description:
    - The failures that there were, with C(resource), C(task), C(node), C(rc), C(status), C(reason) and C(when).
  returned: when O(state) is V(cleaned) or V(refreshed)
  type: list
  elements: dict
nodes:
  description: The servers that the resource was on, in whole or in part; or those that it is promoted on.
  returned: when O(state) is V(moved) or V(promoted)
  type: list
  elements: str
"""

from dataclasses import asdict
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import cib, parse, plan_node
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.gateway import Gateway
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.model import Failure

_PATIENCE = 30


def work(module: AnsibleModule, gateway: Gateway) -> dict[str, Any]:
    """Read, plan, stop if check mode, apply, read again."""
    name, node, wait = module.params["name"], module.params["node"], module.params["wait"]
    refresh = module.params["state"] == "refreshed"
    gateway.ready(wait or _PATIENCE)

    def failures() -> tuple[Failure, ...]:
        monitor = parse.parse_monitor(gateway.must_monitor())
        attributes = parse.parse_attributes(cib.read(gateway.query_cib()))
        return plan_node.failures_of(monitor, attributes, name, node)

    found = failures()
    lines = [f"{f.resource}: {f.task} failed on {f.node}: {f.reason or f.status}\n" for f in found]
    result = {
        "changed": refresh or bool(found),
        "failures": [asdict(failure) for failure in found],
        "diff": {"before": "".join(lines), "after": "refreshed\n" if refresh else ""},
    }
    if module.check_mode:
        return result
    if result["changed"]:
        gateway.clean(name, node, refresh=refresh)
    if wait:
        gateway.settle(wait)
        back = failures()
        if back:
            raise PghaError(
                "The failures were cleaned, and came back.",
                said="; ".join(f"{f.resource}: {f.task} on {f.node}: {f.reason or f.status}" for f in back),
                next_step="mend the cause first: 'journalctl -u pacemaker' on that server, and the service's own log",
            )
    return result


def move(module: AnsibleModule, gateway: Gateway) -> dict[str, Any]:
    """Move, see it there, and take back what made it move."""
    name, node, wait = module.params["name"], module.params["node"], module.params["wait"] or _PATIENCE
    gateway.ready(wait)

    def places() -> list[str]:
        return plan_node.places_of(parse.parse_monitor(gateway.must_monitor()), name, node)

    before = places()
    result = {
        "changed": before != [node],
        "nodes": before,
        "diff": {"before": f"{name}: {', '.join(before) or 'nowhere'}\n", "after": f"{name}: {node}\n"},
    }
    if not result["changed"] or module.check_mode:
        return result
    gateway.move(name, node, wait)
    try:
        gateway.settle(wait)
    finally:
        # Left behind it would bind the resource to that server in the next fault, too.
        gateway.clear(name)
    gateway.settle(wait)
    if places() != [node]:
        raise PghaError(
            f"{name} did not move to {node}: it is on {', '.join(places()) or 'no server'}.",
            next_step="run the status playbook, or see 'crm_mon -1rf', for what keeps it from there",
        )
    return result


def see_promoted(module: AnsibleModule, gateway: Gateway) -> dict[str, Any]:
    """Let the agent look until somebody is promoted."""
    name, wait = module.params["name"], module.params["wait"] or _PATIENCE

    def promoted() -> list[str]:
        monitor = parse.parse_monitor(gateway.must_monitor())
        ours = plan_node.members_of(monitor, name)
        return sorted({place for one in ours if one.role == "Promoted" for place in one.nodes})

    def looked() -> bool:
        if promoted():
            return True
        gateway.check(name)
        return False

    def nobody() -> PghaError:
        return PghaError(
            f"{name} was not promoted on any server within {wait} seconds.",
            next_step="run the status playbook: it says what keeps each server out and what to do",
        )

    if not module.check_mode:
        gateway.wait_until(looked, wait, nobody)
    return {"changed": False, "nodes": promoted()}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str"},
            "node": {"type": "str"},
            "state": {"type": "str", "choices": ["cleaned", "refreshed", "moved", "promoted"], "default": "cleaned"},
            "wait": {"type": "int", "default": 120},
        },
        required_if=[("state", "moved", ["name", "node"]), ("state", "promoted", ["name"])],
        supports_check_mode=True,
    )
    do = {"moved": move, "promoted": see_promoted}.get(module.params["state"], work)
    finish(module, lambda: do(module, Gateway(run)))


if __name__ == "__main__":
    main()
