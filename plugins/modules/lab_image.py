#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image that lab servers are made of."""

from __future__ import annotations

DOCUMENTATION = r"""
module: lab_image
short_description: Builds the image of a lab's servers, once
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Runs on the machine that carries the lab. Builds a minimal Debian with mmdebstrap and imports it into podman.
  - The image is named after a checksum of everything it is built of, and is built only when that name does not exist.
extends_documentation_fragment:
  - pgha.cluster.attributes
  - pgha.cluster.lab
options:
  files:
    description: A directory whose files are laid over the image's root.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Build the image
  pgha.cluster.lab_image:
    release: bookworm
    packages: [systemd, systemd-sysv, dbus, openssh-server, python3]
    files: /usr/share/pgha/image
"""

RETURN = r"""
image:
  description: The name of the image.
  returned: always
  type: str
  sample: localhost/pgha-lab:bookworm-0123456789ab
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner, run
from ansible_collections.pgha.cluster.plugins.module_utils.lab.image import (
    Images,
    build_lock,
    contents,
    reference,
)


def provide(module: AnsibleModule, runner: Runner) -> dict[str, Any]:
    """Build the image unless it exists."""
    options = module.params
    files = Path(options["files"])
    name = reference(options["release"], options["packages"], contents(files))
    images = Images(runner)
    result = {"changed": False, "image": name, "diff": {"before": "", "after": ""}}
    if images.exists(name):
        return result
    if not module.check_mode:
        with build_lock():
            if images.exists(name):
                return result
            images.build(name, options["release"], options["packages"], files)
    return result | {"changed": True, "diff": {"before": "", "after": f"{name}\n"}}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "release": {"type": "str", "required": True},
            "packages": {"type": "list", "elements": "str", "required": True},
            "files": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: provide(module, run))


if __name__ == "__main__":
    main()
