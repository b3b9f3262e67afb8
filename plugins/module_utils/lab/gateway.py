# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking at this machine and changing it: claims, containers, addresses, management controllers.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError, PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner
from ansible_collections.pgha.cluster.plugins.module_utils.lab import parse
from ansible_collections.pgha.cluster.plugins.module_utils.lab.model import Lab, lab_of
from ansible_collections.pgha.cluster.plugins.module_utils.lab.plan import Observed, Step

CLAIM = "lab.json"
LOCKS = Path("/run/lock")
TUN = Path("/dev/net/tun")
INTERFACES = Path("/sys/class/net")
ANSWER_SECONDS = 60.0
STEP_SECONDS = 120.0


class Claims:
    """The claim files of all labs of this machine: one a lab, ``<directory>/<lab>/lab.json``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other creations out, so that two labs made at once cannot claim the same subnet."""
        with (LOCKS / "pgha-lab-claims.lock").open("a", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def all(self) -> list[Lab]:
        """Return every lab that has claimed a name and subnets."""
        return [lab for path in sorted(self.root.glob(f"*/{CLAIM}")) if (lab := self.read(path.parent.name))]

    def read(self, name: str) -> Lab | None:
        """Return a lab's claim."""
        path = self.root / name / CLAIM
        try:
            return lab_of(json.loads(path.read_text(encoding="utf-8")))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise ParseError("This is no claim of a lab.", where=str(path), said=repr(error)) from error

    def write(self, lab: Lab) -> None:
        """Record a claim; a reader sees it whole or not at all."""
        path = Path(lab.directory) / CLAIM
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(lab.as_claim(), indent=2) + "\n", encoding="utf-8")
        draft.replace(path)

    def release(self, directory: Path) -> None:
        """Remove a lab's directory, which gives its name and subnets free; the last lab takes the root with it."""
        with self.lock():
            if directory.exists():
                shutil.rmtree(directory)
            with contextlib.suppress(FileNotFoundError):
                if not any(self.root.iterdir()):
                    self.root.rmdir()


class Machine:
    """This machine."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner

    def is_root(self) -> bool:
        """Return whether the play may do what it has to."""
        return os.geteuid() == 0

    def routes(self) -> list[ipaddress.IPv4Network]:
        """Return the subnets this machine has routes to."""
        return parse.routes(Path("/proc/net/route").read_text(encoding="utf-8"))

    def podman_networks(self) -> dict[str, list[ipaddress.IPv4Network]]:
        """Return the subnets of podman's networks: one without a running container has no route, yet is taken."""
        if not shutil.which("podman"):
            return {}
        argv = ["podman", "network", "ls", "--format", "json"]
        done = self.runner(argv, timeout=ANSWER_SECONDS)
        if done.rc != 0:
            raise PghaError("podman does not work on this machine.", ran=argv, said=done.stderr)
        return parse.podman_networks(done.stdout)

    def makes_namespaces(self) -> bool:
        """Return whether the kernel gives us network and process namespaces, without which there is no container."""
        return self.runner(["unshare", "--net", "--pid", "--fork", "true"], timeout=ANSWER_SECONDS).rc == 0

    def makes_taps(self) -> bool:
        """Return whether a kernel in a container can have network cards."""
        return TUN.exists()

    def free_mebibytes(self, directory: str) -> int:
        """Return the free space where a directory is or will be."""
        path = Path(directory)
        while not path.exists():
            path = path.parent
        status = os.statvfs(path)
        return status.f_bavail * status.f_frsize // 2**20

    def runtime(self) -> str:
        """Return the container runtime that works here: crun refuses cgroups v1 and v2 side by side."""
        return "runc" if Path("/sys/fs/cgroup/unified").exists() else "crun"


class LabGateway:
    """One lab on this machine."""

    def __init__(self, lab: Lab, runner: Runner) -> None:
        self.lab = lab
        self.runner = runner

    def _ask(self, *argv: str) -> str:
        done = self.runner(argv, timeout=ANSWER_SECONDS)
        if done.rc != 0:
            raise PghaError(f"{argv[0]} did not answer.", ran=list(argv), said=done.stderr or done.stdout)
        return done.stdout

    def _words(self, program: str) -> dict[str, str]:
        """Ask a program of the lab about every server that has got a directory already."""
        path = Path(self.lab.directory) / program
        if not path.exists():
            return {}
        names = [server.name for server in self.lab.servers if (path.parent / server.name).is_dir()]
        return {name: self._ask(str(path), name, "status").strip() for name in names}

    def observe(self) -> Observed:
        """Look at everything that belongs to the lab."""
        label = f"label=pgha.lab={self.lab.name}"
        listing = "[]"
        if shutil.which("podman"):
            listing = self._ask("podman", "ps", "--all", "--filter", label, "--format", "json")
        device = self.lab.bmc_interface
        exists = (INTERFACES / device).exists()
        return Observed(
            containers={container.name: container for container in parse.containers(listing)},
            bmc_addresses=frozenset(parse.addresses(self._ask("ip", "-j", "address", "show", "dev", device)))
            if exists
            else None,
            power={name: tuple(words.split()) for name, words in self._words("server").items()},
            bmc=self._words("bmc"),
        )

    def remember(self, server: str, container_id: str) -> None:
        """Write down podman's id of a server, by which the power button knows the server's processes."""
        path = Path(self.lab.directory) / server / "container_id"
        if not (path.exists() and path.read_text(encoding="utf-8") == container_id):
            path.write_text(container_id, encoding="utf-8")

    def remember_all(self, seen: Observed) -> None:
        """Write down the ids of all servers: an earlier run may have been interrupted before it could."""
        for server in self.lab.servers:
            container = seen.containers.get(self.lab.container(server))
            if container:
                self.remember(server.name, container.id)

    def apply(self, step: Step) -> None:
        """Carry out one step."""
        done = self.runner(step.argv, timeout=STEP_SECONDS)
        if done.rc != 0:
            raise PghaError(
                f"Could not {step.title} of the lab {self.lab.name}.",
                ran=list(step.argv),
                said=done.stderr or done.stdout,
                next_step="run the same again when the reason is gone: a half-made lab is completed",
            )
        if step.creates:
            self.remember(step.server, done.stdout.strip())

    def apply_all(self, steps: Sequence[Step]) -> None:
        """Carry out steps: those of this machine first, then the servers' side by side."""
        for step in steps:
            if not step.server:
                self.apply(step)
        with ThreadPoolExecutor(max_workers=4) as pool:
            servers = dict.fromkeys(step.server for step in steps if step.server)
            pending = [pool.submit(self._apply_server, steps, server) for server in servers]
        for done in pending:
            done.result()

    def _apply_server(self, steps: Sequence[Step], server: str) -> None:
        for step in steps:
            if step.server == server:
                self.apply(step)
