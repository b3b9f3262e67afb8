#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record whose data a cluster goes on with."""

from __future__ import annotations

DOCUMENTATION = r"""
module: crm_claim
short_description: Record whose data a cluster goes on with, as a person has decided
version_added: 0.1.0
description:
  - Records for the resource agent C(ocf:heartbeat:pgsql) that one server has the last commits (C(LATEST)) and every
    other one has not (C(DISCONNECT)), and that its data is proven (C(pgha-data)), all in one step.
  - The cluster's configuration gets a higher C(admin_epoch). A server that comes back with a copy of its own, in which
    its own data counts, does not win with it, however many changes it has counted.
  - Decides nothing. Whether the server may go on is what M(pgha.cluster.cluster_failover_check) judges.
notes:
  - Needs C(cibadmin), and a cluster that runs here.
options:
  resource:
    description: The primitive that is PostgreSQL.
    type: str
    default: postgresql
  node:
    description: The name in the cluster of the server whose data counts.
    type: str
    required: true
attributes:
  check_mode:
    description: Says what would be recorded.
    support: full
  diff_mode:
    description: Shows the change as the cluster is given it.
    support: full
seealso:
  - module: pgha.cluster.cluster_failover_check
author:
  - pgha.cluster contributors (@pgha)
"""

EXAMPLES = r"""
- name: Go on with the data of this server
  pgha.cluster.crm_claim:
    node: "{{ inventory_hostname }}"
"""

RETURN = r"""
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.claim import claim
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.gateway import Gateway


def work(params: dict[str, Any], gateway: Gateway, check_mode: bool) -> dict[str, Any]:
    """Look, and record in one piece."""
    change = claim(gateway.query_cib(), params["resource"], params["node"])
    if change and not check_mode:
        gateway.modify(change)
    return {"changed": bool(change), "diff": {"before": "", "after": f"{change}\n" if change else ""}}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "resource": {"type": "str", "default": "postgresql"},
            "node": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: work(module.params, Gateway(run), module.check_mode))


if __name__ == "__main__":
    main()
