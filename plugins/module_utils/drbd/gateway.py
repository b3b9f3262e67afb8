# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Talking to DRBD on this server: its state, its metadata, and every change of either.

Nothing here forces anything over data: ``create-md`` runs without ``--force``, so that drbdmeta's own check for a file
system stands behind ours, and without a terminal it takes its question for a no.

This module util is private to the collection.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from shutil import which

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed, Runner
from ansible_collections.pgha.cluster.plugins.module_utils.common.wait import look_until
from ansible_collections.pgha.cluster.plugins.module_utils.drbd import parse
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.model import Generations, Resource, Verified

PROC = Path("/proc/drbd")
# The device was never given a connection, or has lost it: there is nothing to disconnect.
_NO_CONNECTION = "(162)"
_NOT_CONFIGURED = ("(158)", "(127)", "No such resource", "unknown resource")


class Gateway:
    """One DRBD resource on this server."""

    def __init__(self, run: Runner, name: str, proc: Path = PROC, pause: Callable[[float], None] = time.sleep) -> None:
        self._run = run
        self._pause = pause
        self._proc = proc
        self.name = name

    def loaded_version(self) -> str:
        """The version of the kernel's module; empty when it is not loaded."""
        try:
            return parse.parse_version(self._proc.read_text(encoding="ascii", errors="replace"))
        except OSError:
            return ""

    def available_version(self) -> str:
        """The version of the module that this kernel could load; empty when it has none."""
        if which("modinfo") is None:
            return ""  # a container, without modules of its own
        done = self._run(["modinfo", "--field", "version", "drbd"], timeout=30)
        return done.stdout.strip() if done.rc == 0 else ""

    def resources(self) -> tuple[str, ...]:
        """The resources that are configured in files."""
        return tuple(self._must(["drbdadm", "sh-resources"]).stdout.split())

    def disk_of(self, resource: str) -> str:
        """The backing device of a resource on this server."""
        return self._must(["drbdadm", "sh-ll-dev", resource]).stdout.strip()

    def minor(self) -> int:
        """The number of the resource's device."""
        said = self._must(["drbdadm", "sh-minor", self.name]).stdout.strip()
        if not said.isdigit():
            raise PghaError(f"The resource {self.name} has no single device.", ran=["drbdadm", "sh-minor"], said=said)
        return int(said)

    def status(self) -> Resource | None:
        """The resource as the kernel has it; None when it is not up."""
        version = self.loaded_version()
        if not version:
            return None
        if version.startswith("8."):
            return parse.parse_proc(self._proc.read_text(encoding="ascii", errors="replace"), self.minor())
        argv = ["drbdsetup", "status", self.name, "--json", "--statistics"]
        done = self._run(argv, timeout=30)
        if done.rc != 0 and any(word in done.stderr + done.stdout for word in _NOT_CONFIGURED):
            return None
        self._check(done, argv)
        return parse.parse_status(done.stdout, self.name)

    def generations(self) -> Generations | None:
        """The generations of this server's data; None when its device holds no metadata of this resource."""
        done = self._run(["drbdadm", "get-gi", self.name], timeout=30)
        return parse.parse_generations(done.stdout) if done.rc == 0 and done.stdout.strip() else None

    def data_end(self) -> int | None:
        """Where the data ends and the internal metadata begins, in bytes; None when nobody tells."""
        kernel = Path(f"/sys/class/block/drbd{self.minor()}/size")
        if self.status() is not None and kernel.exists():
            return int(kernel.read_text(encoding="ascii")) * 512 or None
        done = self._run(["drbdadm", "dump-md", self.name], timeout=60)
        return parse.parse_data_end(done.stdout) if done.rc == 0 else None

    def split_brain_seen(self, minor: int) -> float | None:
        """When the kernel last found a split brain, in seconds since 1970; None when the journal does not know."""
        argv = ["journalctl", "--dmesg", "--quiet", "--output=json", "--lines=20", "--grep=Split-Brain detected"]
        done = self._run(argv, timeout=60)
        # Status 1 is the journal's word for "no such line".
        return parse.parse_split_brain_time(done.stdout, minor, self.name) if done.rc == 0 else None

    def verified(self, minor: int) -> Verified | None:
        """The last verification that came to its end; None when the journal does not know of one.

        Whoever began it, and on whichever server: both kernels say what came of it. Looked for in all boots.
        """
        argv = ["journalctl", "--quiet", "--output=json", "--reverse", "--lines=20", "_TRANSPORT=kernel"]
        done = self._run([*argv, "--grep=Online verify +(done|found)"], timeout=60)
        return parse.parse_verified(done.stdout, minor, self.name) if done.rc == 0 else None

    def create_metadata(self) -> None:
        """Write empty metadata. DRBD asks, and with nobody to answer refuses, where it finds data."""
        self._must(
            ["drbdadm", "create-md", self.name],
            next_step="look at what is on the device with `wipefs --no-act` and `blkid -p`; nothing was overwritten",
        )

    def up(self) -> None:
        """Attach the disk and look for the peer."""
        self._must(["drbdadm", "up", self.name])

    def down(self) -> None:
        """Let go of the peer and the disk."""
        self._must(["drbdadm", "down", self.name])

    def adjust(self) -> None:
        """Make the running device what its file says."""
        self._must(["drbdadm", "adjust", self.name])

    def adjustments(self) -> tuple[str, ...]:
        """What an adjustment would do. A shared secret stands in it: only the words up to the first option are kept."""
        said = self._must(["drbdadm", "--dry-run", "adjust", self.name]).stdout
        return tuple(line.split(" --")[0].strip() for line in said.splitlines() if line.strip())

    def primary(self, force: bool = False) -> None:
        """Let this server write. Forced only to begin a resource whose metadata is fresh on both servers."""
        self._must(["drbdadm", "primary", *(["--force"] if force else []), self.name])

    def secondary(self) -> None:
        """Stop writing; refused by the kernel while the device is open."""
        self._must(
            ["drbdadm", "secondary", self.name],
            next_step="stop what uses the device (`findmnt -S /dev/drbd…`, `fuser -vm`), or let pacemaker stop it",
        )

    def skip_first_sync(self) -> None:
        """Declare both servers' data the same. Both are connected, secondary, and fresh."""
        self._must(["drbdadm", "--clear-bitmap", "new-current-uuid", self.name])

    def connect(self, discard: bool = False) -> None:
        """Look for the peer; with ``discard`` give this server's data up for the peer's, when the two went apart."""
        self._must(["drbdadm", "connect", *(["--discard-my-data"] if discard else []), self.name])

    def disconnect(self) -> None:
        """Stop looking for the peer. A device that has no connection at all is an answer and no failure."""
        argv = ["drbdadm", "disconnect", self.name]
        done = self._run(argv, timeout=120)
        if done.rc != 0 and _NO_CONNECTION not in done.stderr + done.stdout:
            self._check(done, argv)

    def invalidate(self) -> None:
        """Give this server's data up and copy all of the peer's."""
        self._must(["drbdadm", "invalidate", self.name])

    def verify(self) -> None:
        """Begin to compare every block with the peer's: without a start it would go on where one was broken off."""
        self._must(["drbdadm", "--", "--start=0", "verify", self.name])

    def until_verified(self, minor: int, before: Verified | None, wait: float) -> Verified:
        """Wait for what the kernel says of a verification that runs no more: the journal has it a moment later.

        :param before: what it had said before; the same again means that this one was broken off.
        """
        found: list[Verified] = []

        def look() -> bool:
            last = self.verified(minor)
            found[:] = [last] if last is not None and last != before else []
            return bool(found)

        def broken() -> PghaError:
            return PghaError(
                "The verification was broken off: the kernel does not say that it is done.",
                next_step="look at `journalctl --dmesg --grep=drbd` for why; then run this again, it begins anew",
            )

        look_until(look, time.monotonic() + wait, broken, 0.5, clock=time.monotonic, pause=self._pause)
        return found[0]

    def until(self, reached: Callable[[Resource | None], bool], what: str, wait: float) -> Resource | None:
        """Look again and again until the resource is as wanted; what it was instead stands in the error."""
        last: list[Resource | None] = [None]

        def look() -> bool:
            last[0] = self.status()
            return reached(last[0])

        def late() -> PghaError:
            return PghaError(
                f"{self.name} was not {what} within {wait:g} seconds.",
                said="not up" if last[0] is None else str(last[0].as_result()),
                next_step="look at `cat /proc/drbd`, `drbdadm status` and `journalctl --dmesg --grep=drbd`",
            )

        look_until(look, time.monotonic() + wait, late, 0.5, clock=time.monotonic, pause=self._pause)
        return last[0]

    def _must(self, argv: list[str], *, next_step: str | None = None) -> Completed:
        done = self._run(argv, timeout=120)
        self._check(done, argv, next_step)
        return done

    @staticmethod
    def _check(done: Completed, argv: list[str], next_step: str | None = None) -> None:
        if done.rc != 0:
            # DRBD repeats the whole command with the shared secret in it when it fails.
            said = "\n".join(line for line in (done.stderr + done.stdout).splitlines() if "--shared-secret" not in line)
            raise PghaError(
                f"{argv[0]} {argv[1]} failed with status {done.rc}.",
                ran=argv,
                said=said,
                next_step=next_step or "look at `cat /proc/drbd` and `journalctl --dmesg --grep=drbd`",
            )
