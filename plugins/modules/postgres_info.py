#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a PostgreSQL server is at this moment."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgres_info
short_description: Reads what a PostgreSQL server is at this moment, running or stopped
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Asks the running server over its socket, and reads the control data of one that is stopped.
  - A server that is stopped, absent or does not answer is an answer and no failure.
  - Runs as the operating system user of PostgreSQL, so that no password is needed.
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
  data_directory:
    description: The data directory.
    type: path
    required: true
  bin_directory:
    description: Where PostgreSQL's programs of that version stand.
    type: path
    required: true
  socket_directory:
    description: The directory of the server's socket.
    type: path
    default: /var/run/postgresql
  port:
    description: The server's port.
    type: int
    default: 5432
"""

EXAMPLES = r"""
- name: Ask PostgreSQL
  pgha.cluster.postgres_info:
    data_directory: /var/lib/postgresql/15/main
    bin_directory: /usr/lib/postgresql/15/bin
  become: true
  become_user: postgres
  register: observed
"""

RETURN = r"""
postgres:
  description:
    - C(role) is C(primary), C(standby), C(stopped), C(not answering) or C(none) (no data). C(accepts_writes) tells
      whether a commit could succeed there. LSNs are texts such as C(16/B374D848), lags are in bytes and seconds.
    - C(replicas) and C(slots) are lists, on a primary. C(control) holds the control data.
  returned: always
  type: dict
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.info import observe


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "data_directory": {"type": "path", "required": True},
            "bin_directory": {"type": "path", "required": True},
            "socket_directory": {"type": "path", "default": "/var/run/postgresql"},
            "port": {"type": "int", "default": 5432},
        },
        supports_check_mode=True,
    )
    given = module.params
    finish(
        module,
        lambda: {
            "changed": False,
            "postgres": observe(
                Path(given["data_directory"]), Path(given["bin_directory"]), given["socket_directory"], given["port"]
            ),
        },
    )


if __name__ == "__main__":
    main()
