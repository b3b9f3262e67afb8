# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's datagram sockets: one in each network that the two servers share. Nothing here blocks or raises.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Sequence

Endpoint = tuple[str, int]

DATAGRAM_BYTES = 4096
AT_ONCE = 32
"""Datagrams read at one wake-up: a flood must not keep the loop from its ticks."""
BIND_AGAIN_SECONDS = 1.0


class Wire:
    """Sockets bound to the addresses of this server, each with the address of the other one in the same network.

    An address may come late, after a network card or a bond is up. Its socket is bound when it is there.
    """

    def __init__(self, listen: Sequence[Endpoint], peers: Sequence[Endpoint]) -> None:
        self._pairs = list(zip(listen, peers, strict=True))
        self._known = {ipaddress.ip_address(peer[0]) for peer in peers}
        self._open: dict[Endpoint, socket.socket] = {}
        self._bind_at = 0.0
        self._last = b""

    def missing(self) -> list[str]:
        """Return the addresses of this server that cannot be used yet."""
        return [listen[0] for listen, _peer in self._pairs if listen not in self._open]

    def bind(self, now: float) -> list[socket.socket]:
        """Bind what is not bound yet, and return the new sockets."""
        if now < self._bind_at or not self.missing():
            return []
        self._bind_at = now + BIND_AGAIN_SECONDS
        fresh = []
        for listen, _peer in self._pairs:
            if listen not in self._open and (opened := _bound(listen)) is not None:
                self._open[listen] = opened
                fresh.append(opened)
        return fresh

    def send(self, message: bytes) -> None:
        """Send the message on every network. A network that is down is no reason to stop: another one may be up."""
        for listen, peer in self._pairs:
            if listen in self._open:
                with contextlib.suppress(OSError):
                    self._open[listen].sendto(message, peer)

    def receive(self, source: socket.socket) -> list[bytes]:
        """Return what has come in, without what strangers have sent.

        Each message comes over every network, and counts once: only its first copy is worth a look.
        """
        found: list[bytes] = []
        for _number in range(AT_ONCE):
            try:
                datagram, sender = source.recvfrom(DATAGRAM_BYTES)
            except BlockingIOError:
                break
            except OSError:
                # What the network says about an earlier datagram of ours; it concerns none that came in.
                continue
            if datagram != self._last and ipaddress.ip_address(sender[0].split("%")[0]) in self._known:
                self._last = datagram
                found.append(datagram)
        return found

    def close(self) -> None:
        """Close the sockets."""
        for opened in self._open.values():
            opened.close()
        self._open.clear()


def _bound(listen: Endpoint) -> socket.socket | None:
    """Return a socket on the address, or nothing while this server does not have it."""
    family = socket.AF_INET6 if ":" in listen[0] else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        opened.bind(listen)
    except OSError:
        opened.close()
        return None
    return opened
