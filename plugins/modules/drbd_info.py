#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells what a server's DRBD device is and does."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drbd_info
short_description: Read the state of a DRBD resource on a server
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Returns roles, disks, the connection, a running resync or verification, and the generations of the data, for DRBD
    8.4 and 9 alike, and whether this server may become primary.
  - A server on which nothing is installed says so. That is an answer and no failure.
extends_documentation_fragment:
  - pgha.cluster.attributes
  - pgha.cluster.attributes.info
options:
  resource:
    description: Name of the resource.
    type: str
    default: pgha
"""

EXAMPLES = r"""
- name: Ask DRBD
  pgha.cluster.drbd_info:
  register: found

- name: Say whether this server may take over
  ansible.builtin.debug:
    var: found.drbd.promotion
"""

RETURN = r"""
drbd:
  description:
    - C(installed), C(module) (C(loaded) and C(available), the versions, empty when there is none), C(configured) and
      C(up) are always there.
    - "C(resource), V(null) when it is not up: C(minor), C(connection), C(replication), C(role), C(peer_role), C(disk),
      C(peer_disk), C(out_of_sync) (bytes), C(suspended), and C(progress) with C(kind), C(direction), C(percent) and
      C(seconds_left)."
    - C(generations), V(null) when the device holds no metadata.
    - C(split_brain_seen), when the kernel last found a split brain, in seconds since 1970, V(null) when it does not
      know.
    - C(verified), the last verification that came to its end, as far as the journal knows, else V(null). C(at) (seconds
      since 1970), C(seconds) that it took, and C(bytes_out_of_sync) that were marked as different then.
    - C(promotion), with C(verdict) (V(safe), V(unsafe), V(unknown)) and C(reasons).
  returned: always
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.state import look


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec={"resource": {"type": "str", "default": "pgha"}}, supports_check_mode=True)
    finish(module, lambda: {"changed": False, "drbd": look(run, module.params["resource"])})


if __name__ == "__main__":
    main()
