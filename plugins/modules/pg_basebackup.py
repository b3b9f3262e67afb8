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
  - Leaves the directory alone when control data and timeline history prove that it can follow the primary as it is.
  - Otherwise clones the primary into a directory beside it, checks the clone with C(pg_verifybackup), moves the old
    directory aside and puts the clone in its place. An interrupted run leaves nothing in service.
  - Runs as the operating system user of PostgreSQL. The password comes from its password file.
  - The progress of a long clone stands in C(<data_directory>.pgha-progress) while it runs.
extends_documentation_fragment:
  - pgha.cluster.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  data_directory:
    description: The data directory. PostgreSQL must not run in it.
    type: path
    required: true
  bin_directory:
    description: Where PostgreSQL's programs of that version stand.
    type: path
    required: true
  host:
    description: Address of the primary.
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
  slot:
    description:
      - A physical replication slot that keeps the WAL from the first byte on; made when missing. Empty for none.
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
    description: Directory of a tablespace on the primary to the directory that it gets here.
    type: dict
    default: {}
  timeout:
    description: Seconds that the whole copy may take.
    type: int
    default: 86400
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
  description: The value C(keep) or C(clone).
  returned: success
  type: str
reason:
  description: Why, in one sentence.
  returned: success
  type: str
moved_aside:
  description: Where the old data stands now; empty when there was none.
  returned: when cloned
  type: str
dropped:
  description: Directories of earlier clones that were removed.
  returned: when cloned
  type: list
  elements: str
seconds:
  description: How long the clone took.
  returned: when cloned
  type: float
"""

import time
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import gateway
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.clone import (
    CloneOptions,
    clone,
    drop_older,
)
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.plan import CloneStep, Decision, clone_plan


def _parameters(given: dict[str, Any]) -> dict[str, Any]:
    parameters = {key: given[key] for key in ("host", "port", "user", "sslmode")}
    if given["sslrootcert"]:
        parameters["sslrootcert"] = given["sslrootcert"]
    return parameters


def _plan(given: dict[str, Any], force: bool) -> CloneStep:
    data, binaries = Path(given["data_directory"]), Path(given["bin_directory"])
    return clone_plan(
        gateway.target(data, binaries),
        gateway.source(_parameters(given)),
        force=force,
        replace_foreign=given["replace_foreign"],
    )


def _result(step: CloneStep, data: Path) -> dict[str, Any]:
    cloned = step.decision is Decision.CLONE
    return {
        "changed": cloned,
        "decision": step.decision.value,
        "reason": step.reason,
        "diff": {
            "before": f"{data}: {step.reason}\n" if cloned else "",
            "after": f"{data}: a checked clone of the primary\n" if cloned else "",
        },
    }


def _work(module: AnsibleModule) -> dict[str, Any]:
    given = module.params
    data, binaries = Path(given["data_directory"]), Path(given["bin_directory"])
    step = _plan(given, given["force"])
    if module.check_mode or step.decision is Decision.KEEP:
        return _result(step, data)
    if given["slot"]:
        gateway.ensure_slot(_parameters(given), given["slot"])
    options = CloneOptions(
        connection=_parameters(given),
        slot=given["slot"],
        checkpoint=given["checkpoint"],
        max_rate=given["max_rate"],
        tablespace_mapping=given["tablespace_mapping"],
        timeout=given["timeout"],
    )
    began = time.monotonic()
    done = clone(data, binaries, options, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
    again = _plan(given, force=False)
    if again.decision is not Decision.KEEP:
        raise PghaError(f"The clone is in place and still could not follow: {again.reason}.")
    dropped = drop_older(data, max(given["keep"], 1))
    return _result(step, data) | done | {"dropped": dropped, "seconds": round(time.monotonic() - began, 1)}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "data_directory": {"type": "path", "required": True},
            "bin_directory": {"type": "path", "required": True},
            "host": {"type": "str", "required": True},
            "port": {"type": "int", "default": 5432},
            "user": {"type": "str", "required": True},
            "slot": {"type": "str", "default": ""},
            "sslmode": {"type": "str", "default": "verify-ca", "choices": ["require", "verify-ca", "verify-full"]},
            "sslrootcert": {"type": "path"},
            "checkpoint": {"type": "str", "default": "fast", "choices": ["fast", "spread"]},
            "max_rate": {"type": "int", "default": 0},
            "tablespace_mapping": {"type": "dict", "default": {}},
            "timeout": {"type": "int", "default": 86400},
            "force": {"type": "bool", "default": False},
            "replace_foreign": {"type": "bool", "default": False},
            "keep": {"type": "int", "default": 1},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: _work(module))


if __name__ == "__main__":
    main()
