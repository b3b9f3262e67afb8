#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cleans the failures of resources."""

from __future__ import annotations

DOCUMENTATION = r"""
module: crm_resource
short_description: Clean the failures of a cluster resource
version_added: 0.1.0
description:
  - Makes a pacemaker cluster forget failures, so that it tries again where it had given up, and waits for the outcome.
  - Fails when a failure comes back.
extends_documentation_fragment:
  - pgha.cluster.attributes
attributes:
  idempotent:
    support: partial
    details: With O(state=refreshed) the cluster always looks again, which counts as a change.
options:
  name:
    description: The primitive, group or clone. All resources if not given.
    type: str
  node:
    description: Only on this node. Everywhere if not given.
    type: str
  state:
    description:
      - V(cleaned) clears failures, and changes nothing where there are none.
      - V(refreshed) forgets the whole history, so that the cluster probes what really runs. For use after the data of a
        server was replaced behind the cluster's back.
    type: str
    choices: [cleaned, refreshed]
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
"""

RETURN = r"""
failures:
  description:
    - The failures that there were, with C(resource), C(task), C(node), C(rc), C(status), C(reason) and C(when).
  returned: always
  type: list
  elements: dict
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


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str"},
            "node": {"type": "str"},
            "state": {"type": "str", "choices": ["cleaned", "refreshed"], "default": "cleaned"},
            "wait": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: work(module, Gateway(run)))


if __name__ == "__main__":
    main()
