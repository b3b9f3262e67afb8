#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which standby may take over from the primary on purpose."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_switchover_check
short_description: Judges whether a standby may take over from the primary on purpose
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Fails unless one server is primary and the target is a standby that can take over at once without losing anything.
  - Changes nothing.
extends_documentation_fragment:
  - pgha.cluster.discovered
  - pgha.cluster.discovered.planned
options:
  target:
    description: The server that is to become primary. Empty for the standby that is least behind.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Judge whether n2 may take over
  pgha.cluster.cluster_switchover_check:
    target: n2
    servers: "{{ hostvars | pgha.cluster.discovered(groups['pgha_database'], 'pacemaker') }}"
"""

RETURN = r"""
needed:
  description: Whether there is anything to do; not where the target is the primary already.
  returned: success
  type: bool
primary:
  description: The server that is primary now.
  returned: success
  type: str
target:
  description: The server that may take over.
  returned: success
  type: str
verdict:
  description: The value C(safe); any other fails.
  returned: success
  type: str
reasons:
  description: Each with C(code), C(message) and C(verdict).
  returned: success
  type: list
lines:
  description: What will happen and why it may, for a person.
  returned: success
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.switchover import (
    ACCEPTABLE,
    Situation,
    choose,
    refusal,
    switchover_verdict,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish


def _check(module: AnsibleModule) -> dict[str, Any]:
    now, accepted = Situation.of(module.params["servers"], module.params["mode"]), module.params["accept"]
    primary = now.primary.name if now.primary else ""
    target = module.params["target"] or choose(now)
    if target and target == primary and not now.window:
        line = f"{target} is the primary already."
        return {"changed": False, "needed": False, "primary": primary, "target": target, "lines": [line]}
    if not target:
        # Nobody was named and nobody is able: what forbids it to each of them is what a person wants to know.
        others = [server.name for server in now.servers if server.name != primary]
        raise refusal(
            "switchover", [reason for name in others for reason in switchover_verdict(now, name, accepted).reasons]
        )
    verdict = switchover_verdict(now, target, accepted)
    if verdict.blocks:
        raise refusal("switchover", verdict.reasons)
    return {
        "changed": False,
        "needed": True,
        "primary": primary,
        "target": target,
        "lines": [*(reason.message for reason in verdict.reasons), f"{target} takes over from {primary}."],
        **verdict.as_result(),
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "target": {"type": "str", "default": ""},
            "mode": {"type": "str", "choices": ["sync", "strict", "async"], "default": "sync"},
            "accept": {"type": "list", "elements": "str", "default": [], "choices": sorted(ACCEPTABLE)},
            "servers": {"type": "list", "elements": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: _check(module))


if __name__ == "__main__":
    main()
