# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking fence devices. Only asks; nothing here switches power, except the one test that says so.

This module util is private to the collection.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner
from ansible_collections.pgha.cluster.plugins.module_utils.common.wait import wait_until
from ansible_collections.pgha.cluster.plugins.module_utils.fencing.check import Asked, addressed
from ansible_collections.pgha.cluster.plugins.module_utils.fencing.device import RESERVING

ANSWER_SECONDS = 20.0
SWITCH_SECONDS = 60.0
LOOK_SECONDS = 0.2
# These agents speak lanplus unless they are told otherwise; fence_ipmilan does not.
_LANPLUS = frozenset({"fence_ilo3", "fence_ilo4", "fence_ilo5", "fence_ipmilanplus"})
# The fence agents' interface: anything else is no answer.
_POWER = {0: "on", 2: "off"}


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip() and "Deprecat" not in line]
    return lines[-1] if lines else "no answer"


def agent_params(params: Mapping[str, str]) -> dict[str, str]:
    """Return what the agent itself understands; the rest is for the cluster."""
    return {key: value for key, value in params.items() if not key.startswith("pcmk_")}


def guid(agent: str, params: Mapping[str, str], runner: Runner) -> str:
    """Ask a management controller whose it is; empty when it does not say."""
    program = params.get("ipmitool_path")
    if not program:
        return ""
    lanplus = params.get("lanplus", "1" if agent in _LANPLUS else "0")
    argv = [program, "-I", "lanplus" if lanplus in ("", "1") else "lan", "-H", params.get("ip", "")]
    for option, key in (("-p", "ipport"), ("-C", "cipher"), ("-U", "username"), ("-L", "privlvl")):
        if params.get(key):
            argv += [option, params[key]]
    try:
        done = runner([*argv, "mc", "guid"], timeout=ANSWER_SECONDS)
    except PghaError:
        # It has just told its power state. Not to tell whose it is makes it unproven, and no error.
        return ""
    found = re.search(r"System GUID\s*:\s*([0-9A-Fa-f-]{36})", done.stdout)
    return found.group(1) if done.rc == 0 and found else ""


def names(agent: str, params: Mapping[str, str], runner: Runner) -> frozenset[str]:
    """Ask a device with several plugs what it calls ours; nothing when it names none."""
    plug = params.get("plug") or params.get("port")
    if not plug:
        return frozenset()
    try:
        done = runner([f"/usr/sbin/{agent}"], timeout=ANSWER_SECONDS, stdin=_words(params, "list"))
    except PghaError:
        return frozenset()
    separator = params.get("separator", ",")
    rows = [[cell.strip() for cell in line.split(separator)] for line in done.stdout.splitlines()]
    found = {cell for row in rows if row[0] == plug for cell in row[:2] if cell}
    return frozenset(found) if done.rc == 0 else frozenset()


def _words(params: Mapping[str, str], action: str) -> str:
    """Return an agent's standard input: nothing of it is on a command line."""
    return "".join(f"{key}={value}\n" for key, value in sorted(agent_params(params).items())) + f"action={action}\n"


def ask(agent: str, params: Mapping[str, str], runner: Runner) -> Asked:
    """Ask a device for the power state and for whose it is."""
    began = time.monotonic()
    try:
        done = runner([f"/usr/sbin/{agent}"], timeout=ANSWER_SECONDS, stdin=_words(params, "status"))
    except PghaError as silent:
        return Asked("", silent.message, time.monotonic() - began, "")
    seconds = time.monotonic() - began
    state = _POWER.get(done.rc, "")
    if not state:
        return Asked("", _last(done.stderr or done.stdout), seconds, "")
    if agent == RESERVING:
        return Asked(state, "", seconds, "", disk=True)
    identity = guid(agent, params, runner)
    return Asked(state, "", seconds, identity, frozenset() if identity else names(agent, params, runner))


def switch(agent: str, params: Mapping[str, str], action: str, runner: Runner, timeout: float) -> str:
    """Let a device switch the power (``on``, ``off``); return its complaint, nothing when it says that it did."""
    done = runner([f"/usr/sbin/{agent}"], timeout=timeout, stdin=_words(params, action))
    return "" if done.rc == 0 else _last(done.stderr or done.stdout)


def power(agent: str, params: Mapping[str, str], runner: Runner, timeout: float = ANSWER_SECONDS) -> str:
    """Return what a device says of the power, ``on`` or ``off``; nothing when it does not say."""
    return _POWER.get(runner([f"/usr/sbin/{agent}"], timeout=timeout, stdin=_words(params, "status")).rc, "")


def power_cycle(target: str, runner: Runner, timeout: float) -> None:
    """Really fence a server, through the cluster."""
    argv = ["stonith_admin", "--reboot", target, f"--timeout={int(timeout)}"]
    done = runner(argv, timeout=timeout + 10)
    if done.rc != 0:
        raise PghaError(f"The cluster could not fence {target}.", ran=argv, said=done.stderr or done.stdout)


def _must_switch(agent: str, params: Mapping[str, str], action: str, runner: Runner) -> None:
    complaint = switch(agent, params, action, runner, SWITCH_SECONDS)
    if complaint:
        raise PghaError(f"The device did not switch {action}.", ran=[agent], said=complaint)


def _level(devices: Sequence[Mapping[str, Any]], runner: Runner) -> None:
    """All devices of a level off, seen off, and on again: a server with two power supplies runs on one of them."""
    parts = [(one["agent"], addressed({k: str(v) for k, v in one["params"].items()}, one["server"])) for one in devices]

    def off() -> bool:
        return all(power(agent, params, runner) == "off" for agent, params in parts)

    try:
        for agent, params in parts:
            _must_switch(agent, params, "off", runner)
        deadline = time.monotonic() + SWITCH_SECONDS
        wait_until(off, deadline, f"the devices of {devices[0]['server']} say that it is off", LOOK_SECONDS)
    finally:
        # Whatever was switched off is switched on again, also when another device has failed.
        for agent, params in parts:
            _must_switch(agent, params, "on", runner)


def power_cycle_directly(devices: Sequence[Mapping[str, Any]], runner: Runner) -> None:
    """Really fence a server by its devices themselves, the lowest level that can do it."""
    failures: list[str] = []
    for number in sorted({int(one["level"]) for one in devices}):
        try:
            _level([one for one in devices if int(one["level"]) == number], runner)
        except PghaError as failed:
            failures.append(f"level {number}: {failed.message} {failed.said or ''}".strip())
        else:
            return
    raise PghaError("No level of devices could switch the power.", said="; ".join(failures))
