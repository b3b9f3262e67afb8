#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the fence devices' credentials in a directory that root alone can read."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fence_credentials
short_description: Keeps exactly the given credential files in a directory of their own
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Makes the directory readable by root alone before any secret is in it.
  - Places the files and removes every other file of the directory, so that the credentials of a device that left do not
    stay behind.
  - Every file appears complete and with its final mode.
  - The difference names files and never their contents.
extends_documentation_fragment:
  - pgha.cluster.attributes
options:
  directory:
    description: The directory. It belongs to this module; nothing else may be kept in it.
    type: path
    required: true
  files:
    description: What the directory holds.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: Path of the file, directly in O(directory).
        type: path
        required: true
      mode:
        description: Its mode; nobody but root may have any right.
        type: str
        choices: ["0600", "0700"]
        required: true
      content:
        description: Its content.
        type: str
        required: true
"""

EXAMPLES = r"""
- name: Place a password
  pgha.cluster.fence_credentials:
    directory: /etc/pgha/fencing
    files:
      - path: /etc/pgha/fencing/fence-n1.password
        mode: "0600"
        content: "{{ password_of_the_management_controller }}"
  no_log: true
"""

RETURN = r"""
placed:
  description: Files that were, or in check mode would be, written.
  returned: success
  type: list
  elements: str
removed:
  description: Files that were, or in check mode would be, removed.
  returned: success
  type: list
  elements: str
"""

import os
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError


def _is_current(path: Path, mode: int, content: bytes) -> bool:
    if not path.is_file() or path.is_symlink():
        return False
    seen = path.stat()
    return (seen.st_mode & 0o7777, seen.st_uid) == (mode, os.geteuid()) and path.read_bytes() == content


def _place(path: Path, mode: int, content: bytes) -> None:
    # mkstemp's file is readable by its owner alone from its first moment.
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    Path(beside).chmod(mode)
    Path(beside).replace(path)


def _keep(module: AnsibleModule) -> dict[str, Any]:
    directory = Path(module.params["directory"])
    wanted = {Path(one["path"]): (int(one["mode"], 8), one["content"].encode()) for one in module.params["files"]}
    strangers = sorted(str(path) for path in wanted if path.parent != directory)
    if strangers:
        raise PghaError(f"{strangers[0]} is not directly in {directory}.", next_step="correct the list of files")
    present = set(directory.iterdir()) if directory.is_dir() else set()
    placed = sorted(path for path, (mode, content) in wanted.items() if not _is_current(path, mode, content))
    removed = sorted(present - set(wanted))
    open_directory = directory.is_dir() and directory.stat().st_mode & 0o077 != 0
    make = bool(wanted) and not directory.is_dir()
    if not module.check_mode:
        if make:
            directory.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            directory.mkdir(mode=0o700)
        if make or open_directory:
            directory.chmod(0o700)
        for path in placed:
            _place(path, *wanted[path])
        for path in removed:
            path.unlink()
    names = {"placed": [str(path) for path in placed], "removed": [str(path) for path in removed]}
    return {
        "changed": bool(placed or removed or open_directory or make),
        **names,
        "diff": {
            "before": "".join(f"{name}\n" for name in names["removed"]),
            "after": "".join(f"{name} (content not shown)\n" for name in names["placed"]),
        },
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "files": {
                "type": "list",
                "elements": "dict",
                "required": True,
                "options": {
                    "path": {"type": "path", "required": True},
                    "mode": {"type": "str", "choices": ["0600", "0700"], "required": True},
                    "content": {"type": "str", "required": True, "no_log": True},
                },
            },
        },
        supports_check_mode=True,
    )
    finish(module, lambda: _keep(module))


if __name__ == "__main__":
    main()
