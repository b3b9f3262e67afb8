#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One half of a switchover under pacemaker."""

from __future__ import annotations

DOCUMENTATION = r"""
module: crm_switchover
short_description: Hands the role of the primary over, or takes it
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Runs on two servers at the same time, on the primary with O(side=give) and on a standby with O(side=take). The two
    find each other, and need nobody else from then on; when the caller is lost, they finish.
  - The primary writes a checkpoint, lets the cluster rest, judges the standby anew and stops PostgreSQL in order. The
    standby promotes when it has the primary's shutdown checkpoint, takes the addresses, and lets the cluster go on.
  - Connection pools before the cluster are told to let their clients wait, right before the stop, and to go on, right
    after the addresses have moved.
  - When anything goes wrong, the cluster goes on with what is true then; it never has to be told to by hand.
extends_documentation_fragment:
  - pgha.cluster.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: none
options:
  side:
    description: Which half this is.
    type: str
    required: true
    choices: [give, take]
  primary:
    description: The server that hands over, as the cluster calls it.
    type: str
    required: true
  standby:
    description: The server that takes over, as the cluster calls it.
    type: str
    required: true
  peer_host:
    description: An address of the other server.
    type: str
    required: true
  port:
    description: The port of PostgreSQL on both servers.
    type: int
    default: 5432
  user:
    description: The role to connect to the other server with. It needs no right but to connect to C(postgres).
    type: str
    required: true
  password_file:
    description: A file in libpq's format with the password of O(user).
    type: path
    required: true
  ca_file:
    description: The certificate authority that the other server's certificate is checked with.
    type: path
    required: true
  mode:
    description: Whether the primary has to wait for the standby.
    type: str
    choices: [sync, async]
    default: sync
  data_directory:
    description: PostgreSQL's data directory.
    type: path
    required: true
  bin_directory:
    description: Where PostgreSQL's programs are.
    type: path
    required: true
  socket_directory:
    description: Where PostgreSQL's socket is.
    type: path
    default: /var/run/postgresql
  state_directory:
    description: Where the resource agent keeps its own files.
    type: path
    required: true
  resource:
    description: The resource of PostgreSQL.
    type: str
    default: postgresql
  addresses:
    description: The addresses that follow the primary.
    type: list
    elements: dict
    required: true
    suboptions:
      resource:
        description: The resource that keeps it.
        type: str
        required: true
      ip:
        description: The address.
        type: str
        required: true
      prefix:
        description: The length of its network's prefix, in bits.
        type: int
        required: true
  slots:
    description: Replication slots that the new primary keeps for the others.
    type: list
    elements: str
    default: []
  poolers:
    description:
      - Connection pools (C(pgbouncer)) whose clients are to wait while the roles are exchanged, and see no error.
        Nothing is stopped unless all of them come to rest within 5 seconds.
    type: list
    elements: dict
    default: []
    suboptions:
      host:
        description: Its address.
        type: str
        required: true
      port:
        description: Its port.
        type: int
        default: 6432
      user:
        description: One of its C(admin_users).
        type: str
        required: true
      password:
        description: The password of that user.
        type: str
        required: true
  rest:
    description: Seconds that the cluster rests at most. It goes on by itself then, whatever has become of both halves.
    type: int
    default: 90
  timeout:
    description: Seconds for the checkpoint before the stop, and again for the stop.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Hand over
  pgha.cluster.crm_switchover:
    side: "{{ 'give' if inventory_hostname == 'n1' else 'take' }}"
    primary: n1
    standby: n2
    peer_host: "{{ '10.0.1.12' if inventory_hostname == 'n1' else '10.0.1.11' }}"
    user: pgha_rewind
    password_file: /var/lib/postgresql/.pgpass
    ca_file: /etc/postgresql/17/main/pgha-ca.crt
    data_directory: /var/lib/postgresql/17/main
    bin_directory: /usr/lib/postgresql/17/bin
    state_directory: /var/lib/pgsql/tmp
    addresses:
      - {resource: write-address, ip: 10.0.0.100, prefix: 24}
"""

RETURN = r"""
phases:
  description: How long each phase took, in milliseconds, in order.
  returned: success
  type: dict
  sample: {"stop": 142, "proof": 21, "promotion": 64, "addresses": 97}
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import run
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.switchover import Terms, give, take

TEXT: dict[str, Any] = {"type": "str", "required": True}
POOLER: dict[str, Any] = {
    "host": TEXT,
    "port": {"type": "int", "default": 6432},
    "user": TEXT,
    "password": TEXT | {"no_log": True},
}


def _work(module: AnsibleModule) -> dict[str, Any]:
    terms = Terms.of(module.params)
    if module.check_mode:
        return {"changed": True, "phases": {}}
    phases = give(terms, run) if module.params["side"] == "give" else take(terms, run)
    return {"changed": True, "phases": phases}


def main() -> None:
    """Entry point."""
    path: dict[str, Any] = {"type": "path", "required": True}
    module = AnsibleModule(
        argument_spec={
            "side": {**TEXT, "choices": ["give", "take"]},
            "primary": TEXT,
            "standby": TEXT,
            "peer_host": TEXT,
            "port": {"type": "int", "default": 5432},
            "user": TEXT,
            "password_file": path | {"no_log": False},
            "ca_file": path,
            "mode": {"type": "str", "choices": ["sync", "async"], "default": "sync"},
            "data_directory": path,
            "bin_directory": path,
            "socket_directory": {"type": "path", "default": "/var/run/postgresql"},
            "state_directory": path,
            "resource": {"type": "str", "default": "postgresql"},
            "addresses": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {"resource": TEXT, "ip": TEXT, "prefix": {"type": "int", "required": True}},
            },
            "slots": {"type": "list", "elements": "str", "default": []},
            "poolers": {"type": "list", "elements": "dict", "default": [], "options": POOLER},
            "rest": {"type": "int", "default": 90},
            "timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: _work(module))


if __name__ == "__main__":
    main()
