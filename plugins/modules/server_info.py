# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: server_info
short_description: Read all that a database server says of itself, at once
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Answers the questions of M(pgha.cluster.postgres_info), M(pgha.cluster.crm_info), M(pgha.cluster.agent_info),
    M(pgha.cluster.drbd_info), M(pgha.cluster.shared_disk_info) and M(pgha.cluster.fence_check) in one run. To start a
    module takes longer than to ask any of them.
  - What is not installed, or does not run, is an answer and no failure.
extends_documentation_fragment:
  - pgha.cluster.attributes
  - pgha.cluster.attributes.info
options:
  name:
    description: Name of this server in the cluster.
    type: str
    required: true
  manager:
    description: Who decides in this cluster; V(agent) is the failover agent.
    type: str
    choices: [pacemaker, agent]
    required: true
  postgres:
    description: Where PostgreSQL stands, with the options of M(pgha.cluster.postgres_info).
    type: dict
    suboptions:
      data_directory:
        description: The data directory.
        type: path
        required: true
      bin_directory:
        description: Directory of the server's programs.
        type: path
        required: true
      socket_directory:
        description: Directory of its socket.
        type: path
        default: /var/run/postgresql
      port:
        description: Its port.
        type: int
        default: 5432
      owner:
        description: The user of the operating system to ask as; empty to stay who the module is run as.
        type: str
        default: ""
  unit:
    description: In PostgreSQL's place, a unit of systemd with a file system that moves with it.
    type: dict
    suboptions:
      unit:
        description: Its name, without the ending C(.service).
        type: str
        required: true
      directory:
        description: Where the file system is mounted when it runs.
        type: path
        required: true
  drbd:
    description: Name of a DRBD resource.
    type: str
  shared_disk:
    description: A device that another server reaches as well.
    type: path
  fence_devices:
    description: The fence devices of all servers, as M(pgha.cluster.fence_check) takes them; the others' are asked.
    type: list
    elements: dict
"""

EXAMPLES = r"""
- name: Look at PostgreSQL and the cluster
  pgha.cluster.server_info:
    name: n1
    manager: pacemaker
    postgres:
      data_directory: /var/lib/postgresql/15/main
      bin_directory: /usr/lib/postgresql/15/bin
      owner: postgres
  register: found

- name: Say what it is
  ansible.builtin.debug:
    var: found.server.postgres.role
"""

RETURN = r"""
server:
  description:
    - C(crm), what M(pgha.cluster.crm_info) or M(pgha.cluster.agent_info) says.
    - C(addresses), those of this server, but for its own loopback.
    - C(postgres), what M(pgha.cluster.postgres_info) says. Of a unit C(unit), C(running), C(state) as systemd calls it,
      and C(role), V(primary) where it runs and something is mounted on its directory, V(outside the cluster) where it
      runs without, V(stopped), or V(none) where it is not installed.
    - C(disk), what M(pgha.cluster.drbd_info) or M(pgha.cluster.shared_disk_info) says; only if asked.
    - C(unheard), those of the addresses at which nothing listens on the port of a PostgreSQL that runs.
    - C(fencing), what M(pgha.cluster.fence_check) says; only if asked.
  returned: success
  type: dict
"""

import json
import os
from shutil import which
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.agent import gateway as agent
from ansible_collections.pgha.cluster.plugins.module_utils.cluster import fence_look
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.unit import PROPERTIES, service_of
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner, run
from ansible_collections.pgha.cluster.plugins.module_utils.common.unit import show
from ansible_collections.pgha.cluster.plugins.module_utils.drbd import state as drbd
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import state as pacemaker
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import info as postgres
from ansible_collections.pgha.cluster.plugins.module_utils.shared_disk.gateway import SharedDisk


def addresses(runner: Runner) -> list[str]:
    """Return the addresses of this server, but for those that only itself can reach.

    A bare server may lack the program; it is asked before a deploy installs it there.
    """
    if which("ip") is None:
        return []
    argv = ["ip", "-json", "address", "show"]
    said = runner(argv, timeout=10)
    if said.rc != 0:
        raise PghaError("The addresses of this server cannot be read.", ran=argv, said=said.stderr or said.stdout)
    links = json.loads(said.stdout or "[]")
    return [one["local"] for link in links for one in link.get("addr_info", []) if one.get("scope") != "host"]


def unheard(runner: Runner, port: int, own: list[str]) -> list[str]:
    """Return those of a server's addresses at which nothing takes connections on a port."""
    argv = ["ss", "--no-header", "--listening", "--tcp", "--numeric", f"sport = :{port}"]
    said = runner(argv, timeout=10)
    if said.rc != 0:
        raise PghaError("The sockets of this server cannot be read.", ran=argv, said=said.stderr or said.stdout)
    # Local address and port are the fourth column; an IPv6 one is in brackets, and may name its interface.
    ends = [line.split()[3].rpartition(":")[0].partition("%")[0].strip("[]") for line in said.stdout.splitlines()]
    return [one for one in own if not {one, "*", "::" if ":" in one else "0.0.0.0"} & set(ends)]


def unit(given: dict[str, Any], runner: Runner) -> dict[str, Any]:
    """Return what systemd and the kernel say of a unit and its directory."""
    shown = show(runner, f"{given['unit']}.service", PROPERTIES)
    return service_of(given["unit"], shown, mounted=os.path.ismount(given["directory"]))


def work(params: dict[str, Any], runner: Runner) -> dict[str, Any]:
    """Read."""
    name = params["name"]
    found: dict[str, Any] = {
        "postgres": postgres.look(params["postgres"]) if params["postgres"] else {},
        "addresses": addresses(runner),
    }
    if params["manager"] == "agent":
        found["crm"] = agent.look(runner, name)
        cluster = fence_look.by_agent(found["crm"])
    else:
        observed = pacemaker.look(runner)
        found["crm"], cluster = pacemaker.described(observed), fence_look.by_pacemaker(observed)
    # It answers over its socket also where it listens for no client.
    if found["postgres"].get("running") and which("ss"):
        found["unheard"] = unheard(runner, params["postgres"]["port"], found["addresses"])
    if params["unit"]:
        found["postgres"] = unit(params["unit"], runner)
    if params["drbd"]:
        found["disk"] = drbd.look(runner, params["drbd"])
    if params["shared_disk"]:
        found["disk"] = SharedDisk(runner, params["shared_disk"]).look().as_result()
    if params["fence_devices"] is not None:
        found["fencing"] = fence_look.look(runner, params["fence_devices"], name, cluster)
    return {"changed": False, "server": found}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "manager": {"type": "str", "choices": ["pacemaker", "agent"], "required": True},
            "postgres": {"type": "dict", "options": postgres.PLACE},
            "unit": {
                "type": "dict",
                "options": {
                    "unit": {"type": "str", "required": True},
                    "directory": {"type": "path", "required": True},
                },
            },
            "drbd": {"type": "str"},
            "shared_disk": {"type": "path"},
            "fence_devices": {"type": "list", "elements": "dict"},
        },
        supports_check_mode=True,
        mutually_exclusive=[["postgres", "unit"], ["drbd", "shared_disk"]],
    )
    finish(module, lambda: work(module.params, run))


if __name__ == "__main__":
    main()
