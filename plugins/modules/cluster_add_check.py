#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server may be added to a running cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_add_check
short_description: Judges whether a server may be added to a running cluster
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Fails unless the cluster has one primary and quorum, all its servers are members in service, and the server answers,
    has a fence device where the others have one, and holds no data but this cluster's.
  - A server that is a member and follows already is no failure.
  - Changes nothing.
extends_documentation_fragment:
  - pgha.cluster.discovered
  - pgha.cluster.discovered.membership
options:
  target:
    description: The server to be added.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Judge whether n3 may be added
  pgha.cluster.cluster_add_check:
    target: n3
    servers: "{{ hostvars | pgha.cluster.discovered(groups['pgha_database'], 'pacemaker') }}"
    vote: v1
    fenced: [n1, n2, n3]
"""

RETURN = r"""
needed:
  description: False for a server that is a member and follows already.
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
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.membership import Situation, add_verdict, joined
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Value


def _check(module: AnsibleModule) -> dict[str, Any]:
    now = Situation.of(module.params["servers"], module.params)
    target = module.params["target"]
    verdict = add_verdict(now, target)
    if verdict.blocks:
        said = (reason.message for reason in verdict.reasons if reason.value is not Value.SAFE)
        raise PghaError(
            f"Nothing was changed: {target or 'no server'} is not added. " + " ".join(said),
            expected="one primary, every other server a member in service, and a server that answers, to be added",
            next_step="run the status playbook, which says what is wrong and what to do; then name the server with "
            "-e pgha_target=<server>",
        )
    needs = not joined(now, target)
    doing = [f"{target} becomes a member and a standby."] if needs else []
    return {
        "changed": False,
        "needed": needs,
        "lines": [*(reason.message for reason in verdict.reasons), *doing],
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
