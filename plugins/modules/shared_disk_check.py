#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges whether servers see the same disk."""

from __future__ import annotations

DOCUMENTATION = r"""
module: shared_disk_check
short_description: Refuses a shared disk that is not the same one on all servers
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Compares what each server sees. Another size or another identity is another disk. The same ones prove nothing, as a
    copy may have them, and a disk of a virtual machine may have no identity at all.
  - With O(holder), which has the file system mounted at this moment, the other servers have to read that file system
    and the mark that O(holder) writes on it. That is the proof.
  - Reads nothing by itself. It judges what M(pgha.cluster.shared_disk_info) has returned.
extends_documentation_fragment:
  - pgha.cluster.attributes
  - pgha.cluster.attributes.info
options:
  servers:
    description: The servers.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the server.
        type: str
        required: true
      device:
        description: RV(pgha.cluster.shared_disk_info#module:server) of it.
        type: dict
        default: {}
  holder:
    description: The server that has the file system mounted; empty when none has.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Compare what the servers see
  pgha.cluster.shared_disk_check:
    servers: "{{ hostvars | pgha.cluster.disks(['n1', 'n2'], 'looked') }}"
    holder: n1
"""

RETURN = r"""
verdict:
  description: V(safe); everything else fails.
  returned: success
  type: str
reasons:
  description: Why, each with C(code), C(message) and C(verdict).
  returned: success
  type: list
  elements: dict
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.shared_disk.model import Look
from ansible_collections.pgha.cluster.plugins.module_utils.shared_disk.plan import same_disk


def work(params: dict[str, Any]) -> dict[str, Any]:
    """Judge."""
    looks = {str(one["name"]): Look.of(one["device"] or {}) for one in params["servers"]}
    verdict = same_disk(looks, params["holder"])
    if verdict.blocks:
        raise PghaError(
            "The shared disk is refused: " + " ".join(reason.message for reason in verdict.reasons),
            expected="one disk that all servers reach under the same name",
            next_step="see with `ls -l /dev/disk/by-id` and `lsblk --output +WWN,SERIAL` on each server which disk the "
            "name leads to, and correct pgha_disk, or what the storage shows to the server",
        )
    return {"changed": False, **verdict.as_result()}


def main() -> None:
    """Entry point."""
    server = {"name": {"type": "str", "required": True}, "device": {"type": "dict", "default": {}}}
    module = AnsibleModule(
        argument_spec={
            "servers": {"type": "list", "elements": "dict", "required": True, "options": server},
            "holder": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: work(module.params))


if __name__ == "__main__":
    main()
