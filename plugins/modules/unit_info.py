#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a unit of systemd is at this moment, on a server of a cluster that moves it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: unit_info
short_description: Reads whether a unit of systemd runs, and has its directory
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - For a cluster that runs a unit in PostgreSQL's place, with a file system that moves with it.
  - A unit that is not installed, or does not run, is an answer and no failure.
extends_documentation_fragment:
  - pgha.cluster.attributes
  - pgha.cluster.attributes.info
options:
  unit:
    description: Name of the unit, without its ending C(.service).
    type: str
    required: true
  directory:
    description: Where the file system is mounted when the unit runs.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Look at the web server
  pgha.cluster.unit_info:
    unit: nginx
    directory: /srv/www
  register: found
"""

RETURN = r"""
service:
  description:
    - C(role) is V(primary) where the unit runs and something is mounted on its directory, V(outside the cluster) where
      it runs without, V(stopped), or V(none) where it is not installed.
    - C(unit), C(running), and C(state) as systemd calls it.
  returned: success
  type: dict
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.unit import PROPERTIES, service_of
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner, run
from ansible_collections.pgha.cluster.plugins.module_utils.common.unit import show


def work(params: dict[str, Any], runner: Runner) -> dict[str, Any]:
    """Read."""
    unit = params["unit"]
    shown = show(runner, f"{unit}.service", PROPERTIES)
    mounted = os.path.ismount(params["directory"])
    return {"changed": False, "service": service_of(unit, shown, mounted=mounted)}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={"unit": {"type": "str", "required": True}, "directory": {"type": "path", "required": True}},
        supports_check_mode=True,
    )
    finish(module, lambda: work(module.params, run))


if __name__ == "__main__":
    main()
