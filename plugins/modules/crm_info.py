#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells what a pacemaker cluster is and does."""

from __future__ import annotations

DOCUMENTATION = r"""
module: crm_info
short_description: Read the state of a pacemaker cluster
version_added: 0.1.0
description:
  - Returns nodes, resources, failures, fencing, quorum, constraints, properties and attributes as data.
  - A stopped cluster is an answer (RV(cluster_running=false)) and no failure.
extends_documentation_fragment:
  - pgha.cluster.attributes
  - pgha.cluster.attributes.info
seealso:
  - module: pgha.cluster.crm_config
author:
  - pgha.cluster contributors (@pgha)
"""

EXAMPLES = r"""
- name: Ask the cluster
  pgha.cluster.crm_info:
  register: cluster

- name: Name the servers that nobody can vouch for
  ansible.builtin.debug:
    msg: "{{ cluster.nodes | selectattr('unclean') | map(attribute='name') }}"
"""

RETURN = r"""
configured_nodes:
  description: The numbers that corosync's file on this server gives to the servers, running or not.
  returned: always
  type: dict
  sample: {n1: 1, n2: 2}
cluster_running:
  description: Whether the cluster answers on this server. Everything else is empty where it does not.
  returned: always
  type: bool
dc:
  description: Name of the server that decides, empty while there is none.
  returned: always
  type: str
with_quorum:
  description: Whether this partition has quorum.
  returned: always
  type: bool
nodes:
  description:
    - Servers, each with C(name), C(id), C(online), C(standby), C(maintenance), C(pending), C(unclean), C(shutdown),
      C(dc), C(attributes) (lasting) and C(transient) (gone with the node's next restart).
  returned: always
  type: list
  elements: dict
node_attributes:
  description: Server to its attributes, lasting and transient ones together.
  returned: always
  type: dict
promoted:
  description: Servers on which a resource is promoted.
  returned: always
  type: list
  elements: str
votes:
  description: Votes of corosync, C(expected) and C(total), the vote host's included; empty when it does not tell.
  returned: always
  type: dict
resources:
  description:
    - One entry for each instance of a primitive, with C(id), C(agent), C(parents) (group, clone), C(role)
      (V(Promoted), V(Unpromoted), V(Started), V(Stopped), …), C(nodes), C(active), C(failed), C(blocked), C(managed),
      C(orphan) and C(pending).
  returned: always
  type: list
  elements: dict
failures:
  description: Failed operations, with C(resource), C(task), C(node), C(rc), C(status), C(reason) and C(when).
  returned: always
  type: list
  elements: dict
fencing:
  description:
    - Fencing actions that the cluster remembers, the newest first, with C(action), C(target), C(status) (V(pending),
      V(failed), V(success)), C(client), C(delegate), C(reason) and C(completed).
  returned: always
  type: list
  elements: dict
unfencing:
  description: The same of what let servers back to a disk that bars them (C(fence_scsi)), which is no fencing.
  returned: always
  type: list
  elements: dict
constraints:
  description:
    - Constraints, with C(id), C(kind), C(resources), C(node), C(score) and C(leftover) (made by a move or ban
      command, and in force until it is cleared).
  returned: always
  type: list
  elements: dict
properties:
  description: The cluster's properties.
  returned: always
  type: dict
hardware:
  description: The identity of this server's hardware (DMI), in small letters; empty where there is none to read.
  returned: always
  type: str
window:
  description: Until when the cluster rests for a switchover, as it stands in the configuration; empty when it does not.
  returned: always
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.state import described, look


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    finish(module, lambda: {"changed": False, **described(look(run))})


if __name__ == "__main__":
    main()
