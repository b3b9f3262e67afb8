#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a corosync.conf in force with the least disturbance."""

from __future__ import annotations

DOCUMENTATION = r"""
module: corosync_apply
short_description: Puts a corosync configuration in force by reload where corosync can, by restart where it cannot
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Compares the configuration file with what the running corosync holds, and not with what an earlier run did. An
    interrupted run is therefore completed by the next one.
  - Reloads when every difference can be reloaded. Restarts this one server's corosync, with pacemaker around it, when a
    difference is read only at start; the module returns when the server is a member of a cluster with quorum again.
  - Refuses a difference with which old and new servers could not form one cluster, such as another transport. A rolling
    restart would cut the cluster in two halves that fence each other.
  - Restarts C(corosync-qdevice) when it is older than a file that it reads.
  - Does nothing while corosync is not running, as its start reads the file.
  - Run it with C(throttle=1) after the file is in place on every server, so that never two servers restart at once.
extends_documentation_fragment:
  - pgha.cluster.attributes
options:
  content:
    description: The text that corosync's configuration file has, or in check mode would have.
    type: str
    required: true
  key_file:
    description: The cluster's key. A key that is newer than the one in use is loaded by a reload.
    type: path
    default: /etc/corosync/authkey
  qdevice_files:
    description:
      - Files that C(corosync-qdevice) reads at its start.
      - An empty list when the cluster has no vote host.
    type: list
    elements: path
    default: []
  wait:
    description: Seconds that a restarted server may take to become a member of a cluster with quorum again.
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: Put the configuration in force, one server after another
  pgha.cluster.corosync_apply:
    content: "{{ lookup('ansible.builtin.template', 'corosync.conf.j2') }}"
  throttle: 1
"""

RETURN = r"""
effort:
  description: What the differences needed, C(none), C(reload) or C(restart).
  returned: success
  type: str
  sample: reload
changes:
  description: The settings that differed.
  returned: success
  type: list
  elements: str
  sample: ["totem.token: 1000 -> 1500"]
qdevice_restarted:
  description: Whether C(corosync-qdevice) was, or in check mode would be, restarted.
  returned: success
  type: bool
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.corosync.gateway import CorosyncGateway
from ansible_collections.pgha.cluster.plugins.module_utils.corosync.parse import parse_config
from ansible_collections.pgha.cluster.plugins.module_utils.corosync.plan import ConfigPlan, Effort, plan_config


def _refuse_split(plan: ConfigPlan) -> None:
    split = plan.needing(Effort.STOP)
    if split:
        raise PghaError(
            "These settings cannot change while any server of the cluster runs: "
            + "; ".join(str(change) for change in split),
            expected="servers with the old and the new value would form two clusters that fence each other",
            next_step="stop pacemaker and corosync on every server (`systemctl stop pacemaker corosync`, the primary "
            "last), then run the deploy playbook; it starts them with the new configuration. To move a link to other "
            "addresses without a stop, remove the link first and add it in a second run",
        )


def _apply_config(gateway: CorosyncGateway, desired: dict[str, str], plan: ConfigPlan, key: str) -> None:
    if plan.effort is Effort.RESTART:
        gateway.restart()
    else:
        gateway.reload()
        if gateway.key_is_stale(key):
            gateway.mark_key(key)
    left = plan_config(gateway.settings(), desired)
    if left.changes:
        raise PghaError(
            "corosync did not take: " + "; ".join(str(change) for change in left.changes),
            expected="no difference between the file and the running configuration",
            next_step="read the reason in `journalctl -u corosync`",
        )


def _apply(module: AnsibleModule, gateway: CorosyncGateway) -> dict[str, Any]:
    result: dict[str, Any] = {"changed": False, "effort": "none", "changes": [], "qdevice_restarted": False}
    desired = parse_config(module.params["content"])
    if not gateway.is_active("corosync"):
        return result
    plan = plan_config(gateway.settings(), desired)
    _refuse_split(plan)
    key = module.params["key_file"]
    new_key = gateway.key_is_stale(key)
    effort = max(plan.effort, Effort.RELOAD) if new_key else plan.effort
    result["effort"] = effort.name.lower()
    result["changes"] = [str(change) for change in plan.changes] + (["the key is replaced"] if new_key else [])
    if result["changes"] and not module.check_mode:
        _apply_config(gateway, desired, plan, key)
    stale: list[str] = []
    if module.params["qdevice_files"] and gateway.is_active("corosync-qdevice"):
        stale = gateway.older_than("corosync-qdevice", module.params["qdevice_files"])
    if stale and not module.check_mode:
        gateway.restart_qdevice()
    result["qdevice_restarted"] = bool(stale)
    result["changed"] = bool(result["changes"] or stale)
    newer = [f"corosync-qdevice is older than {path}" for path in stale] + (["another key"] if new_key else [])
    result["diff"] = {
        "before": "".join(f"{change.key}: {change.running}\n" for change in plan.changes) + "\n".join(newer),
        "after": "".join(f"{change.key}: {change.desired}\n" for change in plan.changes),
    }
    return result


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "content": {"type": "str", "required": True},
            "key_file": {"type": "path", "default": "/etc/corosync/authkey", "no_log": False},
            "qdevice_files": {"type": "list", "elements": "path", "default": []},
            "wait": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: _apply(module, CorosyncGateway(run, module.params["wait"])))


if __name__ == "__main__":
    main()
