#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tells what the failover agent of a server says of the cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: agent_info
short_description: Read the state of a cluster from its failover agent
version_added: 0.1.0
description:
  - Asks the agent on this server, and returns its answer in the shape that M(pgha.cluster.crm_info) has for pacemaker.
  - An agent that is not installed or does not answer is an answer (RV(cluster_running=false)) and no failure.
extends_documentation_fragment:
  - pgha.cluster.attributes
  - pgha.cluster.attributes.info
options:
  name:
    description: Name of this server in the cluster.
    type: str
    required: true
seealso:
  - module: pgha.cluster.crm_info
author:
  - pgha.cluster contributors (@pgha)
"""

EXAMPLES = r"""
- name: Ask the agent
  pgha.cluster.agent_info:
    name: n1
  register: cluster

- name: Say why it does what it does
  ansible.builtin.debug:
    msg: "{{ cluster.decision.text }}"
"""

RETURN = r"""
cluster_running:
  description: Whether the agent answers on this server.
  returned: always
  type: bool
with_quorum:
  description: Whether this server sees the other one or the third party, and so is not the one that is cut off.
  returned: always
  type: bool
votes:
  description: This server, the other one and the third party, as C(expected) and C(total).
  returned: always
  type: dict
nodes:
  description: Both servers, each with C(name), C(online), C(maintenance) (paused), C(pending) and C(unclean) (lost).
  returned: always
  type: list
  elements: dict
node_attributes:
  description: Server to what is known of it here.
  returned: always
  type: dict
itself:
  description: This server to what it knows of itself, also where no agent answers; it counts more than another's word.
  returned: always
  type: dict
promoted:
  description: The servers that reign and take writes.
  returned: always
  type: list
  elements: str
fencing:
  description: What came of the last request to power the other server off.
  returned: always
  type: list
  elements: dict
properties:
  description: C(stonith-enabled) says whether the agent has a fence device.
  returned: always
  type: dict
hardware:
  description: The identity of this server's hardware (DMI), in small letters; empty where there is none to read.
  returned: always
  type: str
decision:
  description: The agent's last decision, with C(action), C(reason) and C(text).
  returned: always
  type: dict
dc:
  description: Always empty; there is none.
  returned: always
  type: str
resources:
  description: Always empty; there are none.
  returned: always
  type: list
  elements: dict
failures:
  description: Always empty; the decision says what is wrong.
  returned: always
  type: list
  elements: dict
unfencing:
  description: Always empty; the agent knows power switches only.
  returned: always
  type: list
  elements: dict
constraints:
  description: Always empty; there are none.
  returned: always
  type: list
  elements: dict
window:
  description: Always empty; there is none.
  returned: always
  type: str
configured_nodes:
  description: Always empty; servers have no numbers.
  returned: always
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.agent import gateway
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec={"name": {"type": "str", "required": True}}, supports_check_mode=True)
    finish(module, lambda: gateway.look(run, module.params["name"]))


if __name__ == "__main__":
    main()
