# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module of the collection the way Ansible does: a process of its own, arguments on standard input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any


def run_module(name: str, arguments: dict[str, Any], *, check_mode: bool = False) -> dict[str, Any]:
    """Run a module with plain arguments and return its result, also when it failed."""
    done = subprocess.run(
        [sys.executable, "-m", f"ansible_collections.pgha.cluster.plugins.modules.{name}"],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": {"_ansible_check_mode": check_mode, **arguments}}),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    if not done.stdout:
        raise AssertionError(f"{name} printed nothing: {done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result
