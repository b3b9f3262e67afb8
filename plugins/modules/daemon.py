#!/usr/bin/python
# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets a daemon run, now and at boot, with the files that are on disk."""

from __future__ import annotations

DOCUMENTATION = r"""
module: daemon
short_description: Lets a daemon run, now and at boot, with the files that are on disk
version_added: 0.1.0
author:
  - pgha.cluster contributors (@pgha)
description:
  - Starts a unit of systemd, and enables it. One that runs is restarted or reloaded when one of its files was put there
    after it had started, whoever put it there, and whatever became of the run that did.
  - A handler does the latter only in the run that changes a file. When that one fails or is killed before its handlers,
    the daemon goes on with the old file, and no later run finds anything to do.
  - A file from the future says nothing, as the clock was set back since it came.
extends_documentation_fragment:
  - pgha.cluster.attributes
options:
  name:
    description: Name of the unit, with its ending.
    type: str
    required: true
  files:
    description:
      - What the unit reads when it starts, its own file included where a change of that needs a restart.
      - A directory stands for all files in it. A path where nothing is does not count.
    type: list
    elements: path
    default: []
  on_change:
    description: What lets a running unit read its files.
    type: str
    choices: [restarted, reloaded]
    default: restarted
"""

EXAMPLES = r"""
- name: Run the agent, now and at boot
  pgha.cluster.daemon:
    name: pgha-agent.service
    files:
      - /etc/pgha/agent.json
      - /etc/systemd/system/pgha-agent.service
"""

RETURN = r"""
steps:
  description: What systemctl did, or in check mode would do.
  returned: success
  type: list
  elements: str
  sample: [restart]
newer:
  description: The files that a running unit had not read.
  returned: success
  type: list
  elements: str
  sample: [/etc/pgha/agent.json]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.boundary import finish
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner, run
from ansible_collections.pgha.cluster.plugins.module_utils.common.unit import (
    RELOADED,
    RESTARTED,
    Unit,
    look,
    newer_than,
    steps_of,
)

START_SECONDS = 300


def _take(runner: Runner, name: str, steps: list[str]) -> None:
    hint = f"read the reason in `journalctl -u {name} -n 50`, then run again"
    for step in steps:
        argv = ["systemctl", step, *([] if step == "daemon-reload" else [name])]
        done = runner(argv, timeout=START_SECONDS)
        if done.rc != 0:
            raise PghaError(f"systemd could not do it ({step} of {name}).", ran=argv, said=done.stderr, next_step=hint)
    if not look(runner, name).active:
        raise PghaError(f"{name} ended right after its start.", next_step=hint)


def _newer(unit: Unit, files: list[str], on_change: str) -> list[str]:
    if not unit.active:
        return []
    return newer_than(unit.moved if on_change == RELOADED else unit.started, files)


def work(params: dict[str, Any], runner: Runner, *, check_mode: bool) -> dict[str, Any]:
    """Look, and do what is missing."""
    name, on_change = params["name"], params["on_change"]
    unit = look(runner, name)
    newer = _newer(unit, params["files"], on_change)
    steps = steps_of(unit, newer, on_change)
    if steps and not check_mode:
        _take(runner, name, steps)
    return {
        "changed": bool(steps),
        "steps": steps,
        "newer": newer,
        "diff": {
            "before": "".join(f"{name} has not read {path}\n" for path in newer),
            "after": "".join(f"systemctl {step} {name}\n" for step in steps),
        },
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "files": {"type": "list", "elements": "path", "default": []},
            "on_change": {"type": "str", "choices": [RESTARTED, RELOADED], "default": RESTARTED},
        },
        supports_check_mode=True,
    )
    finish(module, lambda: work(module.params, run, check_mode=module.check_mode))


if __name__ == "__main__":
    main()
