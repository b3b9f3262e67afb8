#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose writes may be given up when two disks have parted."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_split_brain_check
short_description: Judges whether a server may give up what it wrote in a split brain of the disks
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Fails unless the disks of both servers have parted and the victim runs no service on its own.
  - Changes nothing.
extends_documentation_fragment:
  - pgha.cluster.discovered
options:
  victim:
    description: The server that gives up what the other one never had.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Judge what n2 would lose
  pgha.cluster.cluster_split_brain_check:
    victim: n2
    servers: "{{ hostvars | pgha.cluster.discovered(groups['pgha_database'], 'drbd') }}"
"""

RETURN = r"""
needed:
  description: Whether there is a split brain.
  returned: success
  type: bool
victim:
  description: The server that was named.
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
  elements: dict
lines:
  description: What will happen, for a person.
  returned: success
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.parted import compare, resolved, victim_verdict
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError


def _check(module: AnsibleModule) -> dict[str, Any]:
    servers, victim = module.params["servers"], module.params["victim"]
    names = [str(one["name"]) for one in servers]
    if victim in names and resolved(servers):
        line = "The disks are connected and of one history: there is nothing to resolve."
        return {"changed": False, "needed": False, "victim": victim, "lines": [line], "verdict": "safe", "reasons": []}
    verdict = victim_verdict(servers, victim)
    if verdict.blocks:
        compared = compare(servers)
        raise PghaError(
            "Nothing is given up: " + " ".join(reason.message for reason in verdict.reasons),
            said=" ".join(compared.as_victim(one) for one in compared.copies).strip() or None,
            expected="two disks that are up and have parted, and a victim that runs no service on its own",
            next_step="run the status playbook, which says what is wrong; name the victim with -e pgha_victim=<server>",
        )
    return {
        "changed": False,
        "needed": True,
        "victim": victim,
        "lines": [*(reason.message for reason in verdict.reasons), f"{victim} takes the other server's data."],
        **verdict.as_result(),
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "victim": {"type": "str", "required": True},
            "servers": {"type": "list", "elements": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: _check(module))


if __name__ == "__main__":
    main()
