# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's hand: the few things on a server that its own user may not do, each a fixed word.

Reached through sudo, as root, with nothing but the word (``pgha-agent-hand``, role ``failover_agent``). What it works
on is read from root's files and never from its caller. Whatever concerns PostgreSQL is done as PostgreSQL's user.

- ``control``: what the data directory of a stopped server says, as JSON.
- ``follow``: make a stopped server follow the other one when it is started.
- ``kill``: end every process that works in the data directory.
- ``fence off``, ``fence on``, ``fence status``: the other server's power. ``off`` ends well only when every device of a
  level says that the power is off.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner, run
from ansible_collections.pgha.cluster.plugins.module_utils.common.wait import wait_until
from ansible_collections.pgha.cluster.plugins.module_utils.fencing import gateway as fencing
from ansible_collections.pgha.cluster.plugins.module_utils.fencing.check import addressed
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import auto_conf, files
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import State
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.place import mark_standby

CONFIG, DEVICES = Path("/etc/pgha/agent.json"), Path("/etc/pgha/fence.json")
OWNER = "postgres"
IN_ORDER = frozenset({State.PRIMARY_STOPPED, State.STANDBY_STOPPED})
SWITCH_SECONDS = 40.0
"""For one device: an agent switches, and asks until the power is as it should be."""
OFF_SECONDS = 10.0
"""For a device that has said yes, to say off as well."""
MERCY_SECONDS = 2.0
END_SECONDS = 10.0


def follow(config: Mapping[str, Any]) -> None:
    """Make the data directory a standby's. A server that runs is left alone."""
    data = Path(config["data_directory"])
    if files.served(data):
        raise PghaError("PostgreSQL runs; it is not made a standby.", said=str(data))
    if not files.has_data(data):
        raise PghaError("There is no data that could follow.", said=str(data), next_step="run rebuild_standby.yml")
    if files.half_rewound(data) or (files.in_service(data) and not files.record(data).get("in_place", True)):
        raise PghaError("A rebuild of the data was cut off.", said=str(data), next_step="run rebuild_standby.yml")
    wanted = {
        "primary_conninfo": str(config["conninfo"]),
        "primary_slot_name": str(config["slot"]),
        # A server that is promoted later must not wait for a standby that it does not have.
        "synchronous_standby_names": "",
        "recovery_target_timeline": "latest",
    }
    auto_conf.replace(data, auto_conf.following(auto_conf.read(data), wanted))
    (data / "recovery.signal").unlink(missing_ok=True)
    mark_standby(data)


def control(config: Mapping[str, Any], runner: Runner = run) -> dict[str, Any]:
    """Tell what a stopped server is."""
    data = Path(config["data_directory"])
    found = None
    if not (running := files.served(data)):
        found = files.control(data, Path(config["bin_directory"]), runner)
    return {
        "running": running,
        "state": found.state.value if found else "",
        "clean": found is not None and found.state in IN_ORDER,
        "timeline": found.timeline if found else 0,
        "checkpoint": found.checkpoint_lsn.value if found else 0,
    }


def kill(config: Mapping[str, Any]) -> None:
    """End what works in the data directory: asked to at first, for a moment."""
    data = Path(config["data_directory"])
    for number, seconds in ((signal.SIGQUIT, MERCY_SECONDS), (signal.SIGKILL, END_SECONDS)):
        for pid in files.processes(data):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        with contextlib.suppress(PghaError):
            wait_until(lambda: not files.processes(data), time.monotonic() + seconds, "it has ended", 0.02)
            return
    raise PghaError("Processes of PostgreSQL cannot be ended.", said=str(files.processes(data)))


@dataclass(frozen=True)
class Plug:
    """One fence device, as the role ``fencing`` describes it."""

    name: str
    agent: str
    level: int
    params: Mapping[str, str]


def plugs_of(raw: Sequence[Mapping[str, Any]], server: str) -> list[list[Plug]]:
    """Return a server's devices level by level, in the order in which they are tried."""
    plugs = [
        Plug(str(one["name"]), str(one["agent"]), int(one["level"]), addressed(one["params"], server))
        for one in raw
        if one["server"] == server
    ]
    return [[plug for plug in plugs if plug.level == level] for level in sorted({plug.level for plug in plugs})]


def fence(
    levels: Sequence[Sequence[Plug]], word: str, runner: Runner = run, pause: Callable[[float], None] = time.sleep
) -> None:
    """Switch a server's power, or see that it is off (``status``); with the first level that does it.

    :raises PghaError: no level did it; with what each device said.
    """
    said = [] if levels else ["there is no device"]
    for level in levels:
        complaints = [complaint for plug in level if (complaint := _switched(plug, word, runner, pause))]
        if not complaints:
            return
        said += complaints
    raise PghaError(f"No fence device did it ({word}).", said="; ".join(said))


def _switched(plug: Plug, word: str, runner: Runner, pause: Callable[[float], None]) -> str:
    """Return a device's complaint."""
    try:
        if word != "status":
            complaint = fencing.switch(plug.agent, plug.params, word, runner, SWITCH_SECONDS)
            if complaint:
                return f"{plug.name}: {complaint}"
        if word == "on":
            return ""
        deadline = time.monotonic() + (OFF_SECONDS if word == "off" else 0)
        # That it said yes proves nothing; what it says of the power does.
        while (power := fencing.power(plug.agent, plug.params, runner)) != "off":
            if time.monotonic() >= deadline:
                return f"{plug.name}: the power is {power or 'unknown'}"
            pause(0.2)
    except PghaError as silent:
        return f"{plug.name}: {silent.message}"
    return ""


def become(user: str) -> None:
    """Be another user from now on, for good."""
    entry = pwd.getpwnam(user)
    os.setgroups(os.getgrouplist(user, entry.pw_gid))
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.environ["HOME"] = entry.pw_dir
    os.chdir("/")


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as wrong:
        raise PghaError(f"{path} cannot be read: {wrong}.", next_step="run the deploy playbook") from wrong


def work(words: Sequence[str]) -> str:
    """Do what a word says; return what to print."""
    config = _read(CONFIG)
    if len(words) == 2 and words[0] == "fence" and words[1] in ("off", "on", "status"):
        fence(plugs_of(_read(DEVICES), str(config["peer"])), words[1])
        return ""
    if list(words) not in (["control"], ["follow"], ["kill"]):
        raise PghaError("The hand does not know that word.", said=" ".join(words))
    become(OWNER)
    if words[0] == "control":
        return json.dumps(control(config))
    {"follow": follow, "kill": kill}[words[0]](config)
    return ""


def main() -> int:
    """Run as a program."""
    try:
        sys.stdout.write(work(sys.argv[1:]) + "\n")
    except (PghaError, OSError) as failed:
        said = getattr(failed, "said", None)
        sys.stderr.write(f"{failed} {said or ''}".strip() + "\n")
        return 1
    return 0
