# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where clients find the servers: files that keepalived reads, or addresses that the agent takes by itself.

What is wanted follows from what the agent has observed and recorded, and is pure; carrying it out changes only what
differs.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Observation, Postgres, Role
from ansible_collections.pgha.cluster.plugins.module_utils.agent.report import may_hold_write
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner

IP_SECONDS = 5.0
ARPING_SECONDS = 10.0
AGAIN_SECONDS = 5.0
"""An address that somebody else took away is taken again after this long."""
READS_BEST, READS, READS_NOT = 100, 50, -100


class Address(Protocol):
    """An address that clients use."""

    @property
    def ip(self) -> str: ...
    @property
    def prefix(self) -> int: ...
    @property
    def kind(self) -> str: ...


def tracks(o: Observation) -> dict[str, int]:
    """Return what keepalived is to read: a fault (not 0) of the write address, a weight of the read address."""
    reads = READS_NOT
    if o.postgres is Postgres.STANDBY and o.follows:
        reads = READS_BEST
    elif may_hold_write(o.record, o.postgres):
        reads = READS
    return {"write": 0 if may_hold_write(o.record, o.postgres) else 1, "read": reads}


def holds(o: Observation) -> frozenset[str]:
    """Return the kinds of addresses that this server is to hold."""
    heard = o.heard
    found = set()
    if may_hold_write(o.record, o.postgres):
        found.add("write")
    standby_reads = o.fresh and heard is not None and heard.postgres is Postgres.STANDBY and o.follows
    if (o.postgres is Postgres.STANDBY and o.follows) or (may_hold_write(o.record, o.postgres) and not standby_reads):
        found.add("read")
    return frozenset(found)


def keeps(o: Observation) -> frozenset[str]:
    """Return the kinds of addresses that this server need not give up yet, and must not take either.

    A primary whose PostgreSQL is down keeps the write address, and refuses, until the other server has won the reign: a
    client that is refused tries again at once, and one that finds nobody waits a whole second. It keeps it only while
    the other agent is heard. Seen: one that took it for the same reason, after a boot, had it beside the new primary.
    """
    heard = o.heard
    handing_over = o.fresh and heard is not None and heard.role is not Role.PRIMARY
    was_primary = o.record.role is Role.PRIMARY or o.record.yielded
    serves = o.postgres in (Postgres.PRIMARY, Postgres.STANDBY)
    return frozenset({"write"} if was_primary and handing_over and not serves else ())


class TrackFiles:
    """The files that keepalived watches. Written only when something changes, and never half."""

    def __init__(self, directory: str) -> None:
        self._directory = Path(directory)
        self._written: dict[str, int] = {}

    def write(self, wanted: dict[str, int]) -> None:
        """Let the files say what is wanted."""
        for name, value in wanted.items():
            if self._written.get(name) != value:
                draft = self._directory / f".{name}.new"
                draft.write_text(f"{value}\n", encoding="ascii")
                draft.chmod(0o644)
                draft.replace(self._directory / name)
                self._written[name] = value


def interface_of(listing: str, address: str) -> str:
    """Return the interface that carries an address, from ``ip -j addr show``; nothing when none does."""
    for link in json.loads(listing):
        if any(_same(one.get("local", ""), address) for one in link.get("addr_info", [])):
            return str(link["ifname"])
    return ""


def held(listing: str, interface: str) -> frozenset[str]:
    """Return the addresses of an interface."""
    links = [link for link in json.loads(listing) if link["ifname"] == interface]
    return frozenset(one["local"] for link in links for one in link.get("addr_info", []) if "local" in one)


def _same(one: str, other: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(one) == ipaddress.ip_address(other)
    return False


class Addresses:
    """The addresses of clients on this server's own interface.

    :param beside: an address of this server in the clients' network: the others go to its interface.
    """

    def __init__(self, addresses: Sequence[Address], beside: str, runner: Runner) -> None:
        self._addresses, self._beside, self._runner = tuple(addresses), beside, runner

    def set(self, kinds: frozenset[str], keep: frozenset[str] = frozenset()) -> list[str]:
        """Hold the addresses of these kinds and no others; return what was done. Blocks for a moment.

        :param keep: kinds of which one that is held may stay.

        An address is given up before another one is taken.
        """
        listing = self._ip("-j", "addr", "show")
        interface = interface_of(listing, self._beside)
        if not interface:
            raise PghaError(f"No interface carries {self._beside}.", next_step="bring the clients' network up")
        present = held(listing, interface)
        done = []
        for take in (False, True):
            for one in self._addresses:
                has = any(_same(address, one.ip) for address in present)
                if one.kind in keep and has:
                    continue
                if (one.kind in kinds) is take and has is not take:
                    self._change(one, interface, take)
                    done.append(f"{'took' if take else 'gave up'} {one.ip}")
        return done

    def _change(self, one: Address, interface: str, take: bool) -> None:
        six = ipaddress.ip_address(one.ip).version == 6
        # Nobody may wait until it is proven that nobody else has it: the agent has proven more than that.
        more = ["nodad"] if six and take else []
        self._ip("addr", "add" if take else "del", f"{one.ip}/{one.prefix}", "dev", interface, *more)
        if take and not six:
            threading.Thread(target=self._announce, args=(one.ip, interface), name="arping", daemon=True).start()

    def _announce(self, ip: str, interface: str) -> None:
        """Tell the neighbours, at once and again: whoever missed it asks the old server until its memory fades."""
        for way in ("-U", "-A"):
            with contextlib.suppress(PghaError):
                self._runner(["arping", way, "-c", "2", "-I", interface, ip], timeout=ARPING_SECONDS)

    def _ip(self, *words: str) -> str:
        argv = ["ip", *words]
        done: Any = self._runner(argv, timeout=IP_SECONDS)
        if done.rc != 0:
            raise PghaError("An address could not be changed.", ran=argv, said=done.stderr)
        return str(done.stdout)


class Announcer:
    """Lets clients find the servers as the agent has decided; never blocks.

    :param addresses: what takes addresses; None where keepalived does, by the files.
    :param tell: called, in a thread, with what was done or what hinders it.
    """

    def __init__(self, files: TrackFiles, addresses: Addresses | None, tell: Callable[[str], None]) -> None:
        self._files, self._addresses, self._tell = files, addresses, tell
        # Nothing is known before the first look: an address from before a restart may have to go.
        self._wanted: tuple[frozenset[str], frozenset[str]] | None = None
        self._told = ""
        self._wake = threading.Event()
        self._over = False
        if addresses is not None:
            self._thread = threading.Thread(target=self._run, args=(addresses,), name="addresses", daemon=True)
            self._thread.start()

    def settle(self, o: Observation) -> None:
        """Take note of what is so now, with the record as it is after the last decision."""
        self._files.write(tracks(o))
        wanted = holds(o), keeps(o)
        if wanted != self._wanted:
            self._wanted = wanted
            self._wake.set()

    def stop(self) -> None:
        """End; the addresses stay as they are, for PostgreSQL does so, too."""
        self._over = True
        self._wake.set()

    def _run(self, addresses: Addresses) -> None:
        # Not before the first decision: an agent that starts anew changes nothing that is right.
        self._wake.wait()
        while not self._over:
            self._wake.clear()
            self.carry_out(addresses)
            self._wake.wait(AGAIN_SECONDS)

    def carry_out(self, addresses: Addresses) -> None:
        """Hold what is wanted now."""
        if self._wanted is None:
            return
        try:
            said = ", ".join(addresses.set(*self._wanted))
        except (PghaError, ValueError, KeyError) as failed:
            said = f"{failed} {getattr(failed, 'said', None) or ''}".strip()
        if said and said != self._told:
            self._tell(said)
        self._told = said
