#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server may be removed from a running cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_remove_check
short_description: Judges whether a server may be removed from a running cluster
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Fails unless the cluster has one primary and quorum, the server is another one, and all servers that stay are
    members in service, two or more of them, with a standby among them that follows.
  - A server that gives no answer may be removed when the cluster holds it for off.
  - Changes nothing.
extends_documentation_fragment:
  - pgha.cluster.discovered
  - pgha.cluster.discovered.membership
options:
  target:
    description: The server to be removed.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Judge whether n3 may be removed
  pgha.cluster.cluster_remove_check:
    target: n3
    servers: "{{ hostvars | pgha.cluster.discovered(groups['pgha_database'], 'pacemaker') }}"
    vote: v1
    fenced: [n1, n2, n3]
"""

RETURN = r"""
reached:
  description: Whether the server answers, so that it can be stopped in order.
  returned: success
  type: bool
slot:
  description: The replication slot of the server.
  returned: success
  type: str
primary:
  description: The primary.
  returned: success
  type: str
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
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.membership import Situation, remove_verdict
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.topology import slot_name
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Value


def _check(module: AnsibleModule) -> dict[str, Any]:
    now = Situation.of(module.params["servers"], module.params)
    target = module.params["target"]
    verdict = remove_verdict(now, target)
    if verdict.blocks:
        said = (reason.message for reason in verdict.reasons if reason.value is not Value.SAFE)
        raise PghaError(
            f"Nothing was changed: {target or 'no server'} is not removed. " + " ".join(said),
            expected="one primary, a standby that follows and stays, and another server that is to be removed",
            next_step="run the status playbook, which says what is wrong and what to do; then name the server with "
            "-e pgha_target=<server>",
        )
    one = now.server(target)
    return {
        "changed": False,
        "reached": bool(one and one.role),
        "slot": slot_name(target),
        "primary": next((server.name for server in now.servers if server.role == "primary"), ""),
        "lines": [
            *(reason.message for reason in verdict.reasons),
            f"{target} leaves the cluster; its data stays on it, where it is.",
        ],
        **verdict.as_result(),
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "target": {"type": "str", "required": True},
            "servers": {"type": "list", "elements": "dict", "required": True},
            "vote": {"type": "str", "default": ""},
            "fenced": {"type": "list", "elements": "str", "default": []},
            "accept_split_brain": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: _check(module))


if __name__ == "__main__":
    main()
