# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mend for a ``crm_attribute`` that misreads ``-p -v -INFINITY``, as PostgreSQL's resource agent calls it.

Such a tool takes the score apart into options, among them ``-N FINITY``, and answers that it knows no such node. The
agent repeats the call until its start times out. Whether a tool is broken is asked of the tool, never of its version.

The package's tool is diverted, so that an upgrade replaces the real tool and never the wrapper in front of it.

This module util is private to the collection.
"""

from __future__ import annotations

import enum
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner

_PROBE_NODE = "pgha-probe"
_WRAPPER = """#!/bin/sh
# Placed by pgha.cluster. This crm_attribute takes "-p -v -INFINITY" for "-N FINITY"; the long option it reads rightly.
# Only that one form is rewritten, everything else goes to the real tool as it came.
if [ "$1" = "-p" ] && [ "$2" = "-v" ] && [ "$3" = "-INFINITY" ]; then
    shift
    set -- --promotion "$@"
fi
exec {real} "$@"
"""


class Reading(enum.Enum):
    """How a tool reads the agent's arguments."""

    RIGHT = "right"
    WRONG = "wrong"


class Step(enum.Enum):
    """What to do, in this order."""

    DIVERT = "divert the package's crm_attribute"
    KEEP_REAL = "keep the real tool under its new name"
    WRAP = "place the wrapper"
    UNWRAP = "put the real tool back in its place"
    UNDIVERT = "end the diversion"


@dataclass(frozen=True)
class State:
    """What was found.

    :ivar reading: how the real tool reads the agent's arguments.
    :ivar diverted: whether dpkg knows the diversion.
    :ivar real_kept: whether the real tool stands under its new name.
    :ivar wrapped: whether the wrapper, as it is today, stands in the tool's place.
    """

    reading: Reading
    diverted: bool
    real_kept: bool
    wrapped: bool


def plan_mend(state: State) -> tuple[Step, ...]:
    """Steps that leave a working tool in its place after each one, so that an interruption harms nothing."""
    if state.reading is Reading.WRONG:
        wanted = ((Step.DIVERT, state.diverted), (Step.KEEP_REAL, state.real_kept), (Step.WRAP, state.wrapped))
        return tuple(step for step, done in wanted if not done)
    undo = ((Step.UNWRAP, state.real_kept), (Step.UNDIVERT, state.diverted))
    return tuple(step for step, needed in undo if needed)


class MendGateway:
    """The tool, its diversion and its wrapper on this server."""

    def __init__(self, run: Runner, tool: str) -> None:
        self._run = run
        self._tool = Path(tool)
        self._real = self._tool.with_name(f"{self._tool.name}.pgha-real")
        self._wrapper = _WRAPPER.format(real=self._real)

    @property
    def installed(self) -> bool:
        """Whether there is a tool at all."""
        return self._tool.exists()

    def state(self) -> State:
        """Look at everything."""
        listed = self._run(["dpkg-divert", "--list", str(self._tool)], timeout=60).stdout
        text = self._tool.read_bytes()
        return State(
            self.reading(self._real if self._real.exists() else self._tool),
            diverted=str(self._real) in listed,
            real_kept=self._real.exists(),
            wrapped=text == self._wrapper.encode() and os.access(self._tool, os.X_OK),
        )

    def reading(self, tool: Path | None = None) -> Reading:
        """Ask a tool about an empty configuration, on behalf of a node that does not exist: whom does it miss?"""
        empty = self._run(["cibadmin", "--empty"], timeout=60).stdout
        argv = [str(tool or self._tool), "-p", "-v", "-INFINITY"]
        env = {
            "CIB_file": "/dev/stdin",
            "OCF_RESOURCE_INSTANCE": _PROBE_NODE,
            "OCF_RESKEY_CRM_meta_on_node": _PROBE_NODE,
        }
        said = self._run(argv, timeout=60, stdin=empty, env=env).stderr
        if "name=FINITY" in said:
            return Reading.WRONG
        if f"name={_PROBE_NODE}" in said:
            return Reading.RIGHT
        raise PghaError(
            "Nobody can tell how this crm_attribute reads a promotion score of -INFINITY.",
            ran=argv,
            said=said,
            expected=f"that it misses the node {_PROBE_NODE} or, when it is broken, the node FINITY",
            next_step="a standby would not start with a broken tool: try `crm_attribute -p -v -INFINITY` by hand",
        )

    def take(self, step: Step) -> None:
        """Take one step."""
        divert = ["dpkg-divert", "--local", "--no-rename", "--divert", str(self._real)]
        beside = self._tool.with_name(f".{self._tool.name}.pgha-new")
        if step is Step.DIVERT:
            self._must([*divert, "--add", str(self._tool)])
        elif step is Step.KEEP_REAL:
            shutil.copy2(self._tool, beside)
            beside.replace(self._real)
        elif step is Step.WRAP:
            beside.write_text(self._wrapper, encoding="ascii")
            beside.chmod(0o755)
            beside.replace(self._tool)
        elif step is Step.UNWRAP:
            self._real.replace(self._tool)
        else:
            self._must(["dpkg-divert", "--local", "--no-rename", "--remove", str(self._tool)])

    def _must(self, argv: list[str]) -> None:
        done = self._run(argv, timeout=60)
        if done.rc != 0:
            raise PghaError(
                "dpkg-divert failed.",
                ran=argv,
                said=done.stderr or done.stdout,
                next_step=f"see `dpkg-divert --list {self._tool}`",
            )
