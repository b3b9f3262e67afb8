#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is true of a cluster now."""

from __future__ import annotations

DOCUMENTATION = r"""
module: cluster_status
short_description: Joins what each server said to what is true of the cluster
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Runs on the controller. Says who is primary, where the addresses are, how far the standby is, whether a server could
    be lost now, whether fencing is proven, what is wrong, and what to do.
  - Changes nothing, but for writing the report to O(path).
extends_documentation_fragment:
  - pgha.cluster.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  servers:
    description: What the filter P(pgha.cluster.observed#filter) returned.
    type: list
    elements: dict
    required: true
  expected:
    description:
      - The keys C(cluster), C(stack), C(mode), C(virtual) (kind to address), C(vote) (name or empty), C(fenced) (names
        of the servers that have a device), C(accept_split_brain) and C(command) (the call of ansible-playbook up to the
        playbook).
    type: dict
    required: true
  path:
    description: A file that gets the report as JSON. Empty for none.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Join
  pgha.cluster.cluster_status:
    servers: "{{ hostvars | pgha.cluster.observed(groups['pgha_database'], 'pacemaker') }}"
    expected: "{{ pgha_expected }}"
  register: status
"""

RETURN = r"""
report:
  description:
    - C(state) is C(ok), C(degraded) (writes are taken), C(waiting) (mode strict, and no standby), C(down) (nobody who
      answers takes writes), C(unknown) (nobody answers) or C(dangerous) (two take writes).
    - C(primary) is a name or null, C(redundant) tells whether a server could be lost now. C(problems), C(next) (what to
      do) and C(failures) (what the cluster remembers) are texts.
    - C(restart_pending) has, by server, the settings whose new value waits for a restart.
  returned: success
  type: dict
lines:
  description: The same for a person.
  returned: success
  type: list
  elements: str
"""

import json
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.model import Expected, Seen
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.render import lines
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.status import status
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish


def _seen(raw: dict[str, Any]) -> Seen:
    return Seen(
        name=raw["name"],
        reached=bool(raw["reached"]),
        postgres=raw["postgres"],
        crm=raw["crm"],
        fencing=raw["fencing"],
        addresses=tuple(raw["addresses"]),
        disk=raw.get("disk") or {},
        unheard=tuple(raw.get("unheard") or ()),
    )


def _expected(raw: dict[str, Any]) -> Expected:
    return Expected(
        cluster=raw["cluster"],
        stack=raw["stack"],
        mode=raw["mode"],
        virtual=raw["virtual"],
        vote=raw["vote"] or "",
        fenced=frozenset(raw["fenced"]),
        accept_split_brain=bool(raw["accept_split_brain"]),
        command=raw["command"],
    )


def _join(module: AnsibleModule) -> dict[str, Any]:
    expected = _expected(module.params["expected"])
    report = status([_seen(one) for one in module.params["servers"]], expected)
    if module.params["path"]:
        Path(module.params["path"]).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    names = ["status", "fence_check"]
    names += ["switchover"] if report["state"] == "ok" else []
    names += ["rolling_restart"] if report["restart_pending"] else []
    return {"changed": False, "report": report, "lines": lines(report, [f"{expected.command}{x}.yml" for x in names])}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "servers": {"type": "list", "elements": "dict", "required": True},
            "expected": {"type": "dict", "required": True},
            "path": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: _join(module))


if __name__ == "__main__":
    main()
