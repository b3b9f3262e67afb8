# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab in the hands of a test: power, cables, freezing, management controllers, commands on its servers."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

ROOT = Path("/var/lib/pgha-lab")
PATIENCE = "PGHA_TEST_PATIENCE"
"""Environment variable by which every deadline is multiplied on a slow machine."""

POLL_SECONDS = 0.1
BOOT_SECONDS = 60.0
COMMAND_SECONDS = 60.0
CONNECT_SECONDS = 3

BORN = "cut -d' ' -f22 /proc/1/stat"
"""When a server's first process began: the kernel's own mark of a boot is the machine's, the same for all servers."""

Found = TypeVar("Found")


def patient(seconds: float, environment: Mapping[str, str] | None = None) -> float:
    """Return a deadline as this machine needs it."""
    chosen = os.environ if environment is None else environment
    return seconds * float(chosen.get(PATIENCE) or 1)


def wait_until(
    condition: Callable[[], Found],
    deadline: float,
    what: str,
    *,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Found:
    """Wait until a condition gives something true, and return that.

    Between two questions as much time goes by as a question takes: a test that asks all the time keeps the servers from
    what it waits for.

    :param deadline: seconds, multiplied by the patience of this machine.
    :param what: what is waited for, as the failure's message names it.
    :raises AssertionError: the deadline passed; the condition is asked once more after it.
    """
    allowed = patient(deadline)
    end = clock() + allowed
    while True:
        asked = clock()
        late = asked > end
        found = condition()
        if found:
            return found
        if late:
            raise AssertionError(f"not within {allowed:g} seconds: {what}; last seen: {found!r}")
        pause(max(POLL_SECONDS, clock() - asked))


def must_stay(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Fail unless a condition holds for so many seconds. They are not multiplied: this waits for nothing."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert condition(), f"no longer: {what}"
        time.sleep(1)


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    rc: int
    stdout: str
    stderr: str


class Runner(Protocol):
    """Runs a command of this machine; an answer that does not come in time is exit status 124."""

    def __call__(self, argv: Sequence[str], *, timeout: float, stdin: str | None = None) -> Answer: ...


def run(argv: Sequence[str], *, timeout: float, stdin: str | None = None) -> Answer:
    """Run a command and wait for it."""
    try:
        done = subprocess.run(
            list(argv),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            input=stdin or "",
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Answer(124, "", f"no answer within {timeout:g} seconds")
    return Answer(done.returncode, done.stdout, done.stderr)


class LabError(Exception):
    """The lab itself did not do as it was told; no test result."""


class Server:
    """One server of a lab."""

    def __init__(self, directory: Path, record: Mapping[str, Any], runner: Runner = run) -> None:
        self.directory = directory
        self.name: str = record["name"]
        self.addresses: Mapping[str, str] = record["addresses"]
        self.bmc_address: str = record["bmc_address"]
        self.runner = runner

    def __repr__(self) -> str:
        return f"Server({self.name})"

    def _do(self, program: str, *words: str) -> str:
        argv = [str(self.directory / program), self.name, *words]
        answer = self.runner(argv, timeout=patient(COMMAND_SECONDS))
        if answer.rc != 0:
            raise LabError(f"{' '.join(argv)}: {answer.stderr.strip() or answer.stdout.strip()}")
        return answer.stdout.strip()

    # Power

    def power_cut(self) -> None:
        """Pull the power cord. Returns when nothing of the server runs any more."""
        self._do("server", "off")

    def power_on(self) -> None:
        """Press the power button. Returns when the server starts to boot; see :meth:`wait_booted`."""
        self._do("server", "on")

    def shutdown(self) -> None:
        """Ask the server's operating system to power off, and wait until it has."""
        self._do("server", "set", "shutdown", "1")
        wait_until(lambda: not self.is_on(), BOOT_SECONDS, f"{self.name} shuts down")

    def status(self) -> frozenset[str]:
        """Return the state in words: ``on`` or ``off``, ``frozen``, ``cut:<network>``."""
        return frozenset(self._do("server", "status").split())

    def is_on(self) -> bool:
        """Return whether the server has power."""
        return "on" in self.status()

    def wait_booted(self, deadline: float = BOOT_SECONDS) -> None:
        """Wait until the server lets us in."""
        wait_until(lambda: self.ssh("true").rc == 0, deadline, f"{self.name} lets us in")

    # A server that hangs

    def freeze(self) -> None:
        """Stop every process of the server where it stands; its network stays up and silent."""
        self._do("server", "freeze")

    def thaw(self) -> None:
        """Let a frozen server go on as if nothing had happened."""
        self._do("server", "thaw")

    def is_frozen(self) -> bool:
        """Return whether the server is frozen."""
        return "frozen" in self.status()

    # Cables

    def cut(self, network: str) -> None:
        """Pull the cable to a network. It stays out when the server is powered off and on."""
        self._do("server", "cut", network)

    def restore(self, network: str) -> None:
        """Put a cable back; addresses and routes were never gone."""
        self._do("server", "plug", network)

    def cuts(self) -> frozenset[str]:
        """Return the networks whose cable is out."""
        return frozenset(word.removeprefix("cut:") for word in self.status() if word.startswith("cut:"))

    # The management controller

    def bmc_stop(self) -> None:
        """Let the management controller die: its port is closed."""
        self._do("bmc", "stop")

    def bmc_hang(self) -> None:
        """Let the management controller fall silent: requests vanish."""
        self._do("bmc", "hang")

    def bmc_refuse(self) -> None:
        """Let the management controller answer and carry out nothing."""
        self._do("bmc", "refuse")

    def bmc_lie(self) -> None:
        """Let the management controller say that it has done what it was told, and do nothing."""
        self._do("bmc", "lie")

    def bmc_start(self) -> None:
        """Bring the management controller back from all of these."""
        self._do("bmc", "start")

    def bmc_status(self) -> str:
        """Return ``on``, ``off``, ``silent``, ``refusing`` or ``lying``."""
        return self._do("bmc", "status")

    # Commands

    def console(self, command: str) -> Answer:
        """Run a command as somebody does who sits before the server: no cable is needed for it."""
        container = f"pgha-{self.directory.name}-{self.name}"
        return self.runner(["podman", "exec", container, "sh", "-c", command], timeout=patient(COMMAND_SECONDS))

    def ssh(
        self, command: str, *, timeout: float = COMMAND_SECONDS, network: str = "management", stdin: str | None = None
    ) -> Answer:
        """Run a command on the server as root; 255 when it cannot be reached, 124 when the answer takes too long.

        :param network: the network to come over; choose another when that one's cable is cut.
        """
        options = {
            "BatchMode": "yes",
            "ConnectTimeout": f"{patient(CONNECT_SECONDS):.0f}",
            "ControlPath": "none",
            "IdentitiesOnly": "yes",
            "ServerAliveInterval": "2",
            "ServerAliveCountMax": "3",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": str(self.directory / "known_hosts"),
        }
        argv = ["ssh", "-i", str(self.directory / "ssh" / "id_ed25519")]
        argv += [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        argv += [f"root@{self.addresses[network]}", command]
        return self.runner(argv, timeout=patient(timeout), stdin=stdin)

    def must(self, command: str, *, timeout: float = COMMAND_SECONDS, network: str = "management") -> str:
        """Run a command on the server that has to succeed, and return what it printed."""
        answer = self.ssh(command, timeout=timeout, network=network)
        assert answer.rc == 0, f"{self.name}: {command}: exit status {answer.rc}: {answer.stderr.strip()}"
        return answer.stdout.strip()


class Lab:
    """The servers of a lab by name: ``Lab("demo")["n1"].power_cut()``."""

    def __init__(self, name: str, root: Path = ROOT, runner: Runner = run) -> None:
        self.name = name
        self.directory = root / name
        try:
            self.record = json.loads((self.directory / "lab.json").read_text(encoding="utf-8"))
        except FileNotFoundError as missing:
            raise LabError(f"there is no lab {name} on this machine; playbooks/lab.yml makes it") from missing
        self.servers = {record["name"]: Server(self.directory, record, runner) for record in self.record["servers"]}

    def __getitem__(self, name: str) -> Server:
        return self.servers[name]

    def __iter__(self) -> Iterator[Server]:
        return iter(self.servers.values())

    @property
    def release(self) -> str:
        """The Debian release of the servers."""
        return str(self.record["release"])

    def heal(self) -> None:
        """Undo whatever faults are left: every server thawed, plugged in, on, with its management controller."""
        for server in self:
            server.bmc_start()
            if server.is_frozen():
                server.thaw()
            for network in server.cuts():
                server.restore(network)
            server.power_on()
        for server in self:
            server.wait_booted()
