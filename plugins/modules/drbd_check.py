#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges what two servers say of their DRBD devices."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drbd_check
short_description: Compares both servers' DRBD devices, for their size, their first sync and a split brain
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Only what both servers say together tells whether their devices fit, whether their first sync may be left out, and
    whether their data went different ways.
  - Reads nothing by itself. It judges what M(pgha.cluster.drbd_device) and M(pgha.cluster.drbd_info) have returned.
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
        description: RV(pgha.cluster.drbd_device#module:server) of it.
        type: dict
        default: {}
      drbd:
        description: RV(pgha.cluster.drbd_info#module:drbd) of it.
        type: dict
        default: {}
  primary:
    description: The server whose data is copied, where a first sync is needed.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Compare the devices
  pgha.cluster.drbd_check:
    primary: n1
    servers:
      - name: n1
        device: "{{ hostvars['n1'].prepared.server }}"
      - name: n2
        device: "{{ hostvars['n2'].prepared.server }}"
"""

RETURN = r"""
sizes:
  description: Whether the devices are of one size, with C(verdict) and C(reasons).
  returned: success
  type: dict
first_sync:
  description: C(action) (V(skip), V(full), V(none)), C(primary) and C(reason).
  returned: success
  type: dict
data:
  description:
    - C(relation) (V(same), V(behind), V(split_brain), V(fresh), V(unknown)), C(behind) (the server that lacks the other
      one's writes), C(since) (seconds since 1970, V(null) when nobody knows).
    - C(servers), each with C(name), C(role), C(written_bytes) (that the other one lacks) and C(as_victim), what it
      would lose when it took the other one's data.
  returned: success
  type: dict
"""

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.model import Generations
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.plan import Pristine, first_sync, sizes
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.split_brain import Copy, report


def _pristine(server: Mapping[str, Any]) -> Pristine:
    device = server["device"] or {}
    return Pristine(
        name=server["name"],
        size=int(device.get("size") or 0),
        blank=device.get("blank") is True,
        generations=Generations.of(device.get("generations")),
    )


def _copy(server: Mapping[str, Any]) -> Copy:
    drbd = server["drbd"] or {}
    resource = drbd.get("resource") or {}
    return Copy(
        name=server["name"],
        generations=Generations.of(drbd.get("generations")),
        written=resource.get("out_of_sync"),
        role=resource.get("role") or "Unknown",
        detected=drbd.get("split_brain_seen"),
    )


def work(params: dict[str, Any]) -> dict[str, Any]:
    """Judge."""
    pristine = [_pristine(one) for one in params["servers"]]
    return {
        "changed": False,
        "sizes": sizes(pristine).as_result(),
        "first_sync": first_sync(pristine, params["primary"]).as_result(),
        "data": report([_copy(one) for one in params["servers"]]).as_result(),
    }


def main() -> None:
    """Entry point."""
    server = {
        "name": {"type": "str", "required": True},
        "device": {"type": "dict", "default": {}},
        "drbd": {"type": "dict", "default": {}},
    }
    module = AnsibleModule(
        argument_spec={
            "servers": {"type": "list", "elements": "dict", "required": True, "options": server},
            "primary": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: work(module.params))


if __name__ == "__main__":
    main()
