# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults as context managers: what is broken inside is whole again afterwards, whatever happened in between.

Whatever happened means also that the cluster fenced the frozen server, or that the server with the cut cable was
restarted: each undo looks at what is still broken. Undone is the fault alone; that the *cluster* is whole again is
for the test to bring about by documented commands and to prove.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from .lab import Server


@contextlib.contextmanager
def power_cut(*servers: Server) -> Iterator[None]:
    """Cut the power of all these servers; afterwards they have power again and have booted."""
    with contextlib.ExitStack() as undo:
        for server in servers:
            undo.callback(server.wait_booted)
        for server in servers:
            undo.callback(server.power_on)
        for server in servers:
            server.power_cut()
        yield


@contextlib.contextmanager
def shut_down(server: Server) -> Iterator[None]:
    """Let a server shut down in order, as for a reboot; afterwards it has power again and has booted."""
    with contextlib.ExitStack() as undo:
        undo.callback(server.wait_booted)
        undo.callback(server.power_on)
        server.shutdown()
        yield


@contextlib.contextmanager
def frozen(server: Server) -> Iterator[None]:
    """Freeze a server; afterwards it goes on where it stood, unless its power was cut meanwhile."""

    def thaw() -> None:
        if server.is_frozen():
            server.thaw()

    with contextlib.ExitStack() as undo:
        undo.callback(thaw)
        server.freeze()
        yield


@contextlib.contextmanager
def cables_cut(server: Server, *networks: str) -> Iterator[None]:
    """Pull a server's cables; without names all of them."""
    with contextlib.ExitStack() as undo:
        for network in networks or tuple(server.addresses):
            undo.callback(server.restore, network)
            server.cut(network)
        yield


@contextlib.contextmanager
def bmc_dead(*servers: Server) -> Iterator[None]:
    """Take the management controllers away: who asks is refused at once."""
    with contextlib.ExitStack() as undo:
        for server in servers:
            undo.callback(server.bmc_start)
            server.bmc_stop()
        yield


@contextlib.contextmanager
def bmc_silent(*servers: Server) -> Iterator[None]:
    """Let the management controllers fall silent: who asks waits until its own timeout."""
    with contextlib.ExitStack() as undo:
        for server in servers:
            undo.callback(server.bmc_start)
            server.bmc_hang()
        yield
