#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers restart PostgreSQL, in which order."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_restart_check
short_description: Works out in which order the servers of a cluster restart PostgreSQL
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Standbys first, one after the other; the primary last, after a switchover. Fails unless each of them is whole enough
    for that.
  - Changes nothing.
extends_documentation_fragment:
  - pgha.cluster.discovered
  - pgha.cluster.discovered.planned
options:
  which:
    description:
      - Servers with a setting that waits for a restart (V(pending)), those with an update of PostgreSQL's packages as
        well (V(updates)), or every server (V(all)).
    type: str
    choices: [pending, updates, all]
    default: pending
"""

EXAMPLES = r"""
- name: Work out who restarts
  pgha.cluster.cluster_restart_check:
    servers: "{{ hostvars | pgha.cluster.discovered(groups['pgha_database'], 'pacemaker') }}"
"""

RETURN = r"""
needed:
  description: Whether any server restarts.
  returned: success
  type: bool
standbys:
  description: The standbys that restart, in this order.
  returned: success
  type: list
  elements: str
primary:
  description: The primary, when it restarts, too; else empty.
  returned: success
  type: str
target:
  description: The standby that takes over from it; else empty.
  returned: success
  type: str
reasons:
  description: Each with C(code), C(message) and C(verdict).
  returned: success
  type: list
lines:
  description: What will happen, for a person.
  returned: success
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.restart import Order, restart_order
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.switchover import ACCEPTABLE, refusal
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish


def _lines(order: Order) -> list[str]:
    if not order.needed:
        return [reason.message for reason in order.verdict.reasons]
    lines = [f"{name} restarts as a standby." for name in order.standbys]
    if order.primary:
        lines += [
            f"A standby takes over from {order.primary}; {order.target}, as it looks now.",
            f"{order.primary} restarts as a standby then.",
        ]
    return lines


def _check(module: AnsibleModule) -> dict[str, Any]:
    params = module.params
    order = restart_order(params["servers"], params["mode"], params["accept"], which=params["which"])
    if order.verdict.blocks:
        raise refusal("restart", order.verdict.reasons)
    return {
        "changed": False,
        "needed": order.needed,
        "standbys": list(order.standbys),
        "primary": order.primary,
        "target": order.target,
        "reasons": order.verdict.as_result()["reasons"],
        "lines": _lines(order),
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "which": {"type": "str", "choices": ["pending", "updates", "all"], "default": "pending"},
            "mode": {"type": "str", "choices": ["sync", "strict", "async"], "default": "sync"},
            "accept": {"type": "list", "elements": "str", "default": [], "choices": sorted(ACCEPTABLE)},
            "servers": {"type": "list", "elements": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: _check(module))


if __name__ == "__main__":
    main()
