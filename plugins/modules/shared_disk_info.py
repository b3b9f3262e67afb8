#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells what a server sees of a disk that it shares with another one."""

from __future__ import annotations

DOCUMENTATION = r"""
module: shared_disk_info
short_description: Read what a server sees of a disk that another server reaches as well
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Reads from the disk itself and past the caches of this server's kernel, as the other server may have written since.
  - A disk that is not there, or cannot be read, is an answer and no failure.
extends_documentation_fragment:
  - pgha.cluster.attributes
  - pgha.cluster.attributes.info
options:
  device:
    description: The device.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Look at the disk
  pgha.cluster.shared_disk_info:
    device: /dev/disk/by-id/wwn-0x60014059c8a1c1a4
  register: found

- name: Say who has it mounted
  ansible.builtin.debug:
    var: found.server.filesystem.holder
"""

RETURN = r"""
server:
  description:
    - C(seen), and C(problem) where it is not. C(device), C(node) (what C(uname -n) says), C(size) in bytes and
      C(identity), by which the hardware tells it apart, empty where it has none.
    - C(filesystem), V(null) without ext4, with C(uuid), C(label), C(protected) (multi-mount protection) and C(holder),
      the server that has it mounted by what the disk says, or had when it lost its power.
    - C(mounted), where this server has it mounted.
    - C(shared) is always V(true).
  returned: success
  type: dict
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.shared_disk.gateway import SharedDisk


def work(disk: SharedDisk) -> dict[str, Any]:
    """Read."""
    return {"changed": False, "server": disk.look().as_result()}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec={"device": {"type": "path", "required": True}}, supports_check_mode=True)
    finish(module, lambda: work(SharedDisk(run, module.params["device"])))


if __name__ == "__main__":
    main()
