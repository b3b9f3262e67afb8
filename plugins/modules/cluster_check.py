#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with an inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_check
short_description: Refuses an inventory that cannot become a cluster
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Runs on the controller before any server is touched, and fails with every problem at once.
  - Takes the values as they were written, of whatever type.
extends_documentation_fragment:
  - pgha.cluster.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  servers:
    description: What the filter P(pgha.cluster.servers#filter) returned.
    type: raw
    required: true
  values:
    description: The cluster-wide variables without their prefix C(pgha_).
    type: dict
    required: true
requirements:
  - netaddr on the controller
"""

EXAMPLES = r"""
- name: Check the inventory
  pgha.cluster.cluster_check:
    servers: "{{ hostvars | pgha.cluster.servers(groups['pgha_database'], groups['pgha_vote']) }}"
    values:
      stack: "{{ pgha_stack }}"
      cluster_name: "{{ pgha_cluster_name }}"
      primary: "{{ pgha_primary }}"
      networks: "{{ pgha_networks }}"
      virtual_addresses: "{{ pgha_virtual_addresses }}"
"""

RETURN = r"""
lines:
  description: What a deploy will do, for a person.
  returned: success
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.pgha.cluster.plugins.module_utils.cluster import check
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError


def _check(module: AnsibleModule) -> dict[str, Any]:
    servers, values = module.params["servers"], module.params["values"]
    found = check.problems(servers, values)
    if found:
        listing = "\n".join(f"  - {problem}" for problem in found)
        raise PghaError(
            f"The inventory has {len(found)} problem(s):\n{listing}",
            next_step="correct the inventory and run this again. No server was touched.",
        )
    for warning in check.warnings(values, servers):
        module.warn(warning)
    return {"changed": False, "lines": check.announcement(values, servers)}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "servers": {"type": "raw", "required": True},
            "values": {"type": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    if not check.HAS_NETADDR:
        module.fail_json(msg=missing_required_lib("netaddr"))
    finish(module, lambda: _check(module))


if __name__ == "__main__":
    main()
