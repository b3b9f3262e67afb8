#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mend a crm_attribute that misreads a promotion score of minus infinity."""

from __future__ import annotations

DOCUMENTATION = r"""
module: crm_attribute_mend
short_description: Mends a crm_attribute that misreads the promotion score -INFINITY, where it does
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - The agent C(ocf:heartbeat:pgsql) calls C(crm_attribute -p -v -INFINITY). Some versions of the tool read the score as
    options, fail, and PostgreSQL never starts under the cluster.
  - Asks the installed tool how it reads the call. If it reads it wrongly, diverts it with C(dpkg-divert), so that
    package upgrades leave the mend alone, and puts a small wrapper in its place that rewrites this one form and
    nothing else.
  - When the real tool reads the call rightly, as after an upgrade, the wrapper and the diversion are removed.
  - A working tool stands in its place at every moment.
extends_documentation_fragment:
  - pgha.cluster.attributes
options:
  path:
    description: The tool.
    type: path
    default: /usr/sbin/crm_attribute
"""

EXAMPLES = r"""
- name: Mend crm_attribute where it needs it
  pgha.cluster.crm_attribute_mend:
"""

RETURN = r"""
real_tool:
  description: How the package's own tool reads the agent's call, C(right), C(wrong), or C(missing) without a tool.
  returned: success
  type: str
steps:
  description: What was, or in check mode would be, done.
  returned: success
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.mend import MendGateway, Reading, plan_mend


def _mend(module: AnsibleModule) -> dict[str, Any]:
    gateway = MendGateway(run, module.params["path"])
    if not gateway.installed:
        if module.check_mode:
            return {"changed": False, "real_tool": "missing", "steps": []}
        raise PghaError(f"{module.params['path']} is not installed.", next_step="install pacemaker-cli-utils")
    state = gateway.state()
    steps = plan_mend(state)
    if not module.check_mode:
        for step in steps:
            gateway.take(step)
        if plan_mend(gateway.state()) or gateway.reading() is not Reading.RIGHT:
            raise PghaError(
                "crm_attribute still misreads the promotion score -INFINITY after its mend.",
                next_step=f"look at {module.params['path']} and at `dpkg-divert --list '*crm_attribute*'`",
            )
    done = [step.value for step in steps]
    return {
        "changed": bool(steps),
        "real_tool": state.reading.value,
        "steps": done,
        "diff": {"before": "", "after": "".join(f"{line}\n" for line in done)},
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={"path": {"type": "path", "default": "/usr/sbin/crm_attribute"}},
        supports_check_mode=True,
    )
    finish(module, lambda: _mend(module))


if __name__ == "__main__":
    main()
