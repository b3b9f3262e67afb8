#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether changed settings may be loaded, and which wait for a restart."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_reload_check
short_description: Judges whether changed settings may be loaded into a running cluster
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Fails unless every database server answers, holds data, and the cluster manager runs, and for settings with which
    PostgreSQL would not start as a standby.
  - Says which settings wait for a restart. Right after a reload those are the ones that it could not put in force.
  - Changes nothing.
extends_documentation_fragment:
  - pgha.cluster.discovered
options:
  command:
    description: How a playbook is called, up to its name, for the next command.
    type: str
    default: ansible-playbook playbooks/
"""

EXAMPLES = r"""
- name: Judge whether changed settings may be loaded
  pgha.cluster.cluster_reload_check:
    servers: "{{ hostvars | pgha.cluster.discovered(groups['pgha_database'], 'pacemaker') }}"
"""

RETURN = r"""
waiting:
  description: By setting, the servers on which its new value waits for a restart.
  returned: success
  type: dict
  sample: {"max_connections": ["n1", "n2"]}
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
  description: What a reload does on each server, for a person.
  returned: success
  type: list
  elements: str
waiting_lines:
  description: What waits for a restart, and the next command, for a person.
  returned: success
  type: list
  elements: str
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.reload import reload_verdict, waiting
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.settings import refuse_lowered
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Value


def _waiting_lines(settings: Mapping[str, Sequence[str]], command: str) -> list[str]:
    if not settings:
        return ["No setting waits for a restart: all of them are in force."]
    return [
        *(f"{name} waits for a restart on {', '.join(servers)}" for name, servers in settings.items()),
        f"next: {command}rolling_restart.yml",
    ]


def _check(module: AnsibleModule) -> dict[str, Any]:
    found = module.params["servers"]
    verdict = reload_verdict(found)
    if verdict.blocks:
        said = (reason.message for reason in verdict.reasons if reason.value is not Value.SAFE)
        raise PghaError(
            "The reload is refused: " + " ".join(said),
            expected="a running cluster whose servers all answer",
            next_step="run the status playbook, which says what is wrong and what to do; deploy.yml makes a cluster "
            "and add_standby.yml adds a server to one",
        )
    refuse_lowered(found, {str(one["name"]) for one in found})
    settings = waiting(found)
    return {
        "changed": False,
        "waiting": settings,
        "lines": [reason.message for reason in verdict.reasons],
        "waiting_lines": _waiting_lines(settings, module.params["command"]),
        **verdict.as_result(),
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "servers": {"type": "list", "elements": "dict", "required": True},
            "command": {"type": "str", "default": "ansible-playbook playbooks/"},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: _check(module))


if __name__ == "__main__":
    main()
