#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers and management controllers of a lab, made, mended or taken away."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lab_machines
short_description: Makes the servers of a lab, or takes them away
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Runs on the machine that carries the lab, after M(pgha.cluster.lab_claim) and after image, networks and the files
    of the servers are in place.
  - With O(state=present) every server of the lab exists, has power and all its cables, is not frozen, and its
    management controller runs. What is there already is left alone.
  - With O(state=absent) containers, management controllers and their addresses are gone, also those of a half-made lab.
extends_documentation_fragment:
  - pgha.cluster.attributes
options:
  name:
    description: Name of the lab.
    type: str
    required: true
  root:
    description: The directory that holds a directory for each lab.
    type: path
    default: /var/lib/pgha-lab
  state:
    description: Whether the servers exist.
    type: str
    choices: [present, absent]
    default: present
  only:
    description:
      - With O(state=absent), the servers that are taken away from a lab that stays. It need not have them.
      - An empty list takes away all of them.
    type: list
    elements: str
    default: []
  image:
    description: The image that new servers are made of.
    type: str
  guest:
    description: The volume with what new machines boot. A lab without machines needs none.
    type: str
    default: ""
  runtime:
    description: The container runtime of new servers.
    type: str
    default: crun
  shares:
    description:
      - Weight of each new server where the machine's processors are short, from 2 to 262144.
      - A session of the machine, such as one worker of Ansible, has 1024.
    type: int
    default: 8192
"""

EXAMPLES = r"""
- name: Make and start the servers
  pgha.cluster.lab_machines:
    name: demo
    image: localhost/pgha-lab:bookworm-0123456789ab

- name: Take them away
  pgha.cluster.lab_machines:
    name: demo
    state: absent
"""

RETURN = r"""
steps:
  description: What was done, or in check mode would be done.
  returned: always
  type: list
  elements: str
  sample: [make n1, power on n1]
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner, run
from ansible_collections.pgha.cluster.plugins.module_utils.lab.gateway import Claims, LabGateway
from ansible_collections.pgha.cluster.plugins.module_utils.lab.model import Lab
from ansible_collections.pgha.cluster.plugins.module_utils.lab.plan import (
    Mould,
    Observed,
    Step,
    absent_plan,
    drop_plan,
    present_plan,
)


def steps_for(options: dict[str, Any], lab: Lab, seen: Observed) -> list[Step]:
    """Return what is to be done."""
    if options["state"] == "absent":
        return drop_plan(lab, seen, options["only"]) if options["only"] else absent_plan(lab, seen)
    return present_plan(lab, seen, Mould(options["image"], options["runtime"], options["shares"], options["guest"]))


def bring(module: AnsibleModule, runner: Runner) -> dict[str, Any]:
    """Read, plan, apply, read again."""
    options = module.params
    lab = Claims(Path(options["root"])).read(options["name"])
    if lab is None:
        if options["state"] == "present" and module.check_mode:
            return {"changed": True, "steps": ["make every server of the lab"], "diff": {"before": "", "after": ""}}
        if options["state"] == "present":
            raise PghaError(f"The lab {options['name']} is not reserved.", next_step="run lab_claim first")
        lab = Lab(options["name"], f"{options['root']}/{options['name']}", "", (), ())
    gateway = LabGateway(lab, runner)
    seen = gateway.observe()
    steps = steps_for(options, lab, seen)
    if not module.check_mode:
        gateway.remember_all(seen)
        gateway.apply_all(steps)
        left = steps_for(options, lab, gateway.observe())
        if left:
            raise PghaError(
                f"The lab {lab.name} is not as it should be: still to do is " + ", ".join(s.title for s in left) + ".",
                next_step=f"read {lab.directory}/<server>/power.log and bmc/log",
            )
    titles = [step.title for step in steps]
    return {
        "changed": bool(steps),
        "steps": titles,
        "diff": {"before": "".join(f"{title}: to do\n" for title in titles), "after": ""},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "root": {"type": "path", "default": "/var/lib/pgha-lab"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "only": {"type": "list", "elements": "str", "default": []},
            "image": {"type": "str"},
            "guest": {"type": "str", "default": ""},
            "runtime": {"type": "str", "default": "crun"},
            "shares": {"type": "int", "default": 8192},
        },
        required_if=[("state", "present", ["image"])],
        supports_check_mode=True,
    )
    finish(module, lambda: bring(module, run))


if __name__ == "__main__":
    main()
