# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The observer of addresses: asks the wire who has an address (ARP) and notes everybody who answers.

Asking the servers what they configured would show intentions, seconds old; two answers on the wire are what breaks a
client. Needs root, and an own address on that network.
"""

from __future__ import annotations

import argparse
import errno
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address
from pathlib import Path
from types import FrameType

from .history import Holding, to_line

ETHERTYPE_ARP = 0x0806
REQUEST, REPLY = 1, 2
BROADCAST = b"\xff" * 6
FRAME = struct.Struct("!6s6sH HHBBH 6s4s6s4s")


def question(hardware: bytes, own: str, wanted: str) -> bytes:
    """Return the frame that asks everybody on the wire who has an address."""
    own_bytes, wanted_bytes = IPv4Address(own).packed, IPv4Address(wanted).packed
    header = (BROADCAST, hardware, ETHERTYPE_ARP, 1, 0x0800, 6, 4, REQUEST)
    return FRAME.pack(*header, hardware, own_bytes, b"\x00" * 6, wanted_bytes)


def answer(frame: bytes) -> tuple[str, str] | None:
    """Return address and hardware address of who answers, or nothing when the frame is no such answer."""
    if len(frame) < FRAME.size:
        return None
    fields = FRAME.unpack(frame[: FRAME.size])
    ethertype, (operation, hardware, address) = fields[2], fields[7:10]
    if ethertype != ETHERTYPE_ARP or operation != REPLY:
        return None
    return str(IPv4Address(address)), hardware.hex(":")


def interface_to(address: str) -> tuple[str, str]:
    """Return the interface of this machine towards an address, and the address that it has there itself."""
    words = subprocess.run(
        ["ip", "-o", "route", "get", address], capture_output=True, text=True, check=True
    ).stdout.split()
    return words[words.index("dev") + 1], words[words.index("src") + 1]


class Wire:
    """One network: asks for addresses and collects the answers."""

    def __init__(self, interface: str, own: str) -> None:
        self.interface, self.own = interface, own
        self._open()

    def _open(self) -> None:
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETHERTYPE_ARP))
        self.socket.bind((self.interface, ETHERTYPE_ARP))
        self.hardware: bytes = self.socket.getsockname()[4]

    def ask(self, addresses: Iterable[str], seconds: float) -> dict[str, set[str]]:
        """Return the hardware addresses that answered for each address within this time."""
        found: dict[str, set[str]] = {address: set() for address in addresses}
        end = time.monotonic() + seconds
        try:
            for address in found:
                self.socket.send(question(self.hardware, self.own, address))
            while (left := end - time.monotonic()) > 0:
                self.socket.settimeout(left)
                said = answer(self.socket.recv(2048))
                if said and said[0] in found:
                    found[said[0]].add(said[1])
        except TimeoutError:
            return found
        except OSError as gone:
            # Every server on this network is off, and with the last cable the network itself is down or gone.
            if gone.errno not in (errno.ENETDOWN, errno.ENXIO, errno.ENODEV):
                raise
            self.socket.close()
            time.sleep(max(end - time.monotonic(), 0))
            self._again()
        return found

    def _again(self) -> None:
        """Listen anew as soon as the network is there again."""
        while True:
            try:
                self._open()
            except OSError as gone:
                self.socket.close()
                if gone.errno not in (errno.ENETDOWN, errno.ENODEV):
                    raise
                time.sleep(0.1)
            else:
                return


class Watcher:
    """Knows the servers of one network and says who holds the virtual addresses there."""

    def __init__(self, servers: dict[str, str], virtual: Sequence[str]) -> None:
        self.servers = servers
        self.virtual = virtual
        self.wire = Wire(*interface_to(virtual[0]))
        self.names: dict[str, str] = {}

    def look(self) -> list[Holding]:
        """Ask once for all addresses. The servers' own ones tell whose hardware address is whose."""
        at = time.monotonic()
        found = self.wire.ask([*self.servers.values(), *self.virtual], 0.1)
        for name, address in self.servers.items():
            self.names.update(dict.fromkeys(found[address], name))
        return [
            Holding(address, at, tuple(sorted(self.names.get(one, one) for one in found[address])))
            for address in self.virtual
        ]


def main() -> None:
    """Run the observer as a program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", action="append", required=True, help="name=address on this network")
    parser.add_argument("--address", action="append", required=True, help="a virtual address")
    parser.add_argument("--record", type=Path, required=True)
    parser.add_argument("--interval", type=float, default=0.25)
    parser.add_argument("--seconds", type=float, default=600.0)
    arguments = parser.parse_args()
    stopped = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGTERM, stop)
    watcher = Watcher(dict(one.split("=", 1) for one in arguments.server), arguments.address)
    end = time.monotonic() + arguments.seconds
    with arguments.record.open("x", encoding="utf-8") as record:
        while not stopped and time.monotonic() < end:
            began = time.monotonic()
            record.writelines(to_line(holding) for holding in watcher.look())
            record.flush()
            time.sleep(max(0.0, began + arguments.interval - time.monotonic()))


if __name__ == "__main__":
    main()
