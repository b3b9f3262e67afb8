#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose data the cluster goes on with."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_data_plan
short_description: Decides which server's data a cluster goes on with, and which servers get a copy
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Reads what was observed on every database server and returns one action a server.
  - Data that the cluster has recorded as proven (node attribute C(pgha-data=ready)) always wins over what the inventory
    names.
  - Refuses when the servers hold data of different clusters, when data lies where the inventory does not expect it, or
    cannot be read, where a disk is going to be mounted over it, and when another PostgreSQL has the port.
  - Refuses to start a cluster from a server when another one with the same data may have commits which that one lacks,
    and where C(ALTER SYSTEM) has set what the cluster sets.
  - Refuses settings that are lower than those which the data was written with, where PostgreSQL would start no standby
    with them (C(max_connections), C(max_worker_processes), C(max_wal_senders), C(max_prepared_transactions),
    C(max_locks_per_transaction)).
  - Changes nothing.
extends_documentation_fragment:
  - pgha.cluster.discovered
options:
  primary:
    description: The server that the cluster starts from as long as it knows no proven data.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Decide what each data directory needs
  pgha.cluster.cluster_data_plan:
    primary: n1
    servers:
      - name: n1
        postgres: "{{ hostvars['n1'].observed.postgres }}"
      - name: n2
        postgres: "{{ hostvars['n2'].observed.postgres }}"
        settings:
          max_connections: 200
"""

RETURN = r"""
actions:
  description: Server name to C(initialise), C(adopt), C(clone) or C(keep).
  returned: success
  type: dict
  sample: {"n1": "initialise", "n2": "clone"}
steps:
  description: The same with the reason of each.
  returned: success
  type: list
  elements: dict
lines:
  description: The same for a person.
  returned: success
  type: list
  elements: str
joining:
  description: The servers that a running cluster does not know yet; empty where no cluster runs.
  returned: success
  type: list
  elements: str
first:
  description: The server that holds the first data of a new cluster; empty for a cluster that knows its data.
  returned: success
  type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.data_plan import Action, data_plan, joining, observed
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.settings import refuse_lowered
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish


def _plan(module: AnsibleModule) -> dict[str, Any]:
    servers = [observed(one) for one in module.params["servers"]]
    steps = data_plan(servers, module.params["primary"])
    kept = {step.server for step in steps if step.action is not Action.CLONE}
    made = any(step.action is Action.INITIALISE for step in steps)
    refuse_lowered(module.params["servers"], kept, first=made)
    first = [step.server for step in steps if step.action in (Action.INITIALISE, Action.ADOPT)]
    return {
        "changed": False,
        "actions": {step.server: step.action.value for step in steps},
        "steps": [step.as_result() for step in steps],
        "lines": [f"{step.server}: {step.action.value} ({step.reason})" for step in steps],
        "joining": joining(module.params["servers"]),
        "first": first[0] if first else "",
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "servers": {"type": "list", "elements": "dict", "required": True},
            "primary": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: _plan(module))


if __name__ == "__main__":
    main()
