# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hardware of a lab server that has a kernel of its own: first process of the container around it.

It hands the container's network cards over to the guest, boots User Mode Linux, boots it again when the guest wants to
restart, and ends with it when the guest powers off. When this process dies, the kernel of the lab's machine takes
everything in the container along: that is the power cord.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LAB = Path("/lab")
CONTROL = Path("/run/uml")
SHUTDOWN_SIGNAL = signal.SIGRTMIN + 4
"""What the power button sends; the same that systemd as first process would take as "power off"."""

# How a request to User Mode Linux's management console begins, and how long its text may be.
CONSOLE_MAGIC = 0xCAFEBABE
CONSOLE_VERSION = 2
CONSOLE_TEXT = 512
CONSOLE_SECONDS = 2.0

# What the guest's kernel says last. Anything else, such as a panic or a reset by sysrq, is a restart.
BOOTED = "VFS: Mounted root"
ENDINGS = ("reboot: Power down", "reboot: System halted")
TAIL_BYTES = 4096
LARGE_JOURNAL = 16 * 2**20


@dataclass(frozen=True)
class Card:
    """One network card: the container has it from podman, the guest gets it."""

    name: str
    address: str
    hardware: str


@dataclass(frozen=True)
class Disk:
    """One disk beside the one that the guest boots from; a shared one lies where other servers have it, too."""

    name: str
    megabytes: int
    shared: bool

    @property
    def path(self) -> Path:
        """The file that holds it."""
        return LAB / ("shared" if self.shared else "own") / f"{self.name}.img"


def disk_of(text: str) -> Disk:
    """Read ``NAME:MEGABYTES:own`` or ``NAME:MEGABYTES:shared``."""
    name, megabytes, place = text.split(":")
    return Disk(name, int(megabytes), place == "shared")


def cards_of(addresses: str) -> list[Card]:
    """Return the cards out of ``ip -j address show``."""
    cards = []
    for item in json.loads(addresses):
        inet = [entry for entry in item.get("addr_info", []) if entry["family"] == "inet"]
        if item["ifname"].startswith("eth") and inet:
            cards.append(Card(item["ifname"], f"{inet[0]['local']}/{inet[0]['prefixlen']}", item["address"]))
    return sorted(cards, key=lambda card: card.name)


def gateway_of(routes: str) -> str:
    """Return the default gateway out of ``ip -j route show default dev eth0``, empty when there is none."""
    return next((str(route["gateway"]) for route in json.loads(routes) if "gateway" in route), "")


def bridge_batch(card: Card) -> list[str]:
    """Return what joins a card of the container with the guest's.

    The guest answers for the card's hardware address from now on. The container's end must have another one: a bridge
    takes what is sent to the address of its own port for itself.
    """
    tap, bridge = f"tap-{card.name}", f"br-{card.name}"
    return [
        f"address flush dev {card.name}",
        f"link set dev {card.name} address 06{card.hardware[2:]}",
        f"link add name {bridge} type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
        f"tuntap add dev {tap} mode tap",
        f"link set dev {card.name} master {bridge}",
        f"link set dev {tap} master {bridge}",
        *(f"link set dev {device} addrgenmode none" for device in (bridge, tap)),
        *(f"link set dev {device} up" for device in (card.name, tap, bridge)),
    ]


def guest_batch(cards: Sequence[Card], gateway: str) -> list[str]:
    """Return what the guest does with its cards: the names and addresses that a container of the lab would have."""
    lines = ["link set dev lo up"]
    for number, card in enumerate(cards):
        lines += [
            f"link set dev vec{number} name {card.name}",
            f"address add {card.address} brd + dev {card.name}",
            f"link set dev {card.name} up",
        ]
    return [*lines, *([f"route add default via {gateway}"] if gateway else [])]


def kernel_argv(name: str, memory: int, cards: Sequence[Card], disks: Sequence[Disk]) -> list[str]:
    """Return the command that boots the guest.

    Without gro the guest takes single frames, and bulk data such as DRBD's crawls at a hundredth of the speed. Without
    noreboot the kernel would start itself again over processes of its last life. Five hundred terminals of a kind that
    nobody has used for decades would be half the time of booting.
    """
    return [
        *(f"{LAB}/base/linux", "umid=guest", f"uml_dir={CONTROL}", f"mem={memory}M"),
        *("root=/dev/ubda", "rw", f"ubd0={LAB}/own/root.cow,{LAB}/base/root.img"),
        *(
            f"ubd{number}{'c' if disk.shared else ''}={disk.path},,{disk.name}"
            for number, disk in enumerate(disks, start=1)
        ),
        *(
            f"vec{number}:transport=tap,ifname=tap-{card.name},mac={card.hardware},depth=128,gro=1"
            for number, card in enumerate(cards)
        ),
        *("con=null", "con0=null,fd:1", "con1=null,fd:1", f"hostfs={LAB}/guest"),
        *(f"systemd.hostname={name}", "audit=0", "panic=1", "noreboot", "pty.legacy_count=0"),
    ]


def ended(said: str) -> bool:
    """Tell from a guest's last words whether it powered off, or wants to boot again.

    :raises RuntimeError: it never got as far as its root file system: another try would end the same way.
    """
    if BOOTED not in said:
        raise RuntimeError("the guest did not boot")
    return any(ending in said[-TAIL_BYTES:] for ending in ENDINGS)


def ask(words: str) -> None:
    """Say something to the guest's kernel through its management console; a guest without ears yet is left alone."""
    text = words.encode()
    request = struct.pack(f"=III{CONSOLE_TEXT}s", CONSOLE_MAGIC, CONSOLE_VERSION, len(text), text)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as console, contextlib.suppress(OSError):
        console.bind("")
        console.settimeout(CONSOLE_SECONDS)
        console.sendto(request, str(CONTROL / "guest/mconsole"))
        console.recv(3 * 4 + CONSOLE_TEXT)


def press_button(_number: int, _frame: Any) -> None:
    """Pass the power button on; the guest's systemd takes these three keys as "power off"."""
    ask("cad")


def run(*argv: str, stdin: str = "") -> str:
    """Run a program and return what it says."""
    return subprocess.run(argv, input=stdin, stdout=subprocess.PIPE, text=True, check=True).stdout


def batch(lines: Iterable[str]) -> str:
    """Return lines as ``ip -batch`` reads them."""
    return "".join(f"{line}\n" for line in lines)


def stay_on(number: int) -> None:
    """Keep this process, and all that it will start, on one processor.

    The guest's kernel and each of its programs are processes here that take turns: a system call in the guest is a
    change from one to the other and back. On two processors each change wakes one of them up, which takes several times
    as long.

    :param number: of this machine among the lab's; they spread over the processors there are.
    """
    processors = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {processors[number % len(processors)]})


def make_disk(disk: Disk) -> None:
    """Make a disk unless it is there; of a shared one any server may be the first, and all make the same."""
    descriptor = os.open(disk.path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if os.fstat(descriptor).st_size == 0:
            os.ftruncate(descriptor, disk.megabytes * 2**20)
    finally:
        os.close(descriptor)


def take_over(name: str) -> list[Card]:
    """Take the cards away from the container, and write down for the guest who it is."""
    cards = cards_of(run("ip", "-j", "address", "show"))
    gateway = gateway_of(run("ip", "-j", "route", "show", "default", "dev", "eth0"))
    guest = LAB / "guest"
    (guest / "network").write_text(batch(guest_batch(cards, gateway)))
    for directory in ("root", "root/.ssh"):
        (guest / "root" / directory).chmod(0o700)
    (guest / "root/etc/hostname").write_text(f"{name}\n")
    shutil.copyfile("/etc/resolv.conf", guest / "root/etc/resolv.conf")
    run("ip", "-batch", "-", stdin=batch(line for card in cards for line in bridge_batch(card)))
    return cards


def live(argv: Sequence[str], journal: Path) -> str:
    """Boot the guest and return what it said once it has ended; the dead of other parents are buried on the way."""
    with journal.open("ab") as console:
        begin = console.seek(0, os.SEEK_END)
        kernel = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
    while os.waitpid(-1, 0)[0] != kernel.pid:
        pass
    # What the guest left behind would otherwise live on as processes of this machine, with its disks open.
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)
    with journal.open("rb") as console:
        console.seek(begin)
        return console.read().decode(errors="replace")


def main() -> int:
    """Be the hardware until the guest powers off."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--memory", type=int, required=True)
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--disk", type=disk_of, action="append", default=[])
    options = parser.parse_args()
    name = socket.gethostname()
    signal.signal(SHUTDOWN_SIGNAL, press_button)
    stay_on(options.number)
    journal = LAB / "journal/console.log"
    if journal.exists() and journal.stat().st_size > LARGE_JOURNAL:
        journal.rename(journal.with_suffix(".old"))
    (LAB / "own").mkdir(exist_ok=True)
    for disk in options.disk:
        make_disk(disk)
    argv = kernel_argv(name, options.memory, take_over(name), options.disk)
    os.environ["TMPDIR"] = f"{LAB}/memory"
    while True:
        # Of a life that ended with a power cut: the kernel would take one of our processes for its own.
        shutil.rmtree(CONTROL, ignore_errors=True)
        if ended(live(argv, journal)):
            return 0


if __name__ == "__main__":
    sys.exit(main())
