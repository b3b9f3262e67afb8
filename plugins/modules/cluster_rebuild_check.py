#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server may be made a standby again."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_rebuild_check
short_description: Judges whether a server may be made a standby of the current primary again
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Fails unless exactly one server takes writes, and it is not the one to be rebuilt.
  - Changes nothing.
extends_documentation_fragment:
  - pgha.cluster.discovered
options:
  target:
    description: The server to be rebuilt.
    type: str
    required: true
  how:
    description: V(cheapest) does the least that is proven to be right; V(clone) copies all in any case.
    type: str
    choices: [cheapest, clone]
    default: cheapest
"""

EXAMPLES = r"""
- name: Judge whether n1 may be rebuilt
  pgha.cluster.cluster_rebuild_check:
    target: n1
    servers: "{{ hostvars | pgha.cluster.discovered(groups['pgha_database'], 'pacemaker') }}"
"""

RETURN = r"""
needed:
  description: False for a server that follows the primary already.
  returned: success
  type: bool
verdict:
  description: The value C(safe); any other fails.
  returned: always
  type: str
reasons:
  description: Each with C(code), C(message) and C(verdict).
  returned: always
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
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.rebuild import needed, rebuild_verdict, server_of
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError


def _check(module: AnsibleModule) -> dict[str, Any]:
    servers = [server_of(one) for one in module.params["servers"]]
    target = module.params["target"]
    verdict = rebuild_verdict(servers, target)
    if verdict.blocks:
        raise PghaError(
            "The rebuild is refused: " + " ".join(reason.message for reason in verdict.reasons),
            expected="one server that takes writes, and another one that answers and is to be rebuilt",
            next_step="run the status playbook, which says what is wrong and what to do; then name the server with "
            "-e pgha_target=<server>",
        )
    needs = module.params["how"] == "clone" or needed(servers, target)
    doing = "becomes a standby again; what only it has is kept" if needs else "follows the primary already"
    return {
        "changed": False,
        "needed": needs,
        "lines": [*(reason.message for reason in verdict.reasons), f"{target} {doing}."],
        **verdict.as_result(),
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "target": {"type": "str", "required": True},
            "how": {"type": "str", "choices": ["cheapest", "clone"], "default": "cheapest"},
            "servers": {"type": "list", "elements": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: _check(module))


if __name__ == "__main__":
    main()
