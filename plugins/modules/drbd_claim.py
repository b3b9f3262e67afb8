#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets a decision of a person outlive the return of the server that it was made against."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drbd_claim
short_description: Bars every other server's disk from promotion until it has caught up
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - For the server that a person has made primary while the others are lost. A lost server comes back with its own copy
    of the cluster's configuration, which may bar this one, and may win.
  - Bars the other servers as DRBD's fence handler does, and raises C(admin_epoch), by which this server's copy wins.
    The handler's counterpart takes the bar away after a resync.
  - Changes nothing while the disk is connected to the other one. DRBD itself knows then which data are newer.
extends_documentation_fragment:
  - pgha.cluster.attributes
options:
  resource:
    description: Name of the DRBD resource.
    type: str
    default: pgha
  clone:
    description: The promotable clone of it in the cluster's configuration.
    type: str
    required: true
  node:
    description: This server's name in the cluster.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Let no lost server take the service back
  pgha.cluster.drbd_claim:
    clone: disk-clone
    node: "{{ inventory_hostname }}"
"""

RETURN = r"""
barred_for:
  description: The one server whose disk may be promoted; empty when none is barred.
  returned: success
  type: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.claim import barred_for, claim
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.gateway import Gateway as Drbd
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.model import Disk
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.cib import read
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.gateway import Gateway as Pacemaker


def work(params: dict[str, Any], drbd: Drbd, pacemaker: Pacemaker, check_mode: bool) -> dict[str, Any]:
    """Look at the disk, then at the configuration, and change that in one piece."""
    resource, clone, node = params["resource"], params["clone"], params["node"]
    device = drbd.status()
    if device is None or device.disk is not Disk.UP_TO_DATE:
        state = "down" if device is None else device.disk.value
        raise PghaError(
            f"This server's disk cannot be the one that counts: it is {state}.",
            expected="a disk that is UpToDate, by itself or as somebody has vouched for it",
            next_step="run the failover playbook, which judges and vouches first",
        )
    before = pacemaker.query_cib()
    change = "" if device.connected else claim(before, resource, clone, node)
    if change and not check_mode:
        pacemaker.modify(change)
    barred = node if change else barred_for(read(before), resource, clone)
    return {
        "changed": bool(change),
        "barred_for": barred,
        "diff": {"before": "", "after": f"{change}\n" if change else ""},
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "resource": {"type": "str", "default": "pgha"},
            "clone": {"type": "str", "required": True},
            "node": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    drbd = Drbd(run, module.params["resource"])
    finish(module, lambda: work(module.params, drbd, Pacemaker(run), module.check_mode))


if __name__ == "__main__":
    main()
