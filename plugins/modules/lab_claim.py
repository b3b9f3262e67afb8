#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Name, subnets and settings of a lab, checked and reserved."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lab_claim
short_description: Checks that a lab can be made on this machine and reserves its name and subnets
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Runs on the machine that carries the lab.
  - Refuses, before anything is made, when the machine cannot carry the lab or when name, addresses or subnets are
    wrong or taken. All problems are named at once.
  - Records the lab in its directory, so that another lab made at the same time cannot take the same subnets.
extends_documentation_fragment:
  - pgha.cluster.attributes
options:
  name:
    description: Name of the lab. Up to 11 lower-case letters and digits, a letter first.
    type: str
    required: true
  root:
    description: The directory that holds a directory for each lab.
    type: path
    default: /var/lib/pgha-lab
  release:
    description: Debian release of the servers.
    type: str
    required: true
  networks:
    description: Network name to IPv4 subnet. The order gives the names of the servers' interfaces, C(eth0) first.
    type: dict
    required: true
  servers:
    description: The servers of the lab.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the server, which becomes its host name.
        type: str
        required: true
      addresses:
        description: Network name to address.
        type: dict
        required: true
      bmc_address:
        description: Where the server's management controller listens; an address of the network C(management).
        type: str
        required: true
      bmc_port:
        description: The port it listens on.
        type: int
        default: 623
      bmc_username:
        description: The name that logs in there.
        type: str
        default: admin
      kind:
        description:
          - C(container) boots systemd with this machine's kernel. C(machine) has a kernel of its own, with memory and
            disks, for what a container cannot have, such as DRBD.
        type: str
        default: container
      memory:
        description: Memory of a machine in MiB.
        type: int
        default: 1024
      disks:
        description: Disks of a machine, beside the one that it boots from, in the order of their devices.
        type: list
        elements: dict
        default: []
        suboptions:
          name:
            description: Its name, by which it is found below C(/dev/disk/by-id) after C(lab-).
            type: str
            required: true
          megabytes:
            description: Its size in MiB. A disk that another server serves has the size that it has there.
            type: int
            default: 0
          shared:
            description: Whether all servers that have a disk of this name have the same one.
            type: bool
            default: false
          server:
            description:
              - The machine that has this disk and serves it over iSCSI, in the network C(replication).
              - Empty for a disk that is built in.
            type: str
            default: ""
  drop:
    description: Servers that a lab that exists may lose. It may always get more.
    type: list
    elements: str
    default: []
  space:
    description: Free space in MiB that a new lab needs on the file system of C(/var/lib).
    type: int
    default: 4096
"""

EXAMPLES = r"""
- name: Reserve the lab
  pgha.cluster.lab_claim:
    name: demo
    release: bookworm
    networks: {public: 10.78.0.0/24, management: 10.78.2.0/24}
    servers:
      - name: n1
        addresses: {public: 10.78.0.11, management: 10.78.2.11}
        bmc_address: 10.78.2.111
"""

RETURN = r"""
lab:
  description: The lab with everything that follows from its settings.
  returned: always
  type: dict
  sample: {name: demo, directory: /var/lib/pgha-lab/demo, bmc_interface: bmc-demo}
runtime:
  description: The container runtime that works on this machine.
  returned: always
  type: str
  sample: runc
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.lab import plan
from ansible_collections.pgha.cluster.plugins.module_utils.lab.gateway import Claims, Machine
from ansible_collections.pgha.cluster.plugins.module_utils.lab.model import Lab, wanted_lab

DISK = {
    "name": {"type": "str", "required": True},
    "megabytes": {"type": "int", "default": 0},
    "shared": {"type": "bool", "default": False},
    "server": {"type": "str", "default": ""},
}
ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "root": {"type": "path", "default": "/var/lib/pgha-lab"},
    "release": {"type": "str", "required": True},
    "networks": {"type": "dict", "required": True},
    "servers": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "addresses": {"type": "dict", "required": True},
            "bmc_address": {"type": "str", "required": True},
            "bmc_port": {"type": "int", "default": 623},
            "bmc_username": {"type": "str", "default": "admin"},
            "kind": {"type": "str", "default": "container"},
            "memory": {"type": "int", "default": 1024},
            "disks": {"type": "list", "elements": "dict", "default": [], "options": DISK},
        },
    },
    "drop": {"type": "list", "elements": "str", "default": []},
    "space": {"type": "int", "default": 4096},
}


def refuse(lab: str, problems: list[str]) -> None:
    """Raise when there are problems."""
    if problems:
        raise PghaError(
            f"The lab {lab} cannot be made: " + "; ".join(problems) + ".",
            next_step="nothing was changed; mend this and run it again",
        )


def machine_problems(machine: Machine, lab: Lab, recorded: Lab | None, space: int) -> list[str]:
    """Say why this machine cannot carry the lab."""
    if not machine.is_root():
        return ["only root can make containers with their own networks: run this as root"]
    problems = []
    if not machine.makes_namespaces():
        problems.append("this machine gives no network namespaces, without which podman runs no servers")
    if any(server.is_machine for server in lab.servers) and not machine.makes_taps():
        problems.append("this machine has no /dev/net/tun, without which servers with their own kernel get no network")
    free = machine.free_mebibytes("/var/lib/containers")
    if recorded is None and free < space:
        problems.append(f"{free} MiB are free in /var/lib/containers, a lab needs {space} MiB")
    return problems


def claim(module: AnsibleModule, machine: Machine) -> dict[str, Any]:
    """Check, and record unless it is recorded."""
    options = module.params
    claims = Claims(Path(options["root"]))
    directory = f"{options['root']}/{options['name']}"
    lab = wanted_lab(options["name"], directory, options["release"], options["networks"], options["servers"])
    refuse(lab.name, plan.lab_problems(lab))
    recorded = claims.read(lab.name)
    refuse(lab.name, machine_problems(machine, lab, recorded, options["space"]))
    if module.check_mode:
        changed = _claim(claims, machine, lab, options["drop"], write=False)
    else:
        with claims.lock():
            changed = _claim(claims, machine, lab, options["drop"], write=True)
    return {"changed": changed, "lab": lab.as_result(), "runtime": machine.runtime()}


def _claim(claims: Claims, machine: Machine, lab: Lab, drop: Sequence[str], *, write: bool) -> bool:
    recorded = claims.read(lab.name)
    if recorded is not None:
        different = plan.differences(recorded, lab, drop)
        if different:
            raise PghaError(
                f"The lab {lab.name} exists with other settings: {'; '.join(different)}.",
                next_step=f"remove it first (lab_state=absent, lab_name={lab.name}); its servers' data goes with it",
            )
        if recorded.servers == lab.servers:
            return False
        if write:
            claims.write(lab)
        return True
    others = [other for other in claims.all() if other.name != lab.name]
    refuse(lab.name, plan.collisions(lab, others, machine.routes(), machine.podman_networks()))
    if write:
        claims.write(lab)
    return True


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    finish(module, lambda: claim(module, Machine(run)))


if __name__ == "__main__":
    main()
