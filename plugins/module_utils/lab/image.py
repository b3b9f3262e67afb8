# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image that lab servers are made of: a plain Debian, built once for its inputs and kept.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner
from ansible_collections.pgha.cluster.plugins.module_utils.lab.gateway import LOCKS

BUILD_SECONDS = 900.0
ASK_SECONDS = 60.0
REPOSITORY = "localhost/pgha-lab"

# What must not be the same on every server, or belongs to the machine that builds.
FRESH_HOOKS = ('rm -f "$1"/etc/ssh/ssh_host_* "$1"/etc/hosts "$1"/etc/hostname',)
QUIET_HOOK = (
    'systemctl --root="$1" --quiet mask apt-daily.timer apt-daily-upgrade.timer console-getty.service getty.target'
)
_HOOKS = (
    *FRESH_HOOKS,
    'systemctl --root="$1" --quiet enable sys-class.mount own-name.service firmware.service',
    QUIET_HOOK,
)


def contents(directory: Path) -> dict[str, bytes]:
    """Return every file below a directory."""
    return {
        str(path.relative_to(directory)): path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()
    }


def digest(words: Iterable[str], files: dict[str, bytes]) -> str:
    """Return a short checksum of words and files."""
    total = hashlib.sha256()
    for word in words:
        total.update(word.encode() + b"\0")
    for name, content in sorted(files.items()):
        total.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    return total.hexdigest()[:12]


def reference(release: str, packages: Sequence[str], files: dict[str, bytes]) -> str:
    """Return the image's name; it changes when anything changes that the image is built of."""
    return f"{REPOSITORY}:{release}-{digest((release, *sorted(packages), *_HOOKS), files)}"


def build_argv(release: str, packages: Sequence[str], files: Path, target: Path) -> list[str]:
    """Return the command that builds the root file system, from the release's usual sources with security updates."""
    hooks = [f"sync-in {files} /", *_HOOKS]
    return [
        *("mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(sorted(packages))}"),
        *(f"--customize-hook={hook}" for hook in hooks),
        *(release, str(target)),
    ]


@contextlib.contextmanager
def build_lock() -> Iterator[None]:
    """Let one build run at a time: who comes second finds the image made."""
    with (LOCKS / "pgha-lab-image.lock").open("a", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Images:
    """The images of this machine."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner

    def exists(self, name: str) -> bool:
        """Return whether an image is there; podman answers 1 for no."""
        done = self.runner(["podman", "image", "exists", name], timeout=ASK_SECONDS)
        if done.rc not in (0, 1):
            raise PghaError(
                "podman does not work on this machine.", ran=["podman", "image", "exists"], said=done.stderr
            )
        return done.rc == 0

    def _run(self, argv: list[str]) -> None:
        done = self.runner(argv, timeout=BUILD_SECONDS)
        if done.rc != 0:
            raise PghaError(
                "The image of the lab's servers could not be built.",
                ran=argv,
                said=done.stderr[-2000:],
                next_step="see whether apt reaches its sources (apt-get update), then run it again",
            )

    def build(self, name: str, release: str, packages: Sequence[str], files: Path) -> None:
        """Build an image; it gets its name as the last thing, so that an interrupted build leaves none."""
        with tempfile.TemporaryDirectory(prefix="pgha-lab-", dir="/var/tmp") as place:
            archive = Path(place) / "root.tar"
            self._run(build_argv(release, packages, files, archive))
            self._run(
                [
                    *("podman", "import", "--quiet", "--change", 'CMD ["/sbin/init"]'),
                    *("--change", "STOPSIGNAL SIGRTMIN+3", str(archive), name),
                ]
            )
