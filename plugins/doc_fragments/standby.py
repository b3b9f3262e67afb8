# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules that make a standby take."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment, by the name that Ansible expects."""

    DOCUMENTATION = r"""
options:
  data_directory:
    description: The data directory. Nothing replaces it while PostgreSQL runs in it. It must not be a mount point.
    type: path
    required: true
  bin_directory:
    description: Where PostgreSQL's programs of that version stand.
    type: path
    required: true
  host:
    description: Address of the primary, or the directory of its socket.
    type: str
    required: true
  port:
    description: Port of the primary.
    type: int
    default: 5432
  user:
    description: A role that may replicate.
    type: str
    required: true
  password:
    description:
      - The password of O(user) and O(catalog_user), for a server without a password file.
      - It goes to PostgreSQL's programs through their environment and never on a command line.
    type: str
  catalog_user:
    description:
      - A role that may connect to the database C(postgres) of the primary, such as the one for C(pg_rewind).
      - With it the size and the tablespaces of the primary are known before the copy. Check mode then names the size, a
        clone for which there is no room is refused, and old tablespace directories are moved aside.
      - Without it that holds for the tablespaces of the old data and of O(tablespace_mapping); a new one needs an empty
        directory.
    type: str
    default: ""
  expected_system_identifier:
    description: Refuse a primary with another system identifier.
    type: str
    default: ""
  slot:
    description:
      - A physical replication slot that keeps the WAL from the first byte on; made when missing, and made anew when the
        primary has dropped its WAL. Empty for none.
    type: str
    default: ""
  sslmode:
    description: How far the primary's certificate is checked.
    type: str
    default: verify-ca
    choices: [require, verify-ca, verify-full]
  sslrootcert:
    description: The certificate authority of the cluster.
    type: path
  checkpoint:
    description: Whether the primary writes its checkpoint at once or spreads it to spare its disks.
    type: str
    default: fast
    choices: [fast, spread]
  max_rate:
    description: Kilobytes a second that the copy takes at most; 0 for no limit.
    type: int
    default: 0
  tablespace_mapping:
    description: Directory of a tablespace on the primary to the directory that it gets here. Others get the same one.
    type: dict
    default: {}
  timeout:
    description: Seconds that the whole copy may take.
    type: int
    default: 86400
  connection_elsewhere:
    description:
      - Whether something else than C(postgresql.auto.conf) says whom the standby follows, such as a resource agent.
        What that file says of it, after a base backup made by hand for example, is then taken out, as it would win.
    type: bool
    default: false
  force:
    description: Clone even where the present data could follow.
    type: bool
    default: false
  replace_foreign:
    description: Replace data that belongs to another cluster.
    type: bool
    default: false
  keep:
    description:
      - How many directories that were moved aside are kept, at least one. Older ones go when a checked clone stands.
    type: int
    default: 1
"""
