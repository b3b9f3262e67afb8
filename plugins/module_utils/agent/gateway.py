# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking the failover agent of this server, and what stands on disk where it does not answer.

This module util is private to the collection.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.agent.info import stopped, view_of
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.hardware import hardware
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner

PROGRAM = "/usr/bin/pgha-agent"
STATE = Path("/var/lib/pgha-agent")
NOTES = Path("/etc/pgha/servers.json")
SECONDS = 10.0
AWAY = 4
"""The agent's exit status when no agent answers."""


def _read(place: Path) -> dict[str, Any]:
    """Read a file of JSON that this collection has written; a missing one says nothing."""
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as broken:
        raise PghaError(
            f"{place} cannot be read: {broken}.", next_step="see what has written it; keep a copy"
        ) from broken
    return found if isinstance(found, dict) else {}


def notes(place: Path = NOTES) -> dict[str, dict[str, str]]:
    """Return what was noted of the servers on this one."""
    return _read(place)


def write_notes(values: Mapping[str, Mapping[str, str]], place: Path = NOTES) -> None:
    """Replace the notes in one step."""
    place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    beside = place.with_name(f".{place.name}.new")
    beside.write_text(json.dumps(values, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    beside.replace(place)


def status(run: Runner, program: str = PROGRAM) -> dict[str, Any] | None:
    """Return what the agent says; nothing where it is not installed or does not answer."""
    if not Path(program).exists():
        return None
    argv = [program, "status", "--json"]
    done = run(argv, timeout=SECONDS)
    if done.rc == AWAY:
        return None
    try:
        said = json.loads(done.stdout) if done.rc == 0 else None
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise PghaError("The agent gave no answer that can be read.", ran=argv, said=done.stderr or done.stdout)
    return said


def look(run: Runner, name: str = "", program: str = PROGRAM) -> dict[str, Any]:
    """Return the cluster as this server's agent sees it, in the shape of the module crm_info.

    :param name: this server, for when no agent tells it.
    """
    said = status(run, program)
    if said is None:
        return stopped(name, _read(STATE / "record.json"), notes(), hardware())
    return view_of(said, notes(), hardware())
