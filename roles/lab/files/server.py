# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power button, power cord and cables of one lab server.

``server NAME on | off | reset | status``          the power button; ``off`` is the cord, not a shutdown
``server NAME freeze | thaw``                      stop every process of the server where it stands, and let it go on
``server NAME cut NETWORK | plug NETWORK``         pull a network cable, and put it back
``server NAME get power``, ``set power 0|1``, ``set reset 1``, ``set shutdown 1``: how ipmi_sim calls this program

It stands in the directory of its lab and knows its servers from there. A fencing device waits for it, so it starts in
milliseconds: only modules of the standard library that load fast, and the kernel's own state instead of podman's.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import select
import signal
import sys
import time
from collections.abc import Iterator, Sequence

from machine import RefusedError, Running, host_index, read, run

LAB = os.path.dirname(os.path.realpath(__file__))
LAB_NAME = os.path.basename(LAB)
DEATH_SECONDS = 10.0
FREEZE_SECONDS = 10.0
SHUTDOWN_SIGNAL = signal.SIGRTMIN + 4
"""What systemd as PID 1 takes as "power off", the way it takes an ACPI power button."""


class Server:
    """One lab server with its files."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.directory = os.path.join(LAB, name)
        self.container = f"pgha-{LAB_NAME}-{name}"
        if not re.fullmatch(r"[a-z][a-z0-9-]*", name) or not os.path.isdir(self.directory):
            raise RefusedError(f"the lab {LAB_NAME} has no server {name}")

    @contextlib.contextmanager
    def lock(self, what: str = "power") -> Iterator[int]:
        """Serialise: an "off" that overtakes an "on" would leave a server running that is believed dead."""
        descriptor = os.open(os.path.join(self.directory, f"{what}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)

    def running(self) -> Running | None:
        """Return the server's first process, None when it is off."""
        text, container_id = read(self.directory, "pid"), read(self.directory, "container_id")
        if not text or not container_id:
            return None
        try:
            pid = int(text)
            pidfd = os.pidfd_open(pid)
        except (ValueError, ProcessLookupError):
            return None
        if f"libpod-{container_id}" not in read(f"/proc/{pid}/cgroup") or select.select([pidfd], [], [], 0)[0]:
            os.close(pidfd)
            return None
        return Running(pid, pidfd, container_id)

    def starting(self) -> bool:
        """Return whether a start is under way; its process holds this lock, so that its death ends the claim."""
        with open(os.path.join(self.directory, "starting.lock"), "a", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError as busy:
                if busy.errno != errno.EWOULDBLOCK:
                    raise
                return True
        return False

    def is_on(self) -> bool:
        """A server that is being started counts as on: it may write at any moment."""
        return self.starting() or self.running() is not None

    def answered(self, what: str, value: str) -> bool:
        """Return whether a management controller that does not work (see the program bmc) has dealt with a request."""
        mode = read(self.directory, "bmc", "mode")
        if mode == "refuse":
            raise RefusedError(f"the management controller of {self.name} refuses")
        if mode == "lie" and what == "power":
            with open(os.path.join(self.directory, "bmc", "claimed"), "w", encoding="utf-8") as file:
                file.write(value)
        return mode == "lie"

    def off(self) -> None:
        """Cut the power: first the network, because a dead machine sends no FIN and no RST; then everything else."""
        machine = self.running()
        if machine is None:
            return
        downs = "".join(f"link set dev {name} down\n" for name in machine.interfaces())
        machine.inside("ip", "-batch", "-", stdin=downs)
        freezer, _frozen, thawed = machine.freezer()
        signal.pidfd_send_signal(machine.pidfd, signal.SIGKILL)
        # A frozen process keeps its death to itself until it is thawed.
        with contextlib.suppress(FileNotFoundError), open(freezer, "w", encoding="utf-8") as file:
            file.write(thawed)
        if not machine.exited(DEATH_SECONDS):
            raise RefusedError(f"{self.name} did not die within {DEATH_SECONDS:g} seconds")

    def start(self) -> None:
        """Start the container and wait for it; a cable that was pulled stays pulled.

        Podman gives every interface a default route, and whichever came first wins; a server has one, on eth0.
        """
        if self.running() is not None:
            return
        self.clean_up()
        run("podman", "start", self.container)
        for network in self.cut_networks():
            self.cut(network)
        self.pin_bridges()
        machine = self.must_run()
        flushes = [f"route flush exact default dev {name}\n" for name in machine.interfaces() if name != "eth0"]
        machine.inside("ip", "-batch", "-", stdin="".join(flushes))

    def clean_up(self) -> None:
        """Let podman see that the server is off.

        Right after a power cut it still believes in a running server, or holds on to the dead one's network: a start
        would then do nothing, or put the server into that network with all its links down.
        """
        deadline = time.monotonic() + DEATH_SECONDS
        while True:
            try:
                run("podman", "container", "cleanup", self.container)
            except RefusedError:
                if time.monotonic() > deadline:
                    raise
            else:
                return

    def press(self) -> None:
        """Press the power button and come back at once, as a BMC does; the child keeps the caller's lock."""
        with self.lock("starting"):
            if os.fork() != 0:
                return
            os.setsid()
            nothing = os.open(os.devnull, os.O_RDWR)
            log = os.open(os.path.join(self.directory, "power.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            for descriptor, target in ((nothing, 0), (log, 1), (log, 2)):
                os.dup2(descriptor, target)
            try:
                self.start()
            except RefusedError as reason:
                print(reason, flush=True)
            finally:
                os._exit(0)

    def shut_down(self) -> None:
        """Ask the operating system to power off, as the ACPI button does."""
        machine = self.running()
        if machine is not None:
            signal.pidfd_send_signal(machine.pidfd, SHUTDOWN_SIGNAL)

    def freeze(self, frozen: bool) -> None:
        """Stop every process where it stands, or let them go on."""
        machine = self.must_run()
        path, freeze, thaw = machine.freezer()
        wanted = freeze if frozen else thaw
        with open(path, "w", encoding="utf-8") as file:
            file.write(wanted)
        deadline = time.monotonic() + FREEZE_SECONDS
        while read(path) != wanted:
            if time.monotonic() > deadline:
                raise RefusedError(f"{self.name} is still {read(path)}")
            time.sleep(0.01)

    def is_frozen(self) -> bool:
        """Return whether somebody froze the server."""
        machine = self.running()
        if machine is None:
            return False
        path, frozen, _thawed = machine.freezer()
        return read(path) == frozen

    def must_run(self) -> Running:
        """Return the running server or refuse."""
        machine = self.running()
        if machine is None:
            raise RefusedError(f"{self.name} is off")
        return machine

    def cut_networks(self) -> list[str]:
        """Return the networks whose cable is pulled."""
        return sorted(os.listdir(os.path.join(self.directory, "cut")))

    def cable(self, network: str) -> str:
        """Return the host's end of a cable; taking that end down is what a pulled cable looks like inside."""
        interface = read(self.directory, "interfaces", network)
        if not interface:
            raise RefusedError(f"{self.name} has no network {network}")
        index = host_index(self.must_run().inside("ip", "-o", "link", "show", "dev", interface))
        for name in os.listdir("/sys/class/net"):
            if read("/sys/class/net", name, "ifindex") == str(index):
                return name
        raise RefusedError(f"the cable of {self.name} to {network} is gone")

    def pin_bridges(self) -> None:
        """Let the networks' bridges keep their hardware address whatever is plugged in or dies.

        A bridge takes the least address of its ports, so that the death of one server can change it. The other servers
        then send to an address that is gone, until they ask anew after half a minute: neither a fence device nor a
        client would be reached by the survivor. No switch or gateway does that.
        """
        for network in os.listdir(os.path.join(self.directory, "interfaces")):
            bridge = os.path.basename(os.path.realpath(os.path.join("/sys/class/net", self.cable(network), "master")))
            run("ip", "link", "set", "dev", bridge, "address", read("/sys/class/net", bridge, "address"))

    def cut(self, network: str) -> None:
        """Pull a cable: no carrier inside, while addresses and routes stay as they are."""
        run("ip", "link", "set", "dev", self.cable(network), "down")
        with open(os.path.join(self.directory, "cut", network), "w", encoding="utf-8"):
            pass

    def plug(self, network: str) -> None:
        """Put a cable back."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.directory, "cut", network))
        if self.running() is not None:
            run("ip", "link", "set", "dev", self.cable(network), "up")


def power(server: Server, wanted: str) -> None:
    """Do what the power button, the power cord or the BMC was asked."""
    with server.lock():
        if wanted in ("off", "reset"):
            server.off()
        if wanted in ("press", "reset"):
            server.press()
        if wanted == "on":
            with server.lock("starting"):
                server.start()
        if wanted == "shutdown":
            server.shut_down()


def describe(server: Server) -> str:
    """Return one line on the state of a server."""
    words = ["on" if server.is_on() else "off"]
    if server.is_frozen():
        words.append("frozen")
    words += [f"cut:{network}" for network in server.cut_networks()]
    return " ".join(words)


def obey(server: Server, words: Sequence[str]) -> None:
    """Carry out one request; what ipmi_sim reads goes to standard output."""
    match list(words):
        case ["get", "power"]:
            print(f"power:{read(server.directory, 'bmc', 'claimed') or int(server.is_on())}")
        case ["set", what, value] if server.answered(what, value):
            pass
        case ["set", "power", level] if level in ("0", "1"):
            power(server, "press" if level == "1" else "off")
        case ["set", "reset", "1"]:
            power(server, "reset")
        case ["set", "shutdown", "1"]:
            power(server, "shutdown")
        case ["on" | "off" | "reset" as wanted]:
            power(server, wanted)
        case ["status"]:
            print(describe(server))
        case ["freeze" | "thaw" as wanted]:
            with server.lock():
                server.freeze(wanted == "freeze")
        case ["cut" | "plug" as wanted, network]:
            with server.lock():
                (server.cut if wanted == "cut" else server.plug)(network)
        case _:
            raise RefusedError(f"I do not understand {' '.join(words)}\n\n{__doc__}")


def main(arguments: Sequence[str]) -> int:
    """Carry out one request; ipmi_sim takes any output on standard error as a failure's reason."""
    if not arguments:
        print(__doc__)
        return 2
    try:
        obey(Server(arguments[0]), arguments[1:])
    except RefusedError as reason:
        print(reason, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
