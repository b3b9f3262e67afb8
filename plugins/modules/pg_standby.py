#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a data directory one that follows the primary, in the cheapest safe way."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_standby
short_description: Makes a data directory follow the current primary in the cheapest safe way
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Leaves the directory alone when control data, WAL and timeline history prove that it can follow the primary as it
    is, and says what proved it.
  - Otherwise undoes what the server wrote after the two parted (C(pg_rewind)), which costs as much as differs and not
    as much as the database is large. Before that it proves that both servers have the same WAL up to the fork, byte by
    byte, and that the primary still has what comes after; it lets a server that crashed replay its own WAL without
    losing the part that C(pg_rewind) needs; and it copies the WAL of what is undone to
    C(<data_directory>.pgha-diverged-<UTC time>).
  - Clones as M(pgha.cluster.pg_basebackup) does where a rewind is impossible, not provably right, or fails. A directory
    in which C(pg_rewind) was interrupted is never used again; the next run clones.
  - Rewinding takes data checksums or C(wal_log_hints), and O(catalog_user) with the rights that the documentation of
    C(pg_rewind) names and membership in C(pg_checkpoint).
  - Starting PostgreSQL, and telling it whom to follow, is left to the cluster manager.
extends_documentation_fragment:
  - pgha.cluster.attributes
  - pgha.cluster.standby
options:
  config_file:
    description: The file C(postgresql.conf), where it does not stand in the data directory.
    type: path
"""

EXAMPLES = r"""
- name: Let an old primary follow the new one
  pgha.cluster.pg_standby:
    data_directory: /var/lib/postgresql/15/main
    bin_directory: /usr/lib/postgresql/15/bin
    config_file: /etc/postgresql/15/main/postgresql.conf
    host: 10.0.1.100
    user: pgha_replication
    catalog_user: pgha_rewind
    slot: pgha_n2
    sslrootcert: /etc/postgresql/15/main/pgha-ca.crt
  become: true
  become_user: postgres
"""

RETURN = r"""
decision:
  description:
    - V(keep) when the data can follow as it is, V(prepare) when it only lacked its C(standby.signal)
      or its slot.
    - V(rewind) when what it wrote after the fork was undone.
    - V(finish) when an interrupted run had left its clone in place and the old data not yet aside.
    - V(clone) for a new one, also where a rewind was tried and failed.
  returned: success
  type: str
reason:
  description: Why, in a sentence; for a rewind of a server that was stopped in order also what it costs.
  returned: success
  type: str
  sample: "it diverged: 0/5000148 on timeline 3 is not in the primary's past; both have the same past up to 0/50000A0 on
    timeline 3; 42 MB to copy"
rewind_failed:
  description: Why a rewind was given up and a clone made.
  returned: when that was so
  type: str
size_bytes:
  description: Size of the primary, V(null) when nobody may ask for it.
  returned: success
  type: int
copied_bytes:
  description: How much was copied; of a rewind in whole megabytes.
  returned: when something was copied
  type: int
seconds:
  description: How long all of it took.
  returned: when something changed
  type: float
diverged_wal:
  description: Where the WAL of what was undone is kept.
  returned: when something was rewound
  type: str
moved_aside:
  description: Where the old data directory went, empty when there was none.
  returned: when something was cloned
  type: str
dropped:
  description: Directories of earlier runs that were removed.
  returned: when something was cloned
  type: list
  elements: str
progress_file:
  description: What C(pg_rewind) or C(pg_basebackup) said.
  returned: when something was copied
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.standby import ARGUMENTS, work


def main() -> None:
    """Entry point."""
    spec = {**ARGUMENTS, "config_file": {"type": "path"}}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    given = {**module.params, "rewind": True}
    finish(module, lambda: work(given, check_mode=module.check_mode, log=module.log))


if __name__ == "__main__":
    main()
