#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a device ready to be a DRBD resource's."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drbd_device
short_description: Writes DRBD's metadata on a device that holds nothing, and refuses one that holds something
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Keeps the metadata of this resource where it is there. Otherwise creates it, once, on a device that exists, is used
    by nobody, carries no signature that C(wipefs) knows, and begins and ends with zeros.
  - Everything else is refused. O(overwrite_signature) allows exactly one type to be overwritten.
  - DRBD 8.4 does not write a resource's name into its metadata. Metadata that can be read on the configured device
    therefore counts as this resource's.
  - The resource must be configured in DRBD's files.
extends_documentation_fragment:
  - pgha.cluster.attributes
options:
  resource:
    description: Name of the resource.
    type: str
    default: pgha
  device:
    description: The backing device.
    type: path
    required: true
  overwrite_signature:
    description:
      - The type of signature that may be overwritten, as C(wipefs) names it, such as V(ext4).
      - V(unknown) stands for bytes that no tool knows. Empty for none.
    type: str
    default: ""
  state:
    description: Whether the device is prepared, or only judged.
    type: str
    choices: [checked, prepared]
    default: prepared
"""

EXAMPLES = r"""
- name: Prepare the device
  pgha.cluster.drbd_device:
    device: /dev/vg0/pgha
"""

RETURN = r"""
decision:
  description: V(keep) or V(create), and V(refuse) with O(state=checked).
  returned: success
  type: str
reason:
  description: Why, in a sentence.
  returned: success
  type: str
server:
  description:
    - What M(pgha.cluster.drbd_check) takes of this server, C(size) in bytes, C(blank) (every byte of the data area was
      read and is zero) and C(generations).
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
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.disk import Disk
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.gateway import Gateway


def _refuse(decision: Decision) -> PghaError:
    return PghaError(
        f"No metadata is written: {decision.message}",
        expected="a block device that is in nobody's use and holds nothing",
        next_step="name the right device. Where what it holds may go for good, name exactly its type as "
        "drbd_overwrite_signature (`wipefs --no-act` lists it)",
    )


def work(params: dict[str, Any], gateway: Gateway, disk: Disk, check_mode: bool) -> dict[str, Any]:
    """Look, decide, create, look again."""
    found = disk.look(gateway)
    decision = preparation(found, params["overwrite_signature"])
    checked = params["state"] == "checked"
    if decision.action is Action.REFUSE and not checked:
        raise _refuse(decision)
    create = decision.action is Action.CREATE and not checked
    blank = False
    if decision.action is Action.CREATE:
        blank = not decision.clear and disk.is_blank()
    generations = gateway.generations() if found.own else None
    if generations is not None and generations.fresh:
        end = gateway.data_end()
        blank = end is not None and disk.is_blank(end)
    if create and not check_mode:
        overwrite, make = params["overwrite_signature"], gateway.create_metadata
        prepare(disk, decision, overwrite, look=lambda: disk.look(gateway), make=make, refuse=_refuse)
        generations = gateway.generations()
    return {
        "changed": create,
        "decision": decision.action.value,
        "reason": decision.message,
        "server": {
            "size": found.size,
            "blank": blank,
            "generations": None if generations is None else generations.as_result(),
        },
        "diff": {
            "before": "".join(f"{one} on {disk.path}\n" for one in decision.clear) if create else "",
            "after": f"metadata of {gateway.name} on {disk.path}\n" if create else "",
        },
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "resource": {"type": "str", "default": "pgha"},
            "device": {"type": "path", "required": True},
            "overwrite_signature": {"type": "str", "default": ""},
            "state": {"type": "str", "choices": ["checked", "prepared"], "default": "prepared"},
        },
        supports_check_mode=True,
    )
    params = module.params
    gateway, disk = Gateway(run, params["resource"]), Disk(run, params["device"])
    finish(module, lambda: work(params, gateway, disk, module.check_mode))


if __name__ == "__main__":
    main()
