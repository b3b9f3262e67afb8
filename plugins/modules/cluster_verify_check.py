#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the disks of a cluster may be compared."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_verify_check
short_description: Judges whether the two disks of a cluster may be compared block by block now
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Fails unless both servers say that their disks are connected and UpToDate, that nothing is copied between them, and
    one of them is Primary. A verification that runs is no failure.
  - Changes nothing.
extends_documentation_fragment:
  - pgha.cluster.discovered
"""

EXAMPLES = r"""
- name: Judge whether the disks may be compared
  pgha.cluster.cluster_verify_check:
    servers: "{{ hostvars | pgha.cluster.discovered(groups['pgha_database'], 'drbd') }}"
"""

RETURN = r"""
server:
  description: The server on which the verification begins.
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
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.verification import beginner, verification_verdict
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Value


def _check(module: AnsibleModule) -> dict[str, Any]:
    servers = module.params["servers"]
    verdict, server = verification_verdict(servers), beginner(servers)
    if verdict.blocks:
        said = (reason.message for reason in verdict.reasons if reason.value is not Value.SAFE)
        raise PghaError(
            "The verification is refused: " + " ".join(said),
            expected="one Primary and one Secondary disk, connected and UpToDate, between which nothing is copied",
            next_step="run the status playbook, which says what is wrong and what to do; then run this again",
        )
    doing = f"Every block of {server} is compared with the other disk's. Meanwhile the status says how far it is."
    return {
        "changed": False,
        "server": server,
        "lines": [*(reason.message for reason in verdict.reasons), doing],
        **verdict.as_result(),
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={"servers": {"type": "list", "elements": "dict", "required": True}},
        supports_check_mode=True,
    )
    finish(module, lambda: _check(module))


if __name__ == "__main__":
    main()
