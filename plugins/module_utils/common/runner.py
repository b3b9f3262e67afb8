# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running commands: the only door from a gateway to the system, injected so that tests can replace it.

This module util is private to the collection.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError


@dataclass(frozen=True)
class Completed:
    """A finished command: exit status, standard output, standard error."""

    rc: int
    stdout: str
    stderr: str


class Runner(Protocol):
    """Runs one command and waits for it.

    A runner never raises for a non-zero exit status: the gateway knows which ones are answers.
    It raises :class:`PghaError` when the program is missing or the timeout (seconds) passes.
    """

    def __call__(
        self,
        argv: Sequence[str],
        *,
        timeout: float,
        stdin: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Completed: ...


def run(
    argv: Sequence[str],
    *,
    timeout: float,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
) -> Completed:
    """Run a command with ``LC_ALL=C``, so that its words do not change with the operator's language.

    Secrets go through ``env`` or ``stdin``: an argv list can be read by every user of the server.
    """
    environment = {**os.environ, **(env or {}), "LC_ALL": "C"}
    try:
        done = subprocess.run(
            list(argv),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            env=environment,
            check=False,
        )
    except FileNotFoundError as missing:
        raise PghaError(
            f"The program {argv[0]} is not installed.",
            ran=list(argv),
            next_step="run the deploy playbook, which installs it",
        ) from missing
    except subprocess.TimeoutExpired as late:
        raise PghaError(
            f"{argv[0]} gave no answer within {timeout:g} seconds.",
            ran=list(argv),
            next_step="see whether the server or the service it asks hangs, then run again",
        ) from late
    return Completed(done.returncode, done.stdout, done.stderr)
