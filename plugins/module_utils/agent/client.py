# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking the agent on this server, over its control socket. Small and quick to load: keepalived asks often.

This module util is private to the collection.
"""

from __future__ import annotations

import json
import socket

# What typing would cost is a third of a short command's time; mypy takes this name for true.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

RUN_DIRECTORY = "/run/pgha-agent"
SECONDS = 2.0
"""The agent answers from memory. One that needs longer hangs."""


class SilentError(Exception):
    """No agent answers."""


class DeniedError(Exception):
    """This user may not ask for that."""


class RefusedError(Exception):
    """The agent answers that it cannot do that."""


def ask(run_directory: str, verb: str, **more: object) -> dict[str, Any]:
    """Send a request and return the answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as opened:
        opened.settimeout(SECONDS)
        try:
            opened.connect(f"{run_directory}/control")
            opened.sendall(json.dumps({"verb": verb, **more}).encode() + b"\n")
            said = b""
            while part := opened.recv(65536):
                said += part
        except PermissionError as error:
            raise DeniedError("Only root and members of the group pgha-agent may ask the agent.") from error
        except OSError as error:
            raise SilentError(f"The agent does not answer: {error}.") from error
    if not said.endswith(b"\n"):
        raise SilentError("The agent has broken its answer off.")
    answer = json.loads(said)
    if "refused" in answer:
        raise (DeniedError if answer.get("denied") else RefusedError)(answer["refused"])
    return dict(answer)
