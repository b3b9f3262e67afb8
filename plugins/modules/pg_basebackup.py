#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a data directory a copy of the primary's."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_basebackup
short_description: Makes a data directory a checked copy of the primary's, so that it can follow as a standby
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Leaves the directory alone when control data, WAL and timeline history prove that it can follow the primary as it
    is, and says what proved it.
  - Otherwise clones the primary into a directory beside it, checks the clone with C(pg_verifybackup), moves the old
    directory aside and puts the clone in its place, in one step, so that there is never a moment without a data
    directory. Nothing is removed before a checked clone is in place.
  - An interrupted run leaves nothing in service that is half made. The next run removes its leftovers, or completes it
    when only the last step was missing. Two runs at once into one place are refused.
  - Runs as the operating system user of PostgreSQL, which must be able to write to the parent of the data directory.
    The password comes from that user's password file, or from O(password).
  - The progress of a long clone stands in C(<data_directory>.pgha-progress) while it runs, and what the clone is in
    C(<data_directory>.pgha-clone.json).
extends_documentation_fragment:
  - pgha.cluster.attributes
  - pgha.cluster.standby
"""

EXAMPLES = r"""
- name: Make this server a copy of the primary
  pgha.cluster.pg_basebackup:
    data_directory: /var/lib/postgresql/15/main
    bin_directory: /usr/lib/postgresql/15/bin
    host: 10.0.1.100
    user: pgha_replication
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
    - V(finish) when an interrupted run had left its clone in place and the old data not yet aside.
    - V(clone) for a new one.
  returned: success
  type: str
reason:
  description: Why, in a sentence.
  returned: success
  type: str
  sample: "it diverged: 0/5000148 on timeline 3 is not in the primary's past"
size_bytes:
  description: Size of the primary, V(null) when nobody may ask for it.
  returned: success
  type: int
copied_bytes:
  description: How much was copied.
  returned: when something was cloned
  type: int
seconds:
  description: How long copying, checking and replacing took.
  returned: when something changed
  type: float
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
  description: What C(pg_basebackup) said.
  returned: when something was cloned
  type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.standby import ARGUMENTS, work


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    given = {**module.params, "rewind": False, "config_file": None}
    finish(module, lambda: work(given, check_mode=module.check_mode, log=module.log))


if __name__ == "__main__":
    main()
