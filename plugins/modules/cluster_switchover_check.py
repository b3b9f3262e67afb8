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
  - pgha.cluster.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  target:
    description: The server that is to become primary. Empty for the standby that is least behind.
    type: str
    default: ""
  mode:
    description: Whether the primary has to wait for the target.
    type: str
    choices: [sync, async]
    default: sync
  accept:
    description:
      - What a person accepts. V(long_transaction) cuts transactions that have run for more than 30 seconds,
        V(backup_running) breaks a base backup off, V(slot_left_behind) leaves replication slots of others behind.
    type: list
    elements: str
    choices: [long_transaction, backup_running, slot_left_behind]
    default: []
  servers:
    description: What the filter P(pgha.cluster.discovered#filter) returned.
    type: list
    elements: dict
    required: true
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
    choose,
    server_of,
    switchover_verdict,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Verdict


def _refused(verdict: Verdict) -> PghaError:
    forbidding = [reason for reason in verdict.reasons if reason.value.value != "safe"]
    codes = sorted({reason.code for reason in forbidding} & ACCEPTABLE)
    hint = "run the status playbook, which says what is wrong and what to do"
    if codes:
        hint = f"wait until it is over, or accept it: -e pgha_accept={','.join(codes)}"
    return PghaError(
        "The switchover is refused: " + " ".join(reason.message for reason in forbidding),
        expected="one primary, and a standby that streams from it, is a proven member and close behind",
        next_step=hint,
    )


def _check(module: AnsibleModule) -> dict[str, Any]:
    found, mode = module.params["servers"], module.params["mode"]
    servers = [server_of(one) for one in found]
    quorum = any(one.get("quorum") for one in found)
    window = next((one["window"] for one in found if one.get("window")), "")
    primary = next((server.name for server in servers if server.role == "primary"), "")
    target = module.params["target"] or choose(servers, mode, quorum=quorum, window=window)
    if target and target == primary and not window:
        line = f"{target} is the primary already."
        return {"changed": False, "needed": False, "primary": primary, "target": target, "lines": [line]}
    if not target:
        others = [server.name for server in servers if server.name != primary]
        verdicts = [
            switchover_verdict(servers, name, mode, module.params["accept"], quorum=quorum, window=window)
            for name in others
        ]
        raise _refused(Verdict(tuple(dict.fromkeys(reason for one in verdicts for reason in one.reasons))))
    verdict = switchover_verdict(servers, target, mode, module.params["accept"], quorum=quorum, window=window)
    if verdict.blocks:
        raise _refused(verdict)
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
            "mode": {"type": "str", "choices": ["sync", "async"], "default": "sync"},
            "accept": {"type": "list", "elements": "str", "default": [], "choices": sorted(ACCEPTABLE)},
            "servers": {"type": "list", "elements": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: _check(module))


if __name__ == "__main__":
    main()
