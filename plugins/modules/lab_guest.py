#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lab servers with a kernel of their own boot."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lab_guest
short_description: Builds what a lab's machines boot, once
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Runs on the machine that carries the lab. Builds with mmdebstrap the disk that servers with a kernel of their own
    boot from, and keeps it in a volume of podman together with User Mode Linux.
  - Nothing that the packages bring is enabled on it.
  - The volume is named after a checksum of everything it is built of, and is built only when it does not exist.
extends_documentation_fragment:
  - pgha.cluster.attributes
  - pgha.cluster.lab
options:
  files:
    description: Directories whose files are laid over the root, one after the other.
    type: list
    elements: path
    required: true
"""

EXAMPLES = r"""
- name: Build what machines boot
  pgha.cluster.lab_guest:
    release: bookworm
    packages: [systemd, systemd-sysv, dbus, udev, openssh-server, python3]
    files: [/usr/share/pgha/image, /usr/share/pgha/guest]
"""

RETURN = r"""
volume:
  description: The name of the volume.
  returned: always
  type: str
  sample: pgha-lab-machine-bookworm-0123456789ab
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner, run
from ansible_collections.pgha.cluster.plugins.module_utils.lab.guest import Recipe, Volumes
from ansible_collections.pgha.cluster.plugins.module_utils.lab.image import build_lock


def provide(module: AnsibleModule, runner: Runner) -> dict[str, Any]:
    """Build the volume unless it exists."""
    options = module.params
    recipe = Recipe(options["release"], options["packages"], options["files"])
    volumes = Volumes(runner)
    result = {"changed": False, "volume": recipe.volume, "diff": {"before": "", "after": ""}}
    if volumes.exists(recipe.volume):
        return result
    if not module.check_mode:
        with build_lock():
            if volumes.exists(recipe.volume):
                return result
            volumes.build(recipe)
        if not volumes.exists(recipe.volume):
            raise PghaError(f"The volume {recipe.volume} was built and is not there.", next_step="run it again")
    return result | {"changed": True, "diff": {"before": "", "after": f"{recipe.volume}\n"}}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "release": {"type": "str", "required": True},
            "packages": {"type": "list", "elements": "str", "required": True},
            "files": {"type": "list", "elements": "path", "required": True},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: provide(module, run))


if __name__ == "__main__":
    main()
