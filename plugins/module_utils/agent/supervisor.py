# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Talking to systemd: ready, alive, and one line of what is so. Nothing happens when nobody listens.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping


class Supervisor:
    """The notification socket of a ``Type=notify`` unit.

    :ivar watchdog: seconds within which systemd wants a sign of life; 0 when it wants none.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        place = environment.get("NOTIFY_SOCKET", "")
        # An abstract socket is written with an @ and begins with a zero byte.
        self._address = "\0" + place[1:] if place.startswith("@") else place
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) if place else None
        self.watchdog = int(environment.get("WATCHDOG_USEC", "0")) / 1e6 if place else 0.0
        self._status = ""

    def _say(self, text: str) -> None:
        if self._socket is not None:
            # Full or gone: the next word says the same, and the loop must not wait for systemd.
            with contextlib.suppress(OSError):
                self._socket.sendto(text.encode(), self._address)

    def ready(self) -> None:
        """The agent has begun its work."""
        self._say("READY=1")

    def alive(self) -> None:
        """The loop still turns."""
        self._say("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Say in a line what is so; shown by ``systemctl status``."""
        if text != self._status:
            self._status = text
            self._say("STATUS=" + text.replace("\n", " "))

    def stopping(self) -> None:
        """The agent ends in order."""
        self._say("STOPPING=1")

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
