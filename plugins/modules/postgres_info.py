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
  - pgha.cluster.attributes.info
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
  owner:
    description:
      - Who to connect as, both to the operating system and in PostgreSQL, when this runs as C(root). A server on which
        nothing is installed yet has no such user, and need not have one. Empty to connect as whoever runs this.
    type: str
    default: ""
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
  description: The server. What cannot be known in its present state is V(null).
  returned: always
  type: dict
  contains:
    running:
      description: Whether a PostgreSQL process serves the data directory.
      type: bool
    role:
      description: V(primary), V(standby), V(stopped), V(not answering) or, without data, V(none).
      type: str
    accepts_writes:
      description: Whether a write could succeed there.
      type: bool
    in_recovery:
      description: Whether it replays WAL of another server.
      type: bool
    system_identifier:
      description: The cluster that the data belongs to.
      type: str
    version:
      description: PostgreSQL's major version.
      type: int
    timeline:
      description: The timeline that it writes or replays.
      type: int
    lsn:
      description: How far it has written as a primary, received as a standby, or is known to have come when stopped.
      type: str
      sample: 16/B374D848
    receive_lsn:
      description: On a standby, how far it has received.
      type: str
    replay_lsn:
      description: On a standby, how far it has replayed.
      type: str
    lag_bytes:
      description: On a standby, what it has received and not yet replayed. The primary's replicas tell the rest.
      type: int
    lag_seconds:
      description: On a standby that receives, the age of the last replayed commit while there is more to replay.
      type: float
    age_seconds:
      description:
        - How old the last commit or checkpoint is that it is known to have. Where nothing was written, that is old with
          nothing missing. Zero on a primary.
      type: float
    sync_state:
      description: Always V(null), as a standby does not know who waits for it. See the primary's replicas.
      type: str
    streaming:
      description: Whether it receives WAL from another server now.
      type: bool
    upstream:
      description: The host that it receives from.
      type: str
    synchronous_standby_names:
      description: The setting of that name.
      type: str
    settings:
      description: The settings that replication depends on.
      type: dict
    replicas:
      description: Who receives from this server. Lags are behind what this server has written.
      type: list
      elements: dict
      sample:
        - {"name": "n2", "address": "10.0.1.12", "sync_state": "sync", "lag_bytes": 0, "lag_seconds": 0.1}
    slots:
      description: Replication slots and the WAL that each keeps.
      type: list
      elements: dict
      sample: [{"name": "pgha_n2", "active": true, "wal_status": "reserved", "retained_bytes": 0}]
    longest_transaction_seconds:
      description: The age of the oldest transaction of a client; V(null) when the server does not run.
      type: float
    backups:
      description: How many base backups are being copied from it; V(null) when the server does not run.
      type: int
    restart_pending:
      description: Settings whose new value waits for a restart.
      type: list
      elements: str
    restart_lowers:
      description:
        - Those of them that a restart would make lower, and without which a standby does not start that has to replay a
          log written with the higher value.
      type: list
      elements: str
    reload_pending:
      description: Whether a file of settings is newer than what the server has loaded.
      type: bool
    control:
      description:
        - The control data, also of a stopped server. The settings in it are those that the log was written with, and
          below which no standby starts that replays it.
      type: dict
      sample:
        state: shut down
        timeline: 3
        checkpoint_lsn: 0/5000028
        redo_lsn: 0/5000028
        settings: {"max_connections": 200, "max_wal_senders": 10}
    altered:
      description: Settings that C(ALTER SYSTEM) has made, which win over those of every other file.
      type: list
      elements: str
    elsewhere:
      description: The data directory of another PostgreSQL that runs and has the port; empty when none has.
      type: str
    problem:
      description: Why something is not known; empty when all is.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.info import PLACE, look


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec=PLACE,
        supports_check_mode=True,
    )
    finish(module, lambda: {"changed": False, "postgres": look(module.params)})


if __name__ == "__main__":
    main()
