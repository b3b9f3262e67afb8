#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys, identities and configuration of a lab."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lab_files
short_description: Places the files of a lab
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Runs on the machine that carries the lab, after M(pgha.cluster.lab_claim).
  - Makes once the key that logs in to the servers, a host key for each server, and the password of the
    management controllers.
  - Writes what follows from the lab's settings, that is the hardware identity of each server, the configuration of its
    management controller and the file by which ssh knows the servers.
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
    description: Whether the files exist. With V(absent) the lab's whole directory goes, and its claim to its subnets.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- name: Place the files of the lab
  pgha.cluster.lab_files:
    name: demo
"""

RETURN = r"""
files:
  description: Paths below the lab's directory that were made or written, or in check mode would be.
  returned: always
  type: list
  elements: str
  sample: [known_hosts]
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner, run
from ansible_collections.pgha.cluster.plugins.module_utils.lab.files import LabFiles
from ansible_collections.pgha.cluster.plugins.module_utils.lab.gateway import Claims
from ansible_collections.pgha.cluster.plugins.module_utils.lab.plan import is_lab_name


def place(module: AnsibleModule, runner: Runner) -> dict[str, Any]:
    """Make what is missing, write what differs, look again."""
    options = module.params
    if options["state"] == "absent":
        return remove(module)
    lab = Claims(Path(options["root"])).read(options["name"])
    if lab is None:
        if module.check_mode:
            return {"changed": True, "files": [], "diff": {"before": "", "after": "every file of the lab\n"}}
        raise PghaError(f"The lab {options['name']} is not reserved.", next_step="run lab_claim first")
    files = LabFiles(lab, runner)
    missing = files.missing()
    if missing and module.check_mode:
        outdated = []
    else:
        files.make()
        outdated = files.outdated()
    if not module.check_mode:
        for file in outdated:
            files.write(file)
        if files.missing() or files.outdated():
            raise PghaError(f"The files of the lab {lab.name} changed while they were written.", next_step="run again")
    names = [*missing, *(file.path for file in outdated)]
    # Only names: some of these files hold secrets.
    return {
        "changed": bool(names),
        "files": names,
        "diff": {"before": "", "after": "".join(f"{name}: written\n" for name in names)},
    }


def remove(module: AnsibleModule) -> dict[str, Any]:
    """Remove the lab's directory, if that is what it is."""
    options = module.params
    if not is_lab_name(options["name"]):
        raise PghaError(f"{options['name']!r} is no name of a lab.", next_step="give the lab's name as lab_name")
    directory = Path(options["root"]) / options["name"]
    exists = directory.exists()
    if not module.check_mode:
        Claims(directory.parent).release(directory)
    files = [str(directory)] if exists else []
    return {
        "changed": exists,
        "files": files,
        "diff": {"before": "".join(f"{path}\n" for path in files), "after": ""},
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "root": {"type": "path", "default": "/var/lib/pgha-lab"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: place(module, run))


if __name__ == "__main__":
    main()
