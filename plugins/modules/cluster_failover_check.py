#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a person may make a server primary."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_failover_check
short_description: Judges whether a server may be made primary that the cluster does not promote by itself
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Fails unless no other server can take a write, and the server has every acknowledged commit.
  - Changes nothing.
extends_documentation_fragment:
  - pgha.cluster.discovered
options:
  target:
    description: The server that is to become primary.
    type: str
    required: true
  accept_loss:
    description: The name of O(target) once more, by which a person accepts that commits it lacks are lost.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Judge whether n1 may become primary
  pgha.cluster.cluster_failover_check:
    target: n1
    servers: "{{ hostvars | pgha.cluster.discovered(groups['pgha_database'], 'pacemaker') }}"
"""

RETURN = r"""
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
  description: What will happen and why it may, for a person.
  returned: success
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.failover import failover_verdict, server_of
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError


def _check(module: AnsibleModule) -> dict[str, Any]:
    found, target = module.params["servers"], module.params["target"]
    quorum = any(one.get("quorum") for one in found)
    verdict = failover_verdict([server_of(one) for one in found], target, module.params["accept_loss"], quorum=quorum)
    if verdict.blocks:
        raise PghaError(
            "The failover is refused: " + " ".join(reason.message for reason in verdict.reasons),
            expected="no other server that could take a write, and a target with every acknowledged commit",
            next_step="run the status playbook, which says what is wrong and what to do. Only where the commits that "
            f"are missing are lost for good, add: -e pgha_accept_loss={target or '<server>'}",
        )
    return {
        "changed": False,
        "lines": [*(reason.message for reason in verdict.reasons), f"{target} becomes primary."],
        **verdict.as_result(),
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "target": {"type": "str", "required": True},
            "accept_loss": {"type": "str", "default": ""},
            "servers": {"type": "list", "elements": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: _check(module))


if __name__ == "__main__":
    main()
