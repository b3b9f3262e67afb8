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
from collections.abc import Iterator, Sequence

from .lab import Server, wait_until


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


@contextlib.contextmanager
def bmc_refusing(*servers: Server) -> Iterator[None]:
    """Let the management controllers answer and switch nothing."""
    with contextlib.ExitStack() as undo:
        for server in servers:
            undo.callback(server.bmc_start)
            server.bmc_refuse()
        yield


@contextlib.contextmanager
def bmc_lying(*servers: Server) -> Iterator[None]:
    """Let the management controllers say that they have switched what they were told to, and switch nothing."""
    with contextlib.ExitStack() as undo:
        for server in servers:
            undo.callback(server.bmc_start)
            server.bmc_lie()
        yield


@contextlib.contextmanager
def killed(server: Server, program: str, sign: str = "") -> Iterator[None]:
    """Kill the oldest process of a program: that is the one which watches over the others.

    :param sign: a command of which the server has to say something else before the fault is over: until somebody has
        noticed, a cluster still looks whole.
    """
    before = server.must(sign or "true")
    server.must(f"pkill -KILL -o -x {program}")
    yield
    if sign:
        wait_until(
            lambda: server.ssh(sign, timeout=10).stdout.strip() not in {"", before}, 120, f"{program} is noticed"
        )


@contextlib.contextmanager
def service_struck(server: Server, unit: str, signal: str) -> Iterator[None]:
    """Send a signal to every process of a service; it is over when the service has a new first process."""
    number = f"systemctl show --property MainPID --value {unit}"
    before = server.must(number)
    assert before != "0", f"{unit} does not run on {server.name}"
    with contextlib.ExitStack() as undo:
        # A stopped process of before that nobody has replaced goes on.
        undo.callback(server.ssh, f"test $({number}) != {before} || systemctl kill --signal CONT {unit}")
        server.must(f"systemctl kill --signal {signal} {unit}")
        yield
        wait_until(
            lambda: server.ssh(number, timeout=10).stdout.strip() not in {"", "0", before}, 120, f"{unit} runs anew"
        )


@contextlib.contextmanager
def service_stopped(server: Server, unit: str) -> Iterator[None]:
    """Stop a service in order; afterwards it runs again."""
    with contextlib.ExitStack() as undo:
        undo.callback(server.ssh, f"systemctl start {unit}")
        server.must(f"systemctl stop {unit}")
        yield


@contextlib.contextmanager
def service_restarted(server: Server, unit: str) -> Iterator[None]:
    """Restart a service, as an upgrade does."""
    with service_stopped(server, unit):
        server.must(f"systemctl start {unit}")
        yield


VRRP = "112"
"""The number of its protocol."""


@contextlib.contextmanager
def _vanishing(server: Server, *matches: tuple[str, str]) -> Iterator[None]:
    """Let packets of a server vanish.

    :param matches: ``input`` for what it would hear, ``output`` for what it says; and which of these packets.
    """
    table = "inet pgha_fault"
    rules = [f"add table {table}"]
    for way in dict.fromkeys(way for way, _match in matches):
        rules.append(f"add chain {table} {way} {{ type filter hook {way} priority -300; policy accept; }}")
    rules += [f"add rule {table} {way} {match} counter drop" for way, match in matches]
    with contextlib.ExitStack() as undo:
        # A server that was fenced meanwhile has no such table any more.
        undo.callback(server.ssh, f"nft delete table {table}")
        answer = server.ssh("nft -f -", stdin="\n".join(rules) + "\n")
        assert answer.rc == 0, answer.stderr
        yield


@contextlib.contextmanager
def vrrp_blocked(server: Server, *ways: str) -> Iterator[None]:
    """Let a server's VRRP packets vanish and nothing else.

    :param ways: ``input`` for what it would hear, ``output`` for what it says.
    """
    with _vanishing(server, *((way, f"meta l4proto {VRRP}") for way in ways)):
        yield


@contextlib.contextmanager
def parted(server: Server, *others: Server, also: Sequence[str] = ()) -> Iterator[None]:
    """Let everything between a server and these others vanish on every network, and nothing else.

    :param also: addresses that are not the others' own, such as those that move.
    """
    addresses = ", ".join([*also, *(address for other in others for address in other.addresses.values())])
    with _vanishing(server, ("input", f"ip saddr {{ {addresses} }}"), ("output", f"ip daddr {{ {addresses} }}")):
        yield


@contextlib.contextmanager
def network_dead(server: Server, network: str) -> Iterator[None]:
    """Let everything vanish on one network of a server whose link stays up, as behind a switch that has died."""
    interface = server.must(f"ip -o -4 address show to {server.addresses[network]}").split()[1]
    with _vanishing(server, ("input", f"iifname {interface}"), ("output", f"oifname {interface}")):
        yield
