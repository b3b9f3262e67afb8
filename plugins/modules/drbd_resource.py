#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a DRBD resource into a state."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drbd_resource
short_description: Brings a DRBD resource on a server into a state, and refuses what would lose data
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Reads the resource, derives the steps, does them, and waits until the resource is as it was wanted.
  - Promotes only a server whose disk is UpToDate and whose peer is connected and Secondary, or known to be outdated.
    Gives a server's data up only where it is Secondary. Both verdicts are derived anew from what the kernel says now.
extends_documentation_fragment:
  - pgha.cluster.attributes
attributes:
  idempotent:
    support: partial
    description: V(invalidated) begins anew each time, unless one is running.
options:
  resource:
    description: Name of the resource.
    type: str
    default: pgha
  state:
    description:
      - V(adjusted), a device that is up is what its file says. Nothing happens to one that is down.
      - V(up) and V(down), with its disk and looking for its peer, and neither.
      - V(connected) and V(disconnected), with its peer.
      - V(primary) and V(secondary), its role.
      - V(first_sync_skipped), two fresh and connected devices count as the same. Only for what
        M(pgha.cluster.drbd_check) allows it for.
      - V(first_sync_started), of two fresh and connected devices this server's one is copied to the other.
      - V(vouched), a disk that came back alone counts as UpToDate. Only where somebody has proven, or accepts, that no
        other server has written since. Whatever it wrote is then a split brain.
      - V(synchronized), waits until both are UpToDate.
      - V(discarding), this server lost a split brain and takes the other one's data when they meet. The survivor must
        be V(connected), too.
      - V(invalidated), all data is copied again from the other server.
      - V(repaired), blocks that M(pgha.cluster.drbd_verify) found to differ are being copied from the Primary.
    type: str
    required: true
    choices:
      - adjusted
      - up
      - down
      - connected
      - disconnected
      - primary
      - secondary
      - first_sync_skipped
      - first_sync_started
      - vouched
      - synchronized
      - discarding
      - invalidated
      - repaired
  keep_copy:
    description:
      - With O(state=discarding) a new file on this server, into which the whole backing device is copied first.
      - Empty for none.
    type: path
    default: ""
  wait:
    description: Seconds that it may take.
    type: int
    default: 240
"""

EXAMPLES = r"""
- name: Wait until both servers have the same data
  pgha.cluster.drbd_resource:
    state: synchronized
    wait: 3600

- name: Give up what this server wrote in the split brain, and keep a copy of it
  pgha.cluster.drbd_resource:
    state: discarding
    keep_copy: /var/backups/pgha-split-brain.img
"""

RETURN = r"""
steps:
  description: What was, or in check mode would be, done.
  returned: success
  type: list
  elements: str
  sample: [disconnect, connect]
resource:
  description: The resource as M(pgha.cluster.drbd_info) tells it, V(null) when it is not up.
  returned: success
  type: dict
copied_bytes:
  description: Size of the copy, 0 when none was made.
  returned: success
  type: int
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.change import STATES, Situation, reached, steps
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.disk import Disk
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.gateway import Gateway


def _look(gateway: Gateway, state: str) -> Situation:
    resource = gateway.status()
    first = state.startswith("first_sync")
    return Situation(
        resource=resource,
        generations=gateway.generations() if first else None,
        adjustments=gateway.adjustments() if resource is not None and state in ("adjusted", "up") else (),
    )


def _do(gateway: Gateway, disk: Disk | None, step: str, copy: str) -> int:
    """Do one step; return how many bytes were copied aside."""
    if step == "keep_copy":
        return (disk or Disk(run, gateway.disk_of(gateway.name))).keep_copy(copy)
    if step == "force_primary":
        gateway.primary(force=True)
    elif step == "discard":
        gateway.connect(discard=True)
    else:
        getattr(gateway, step)()
    return 0


def work(params: dict[str, Any], gateway: Gateway, disk: Disk | None, check_mode: bool) -> dict[str, Any]:
    """Read, plan, apply, wait."""
    state, copy = params["state"], params["keep_copy"] or ""
    now = _look(gateway, state)
    planned = [one for one in steps(state, now) if one != "keep_copy" or copy]
    resource, copied = now.resource, 0
    if not check_mode:
        for step in planned:
            copied += _do(gateway, disk, step, copy)
        if planned or state in ("synchronized", "connected", "invalidated"):
            resource = gateway.until(lambda one: reached(state, one), state, params["wait"])
    shown = list(now.adjustments) if planned == ["adjust"] else planned
    return {
        "changed": bool(planned),
        "steps": planned,
        "resource": None if resource is None else resource.as_result(),
        "copied_bytes": copied,
        "diff": {"before": "", "after": "".join(f"{one}\n" for one in shown)},
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "resource": {"type": "str", "default": "pgha"},
            "state": {"type": "str", "required": True, "choices": list(STATES)},
            "keep_copy": {"type": "path", "default": ""},
            "wait": {"type": "int", "default": 240},
        },
        supports_check_mode=True,
    )
    gateway = Gateway(run, module.params["resource"])
    finish(module, lambda: work(module.params, gateway, None, module.check_mode))


if __name__ == "__main__":
    main()
