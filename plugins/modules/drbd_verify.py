#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares both servers' disks while the service goes on."""

from __future__ import annotations

DOCUMENTATION = r"""
module: drbd_verify
short_description: Compares every block of a DRBD resource with the other server's
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Starts a verification on this server, or joins one that runs, waits for its end, and says how much differs.
  - Refused unless the disks are connected, both are UpToDate, and nothing is copied between them.
  - No data is changed. DRBD marks the blocks that differ, and copies them when the disks meet the next time. Which
    server's block is the right one, it cannot know.
extends_documentation_fragment:
  - pgha.cluster.attributes
attributes:
  check_mode:
    support: partial
    details: Judges, and compares nothing, so that it never tells a change.
  diff_mode:
    support: none
    description: What is marked is a number, and no text.
  idempotent:
    support: partial
    description: Compares anew each time, unless a verification is running. What is marked already is no change.
options:
  resource:
    description: Name of the resource.
    type: str
    default: pgha
  wait:
    description: Seconds that it may take. After them this fails, and the verification goes on.
    type: int
    default: 86400
"""

EXAMPLES = r"""
- name: Compare the disks
  pgha.cluster.drbd_verify:
  register: compared

- name: Refuse to call them alike
  ansible.builtin.assert:
    that: compared.verified.bytes_out_of_sync == 0
"""

RETURN = r"""
changed:
  description: Whether more blocks are marked as different than before. Data are changed in no case.
  returned: always
  type: bool
steps:
  description: What was, or in check mode would be, done; empty where a verification was running.
  returned: success
  type: list
  elements: str
  sample: [verify]
verified:
  description:
    - C(at) (its end, in seconds since 1970), C(seconds) that it took, and C(bytes_out_of_sync), how much is marked as
      different since, in blocks of 4 KiB.
    - V(null) in check mode.
  returned: success
  type: dict
resource:
  description: The resource as M(pgha.cluster.drbd_info) tells it.
  returned: success
  type: dict
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.gateway import Gateway
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.model import Resource
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.verification import running, steps, verification

JOURNAL_SECONDS = 20
"""How long the journal may take to have what the kernel has said."""


def _told(resource: Resource | None) -> dict[str, Any]:
    return {} if resource is None else resource.as_result()


def work(params: dict[str, Any], gateway: Gateway, check_mode: bool) -> dict[str, Any]:
    """Judge, begin, wait, and read what the kernel says of it."""
    minor = gateway.minor()
    # Before the look at what runs: one that ends in between would be taken for one of before.
    before, now = gateway.verified(minor), gateway.status()
    verdict = verification(_told(now))
    if verdict.blocks:
        raise PghaError(
            "The disks are not compared: " + " ".join(reason.message for reason in verdict.reasons),
            expected="two disks that are connected, UpToDate, and not being copied",
            next_step="run the status playbook, which says what is wrong; then run this again",
        )
    planned, resource, found = steps(_told(now)), now, None
    if not check_mode:
        for step in planned:
            getattr(gateway, step)()
        resource = gateway.until(lambda one: not running(_told(one)), "verified", params["wait"])
        found = gateway.until_verified(minor, before, min(params["wait"], JOURNAL_SECONDS))
    marked = 0 if now is None else now.differing
    return {
        "changed": found is not None and found.out_of_sync > marked,
        "steps": list(planned),
        "verified": None if found is None else found.as_result(),
        "resource": _told(resource),
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "resource": {"type": "str", "default": "pgha"},
            "wait": {"type": "int", "default": 86400},
        },
        supports_check_mode=True,
    )
    gateway = Gateway(run, module.params["resource"])
    finish(module, lambda: work(module.params, gateway, module.check_mode))


if __name__ == "__main__":
    main()
