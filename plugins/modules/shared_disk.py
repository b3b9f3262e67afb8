#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the file system of a cluster on a disk that two servers reach."""

from __future__ import annotations

DOCUMENTATION = r"""
module: shared_disk
short_description: Makes a file system with multi-mount protection on a shared disk that holds nothing
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Keeps the file system that was made for this cluster. Otherwise makes one, once, on a device that exists, is used by
    nobody, carries no signature that C(wipefs) knows, and begins and ends with zeros.
  - Everything else is refused. O(overwrite_signature) allows exactly one type to be overwritten.
  - The file system is ext4 with multi-mount protection. Whoever has it mounted marks the disk every second, and a
    server that finds the mark moving does not mount it.
  - Whether the other server sees the same disk is not known here; M(pgha.cluster.shared_disk_check) judges that.
extends_documentation_fragment:
  - pgha.cluster.attributes
options:
  device:
    description: The device.
    type: path
    required: true
  cluster:
    description: Name of the cluster. The file system's label follows from it, and tells it from another cluster's.
    type: str
    required: true
  overwrite_signature:
    description:
      - The type of signature that may be overwritten, as C(wipefs) names it, such as V(ext4).
      - V(unknown) stands for bytes that no tool knows. Empty for none.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Make the file system
  pgha.cluster.shared_disk:
    device: /dev/disk/by-id/wwn-0x60014059c8a1c1a4
    cluster: orders
"""

RETURN = r"""
decision:
  description: V(keep) or V(create).
  returned: success
  type: str
reason:
  description: Why, in a sentence.
  returned: success
  type: str
server:
  description: As M(pgha.cluster.shared_disk_info) returns it.
  returned: success
  type: dict
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.block import prepare
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.device import Action, Decision, preparation
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.shared_disk.gateway import SharedDisk


def _refuse(decision: Decision) -> PghaError:
    return PghaError(
        f"No file system is made: {decision.message}",
        expected="a block device that is in nobody's use and holds nothing",
        next_step="name the right device. Where what it holds may go for good, name exactly its type as "
        "stack_drbd_overwrite_signature (`wipefs --no-act` lists it)",
    )


def work(params: dict[str, Any], disk: SharedDisk, check_mode: bool) -> dict[str, Any]:
    """Look, decide, create, look again."""
    found = disk.look()
    if not found.seen:
        raise PghaError(f"No file system is made: {found.problem}.", next_step="name the right device as pgha_disk")
    cluster, overwrite = params["cluster"], params["overwrite_signature"]
    decision = preparation(disk.for_preparation(found, cluster), overwrite)
    if decision.action is Action.REFUSE:
        raise _refuse(decision)
    create = decision.action is Action.CREATE
    if create and not check_mode:
        prepare(
            disk,
            decision,
            overwrite,
            look=lambda: disk.for_preparation(disk.look(), cluster),
            make=lambda: disk.make(cluster),
            refuse=_refuse,
        )
    return {
        "changed": create,
        "decision": decision.action.value,
        "reason": decision.message,
        "server": disk.look().as_result(),
        "diff": {
            "before": "".join(f"{one} on {disk.path}\n" for one in decision.clear) if create else "",
            "after": f"ext4 with multi-mount protection on {disk.path}\n" if create else "",
        },
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "device": {"type": "path", "required": True},
            "cluster": {"type": "str", "required": True},
            "overwrite_signature": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: work(module.params, SharedDisk(run, module.params["device"]), module.check_mode))


if __name__ == "__main__":
    main()
