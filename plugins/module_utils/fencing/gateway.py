# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking fence devices. Only asks; nothing here switches power, except the one test that says so.

This module util is private to the collection.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner
from ansible_collections.pgha.cluster.plugins.module_utils.fencing.check import Asked

ANSWER_SECONDS = 20.0


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip() and "Deprecat" not in line]
    return lines[-1] if lines else "no answer"


def guid(params: Mapping[str, str], runner: Runner) -> str:
    """Ask a management controller whose it is; empty when it does not say."""
    program = params.get("ipmitool_path")
    if not program:
        return ""
    argv = [program, "-I", "lanplus" if params.get("lanplus") == "1" else "lan", "-H", params.get("ip", "")]
    for option, key in (("-p", "ipport"), ("-C", "cipher"), ("-U", "username")):
        if params.get(key):
            argv += [option, params[key]]
    done = runner([*argv, "mc", "guid"], timeout=ANSWER_SECONDS)
    found = re.search(r"System GUID\s*:\s*([0-9A-Fa-f-]{36})", done.stdout)
    return found.group(1) if done.rc == 0 and found else ""


def ask(agent: str, params: Mapping[str, str], runner: Runner) -> Asked:
    """Ask a device for the power state; its parameters travel on standard input."""
    words = "".join(f"{key}={value}\n" for key, value in sorted(params.items())) + "action=status\n"
    began = time.monotonic()
    try:
        done = runner([f"/usr/sbin/{agent}"], timeout=ANSWER_SECONDS, stdin=words)
    except PghaError as silent:
        return Asked("", silent.message, time.monotonic() - began, "")
    seconds = time.monotonic() - began
    # The fence agents' interface: 0 is on, 2 is off, anything else is no answer.
    power = {0: "on", 2: "off"}.get(done.rc, "")
    if not power:
        return Asked("", _last(done.stderr or done.stdout), seconds, "")
    return Asked(power, "", seconds, guid(params, runner))


def power_cycle(target: str, runner: Runner, timeout: float) -> None:
    """Really fence a server, through the cluster."""
    argv = ["stonith_admin", "--reboot", target, f"--timeout={int(timeout)}"]
    done = runner(argv, timeout=timeout + 10)
    if done.rc != 0:
        raise PghaError(f"The cluster could not fence {target}.", ran=argv, said=done.stderr or done.stdout)
