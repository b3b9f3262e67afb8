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
    description: The server to be rebuilt. Empty for all that answer and do not follow.
    type: str
    default: ""
  how:
    description: V(cheapest) does the least that is proven to be right; V(clone) copies all in any case.
    type: str
    choices: [cheapest, clone]
    default: cheapest
  max_rate:
    description: Kilobytes a second that a copy is to take at most, from 32 to 1048576; 0 for no limit.
    type: int
    default: 0
"""

EXAMPLES = r"""
- name: Judge whether n1 may be rebuilt
  pgha.cluster.cluster_rebuild_check:
    target: n1
    servers: "{{ hostvars | pgha.cluster.discovered(groups['pgha_database'], 'pacemaker') }}"
"""

RETURN = r"""
targets:
  description: The servers to be rebuilt, one after the other.
  returned: success
  type: list
  elements: str
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
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.rebuild import (
    Server,
    chosen,
    needed,
    one_copy,
    rebuild_verdict,
    server_of,
)
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.written import NO_RATE, clone_rate
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import judge, safe


def _doing(servers: list[Server], target: str, how: str) -> str:
    differs = next((one.differs for one in servers if one.name == target), 0)
    if differs and how != "clone":
        return f"{differs} bytes of the disk of {target} differ, and are replaced by the primary's."
    if how == "clone" or needed(servers, target):
        return f"{target} becomes a standby again; what only it has is kept."
    return f"{target} follows the primary already."


def _check(module: AnsibleModule) -> dict[str, Any]:
    if clone_rate(module.params["max_rate"]) is None:
        raise PghaError(f"pgha_clone_max_rate: {module.params['max_rate']} {NO_RATE}.")
    if one_copy(module.params["servers"]):
        line = "The servers share one disk: there is no copy of it, and nothing to rebuild."
        return {"changed": False, "targets": [], "lines": [line], **judge([safe("one_disk", line)]).as_result()}
    servers = [server_of(one) for one in module.params["servers"]]
    targets = chosen(servers, module.params["target"])
    reasons = dict.fromkeys(reason for target in targets for reason in rebuild_verdict(servers, target).reasons)
    verdict = judge(reasons or [safe("none_needed", "Every server that answers is the primary or follows it.")])
    if verdict.blocks:
        raise PghaError(
            "The rebuild is refused: " + " ".join(reason.message for reason in verdict.reasons),
            expected="one server that takes writes, and another one that answers and is to be rebuilt",
            next_step="run the status playbook, which says what is wrong and what to do; then name the server with "
            "-e pgha_target=<server>",
        )
    doing = [_doing(servers, target, module.params["how"]) for target in targets]
    return {
        "changed": False,
        "targets": targets,
        "lines": [*(reason.message for reason in verdict.reasons), *doing],
        **verdict.as_result(),
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "target": {"type": "str", "default": ""},
            "how": {"type": "str", "choices": ["cheapest", "clone"], "default": "cheapest"},
            "max_rate": {"type": "int", "default": 0},
            "servers": {"type": "list", "elements": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: _check(module))


if __name__ == "__main__":
    main()
