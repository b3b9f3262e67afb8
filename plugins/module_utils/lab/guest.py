# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What machines boot: a kernel, and a disk with Debian on it.

All machines of all labs share it: each writes what it changes into a file of its own. It lies in a volume of podman,
whose name follows from everything that it is built of, and is kept.

This module util is private to the collection.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner
from ansible_collections.pgha.cluster.plugins.module_utils.lab.image import (
    ASK_SECONDS,
    BUILD_SECONDS,
    FRESH_HOOKS,
    QUIET_HOOK,
    contents,
    digest,
)

ROOT = "root.img"
ROOT_SIZE = "3G"
# A slow mirror, and a busy machine.
GUEST_SECONDS = 2 * BUILD_SECONDS
KERNEL = "user-mode-linux"
# Of packages; they stay. Fetching them takes such a server most of a minute.
LISTS = "lists"

# Before any package of PostgreSQL comes: it makes and starts a cluster of its own otherwise.
_NO_CLUSTER = (
    'mkdir -p "$1"/etc/postgresql-common',
    'echo "create_main_cluster = false" > "$1"/etc/postgresql-common/createcluster.conf',
)
# Debian starts what it installs. A corosync that starts alone leaves a cluster of one server behind, a PostgreSQL that
# starts by itself may be an old primary: of all units only those that a server needs to be reached are enabled. An
# empty machine-id, and not a missing one, since a first boot would enable all of them again.
_PRESET = "/etc/systemd/system-preset/00-lab.preset"
_ENABLED = (
    *("ssh.service", "logrotate.timer", "own-name.service", "own-settings.service"),
    *("sys-class.mount", "sys-class-net.mount", "sys-class-block.mount", "san.service"),
)
_NOTHING_STARTS = (
    f'mkdir -p "$1"{Path(_PRESET).parent}',
    f'printf "enable %s\\n" {" ".join(_ENABLED)} > "$1"{_PRESET}',
    f'echo "disable *" >> "$1"{_PRESET}',
    'systemctl --root="$1" --quiet preset-all',
    f'rm "$1"{_PRESET}',
    QUIET_HOOK,
    'ln -sf /lib/systemd/system/poweroff.target "$1"/etc/systemd/system/ctrl-alt-del.target',
    ': > "$1"/etc/machine-id',
    'rm -f "$1"/etc/postgresql-common/createcluster.conf "$1"/etc/systemd/system/firmware.service',
)
# The kernel starts from outside, its modules are loaded inside.
_KERNEL_HOOKS = (
    'mkdir -p "$1"/usr/lib/modules && cp -r "$1"/usr/lib/uml/modules/. "$1"/usr/lib/modules/',
    f'chroot "$1" dpkg --purge {KERNEL}',
)


@dataclass(frozen=True)
class Recipe:
    """What a machine's disk is built of.

    :ivar files: directories whose files are laid over the root, one after the other.
    """

    release: str
    packages: Sequence[str]
    files: Sequence[str]

    @property
    def volume(self) -> str:
        """The name of the volume; it changes when anything changes that it is built of."""
        files = {
            f"{number}/{name}": content
            for number, directory in enumerate(self.files)
            for name, content in contents(Path(directory)).items()
        }
        hooks = (*_NO_CLUSTER, *_NOTHING_STARTS, *_KERNEL_HOOKS)
        words = (self.release, ROOT_SIZE, LISTS, *sorted(self.packages), *hooks)
        return f"pgha-lab-machine-{self.release}-{digest([*words, *FRESH_HOOKS], files)}"


def root_argv(recipe: Recipe, place: Path) -> list[str]:
    """Return the command that builds the root file system, and puts the kernel beside it."""
    hooks = [
        *(f"sync-in {files} /" for files in recipe.files),
        *FRESH_HOOKS,
        *_NOTHING_STARTS,
        f'cp "$1"/usr/bin/linux.uml {place}/linux',
        *_KERNEL_HOOKS,
    ]
    packages = ",".join(sorted({*recipe.packages, KERNEL}))
    return [
        *("mmdebstrap", "--quiet", "--variant=minbase", f"--skip=cleanup/apt/{LISTS}", f"--include={packages}"),
        *(f"--essential-hook={hook}" for hook in _NO_CLUSTER),
        *(f"--customize-hook={hook}" for hook in hooks),
        *(recipe.release, f"{place}/root"),
    ]


class Volumes:
    """The volumes of this machine that machines boot from."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner

    def _run(self, argv: list[str], timeout: float = ASK_SECONDS) -> str:
        done = self.runner(argv, timeout=timeout)
        if done.rc != 0:
            raise PghaError(
                "What the lab's machines boot could not be built.",
                ran=argv,
                said=(done.stderr or done.stdout)[-2000:],
                next_step="see whether apt reaches its sources (apt-get update), then run it again",
            )
        return done.stdout.strip()

    def _place(self, name: str) -> Path | None:
        """Return where a volume lies; podman answers 1 when there is none."""
        done = self.runner(["podman", "volume", "exists", name], timeout=ASK_SECONDS)
        if done.rc not in (0, 1):
            raise PghaError(
                "podman does not work on this machine.", ran=["podman", "volume", "exists"], said=done.stderr
            )
        if done.rc == 1:
            return None
        return Path(self._run(["podman", "volume", "inspect", "--format", "{{.Mountpoint}}", name]))

    def exists(self, name: str) -> bool:
        """Return whether a volume is there and was built to its end."""
        place = self._place(name)
        return place is not None and (place / ROOT).exists()

    def build(self, recipe: Recipe) -> None:
        """Build a volume; the disk gets its name as the last thing, so that an interrupted build leaves none."""
        place = self._place(recipe.volume)
        if place is None:
            self._run(["podman", "volume", "create", recipe.volume])
            place = self._place(recipe.volume)
        if place is None:
            raise PghaError(f"podman made the volume {recipe.volume} and does not know it.", next_step="run it again")
        draft = place / f"{ROOT}.new"
        draft.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory(prefix="pgha-lab-", dir="/var/tmp") as parent:
            self._run(root_argv(recipe, Path(parent)), GUEST_SECONDS)
            self._run(["mke2fs", "-q", "-t", "ext4", "-d", f"{parent}/root", str(draft), ROOT_SIZE], GUEST_SECONDS)
            self._run(["cp", f"{parent}/linux", str(place)])
        draft.replace(place / ROOT)
