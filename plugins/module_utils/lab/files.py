# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a lab: keys, identities, and the configuration of its management controllers.

This module util is private to the collection.
"""

from __future__ import annotations

import os
import secrets
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner
from ansible_collections.pgha.cluster.plugins.module_utils.lab import san
from ansible_collections.pgha.cluster.plugins.module_utils.lab.model import Lab, Server

# IPMI 2.0 takes no more than 20 characters, and its older half no more than 16.
PASSWORD_LENGTH = 16
KEY_SECONDS = 60.0

BMC_COMMANDS = """\
mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
mc_enable 0x20
"""


@dataclass(frozen=True)
class File:
    """One wanted file, by its path below the lab's directory."""

    path: str
    content: str
    mode: int = 0o644


def bmc_configuration(lab: Lab, server: Server, password: str) -> str:
    """Return the configuration of a server's management controller."""
    methods = "\n".join(
        f"    allowed_auths_{level} none md2 md5 straight" for level in ("callback", "user", "operator", "admin")
    )
    return f"""\
name "{server.name}"
set_working_mc 0x20
  startlan 1
    addr {server.bmc_address} {server.bmc_port}
    priv_limit admin
{methods}
    guid {lab.identity(server).bytes_le.hex()}
  endlan
  chassis_control "{lab.directory}/server {server.name}"
  user 1 false "" "" user 10 none md2 md5 straight
  user 2 true "{server.bmc_username}" "{password}" admin 10 none md2 md5 straight
"""


def directories(lab: Lab) -> list[tuple[str, int]]:
    """Return the directories of a lab with their modes; what lies in them is kept."""
    inside = (("hardware/dmi/id", 0o755), ("journal", 0o755), ("bmc", 0o700), ("cut", 0o755), ("interfaces", 0o755))
    shared = [("disks", 0o700)] if any(disk.shared for server in lab.servers for disk in server.disks) else []
    return [
        ("ssh", 0o700),
        *shared,
        *((f"{server.name}/{path}", mode) for server in lab.servers for path, mode in inside),
    ]


def server_files(lab: Lab, server: Server, password: str) -> Iterable[File]:
    """Return the files of one server."""
    interfaces = {network.name: network.interface for network in lab.networks}
    yield File(f"{server.name}/hardware/dmi/id/product_uuid", f"{lab.identity(server)}\n", 0o444)
    yield File(f"{server.name}/bmc/lan.conf", bmc_configuration(lab, server, password), 0o600)
    yield File(f"{server.name}/bmc/commands", BMC_COMMANDS)
    for network in server.addresses:
        yield File(f"{server.name}/interfaces/{network}", interfaces[network] + "\n")
    for name, content in san.files(lab, server).items():
        yield File(f"{server.name}/{name}", content)


def known_hosts(lab: Lab, public_keys: Mapping[str, str]) -> File:
    """Return the file by which ssh knows the servers: nobody has to trust a key on first sight."""
    return File(
        "known_hosts",
        "".join(
            f"{address} {' '.join(public_keys[server.name].split()[:2])}\n"
            for server in lab.servers
            for address in server.addresses.values()
        ),
    )


class LabFiles:
    """The files of one lab on disk."""

    def __init__(self, lab: Lab, runner: Runner) -> None:
        self.lab = lab
        self.runner = runner
        self.root = Path(lab.directory)

    def keys(self) -> dict[str, str]:
        """Return path and comment of every ssh key."""
        servers = {f"{server.name}/ssh_host_ed25519_key": server.name for server in self.lab.servers}
        return {"ssh/id_ed25519": f"lab {self.lab.name}", **servers}

    def missing(self) -> list[str]:
        """Return what is made once: directories, keys and the password that are not there."""
        wanted = [path for path, _mode in directories(self.lab)]
        wanted += [f"{path}.pub" for path in self.keys()] + ["bmc_password"]
        return [path for path in wanted if not (self.root / path).exists()]

    def outdated(self) -> list[File]:
        """Return the files that are missing or say something else; needs everything that is made once."""
        password = (self.root / "bmc_password").read_text(encoding="utf-8").strip()
        public_keys = {
            server.name: (self.root / server.name / "ssh_host_ed25519_key.pub").read_text(encoding="utf-8")
            for server in self.lab.servers
        }
        wanted = [file for server in self.lab.servers for file in server_files(self.lab, server, password)]
        wanted.append(known_hosts(self.lab, public_keys))
        return [file for file in wanted if not self._is(file)]

    def _is(self, file: File) -> bool:
        path = self.root / file.path
        return path.exists() and path.read_text(encoding="utf-8") == file.content

    def make(self) -> None:
        """Make what is made once."""
        for path, mode in directories(self.lab):
            (self.root / path).mkdir(mode=mode, parents=True, exist_ok=True)
        for path, comment in self.keys().items():
            if not (self.root / f"{path}.pub").exists():
                self._make_key(self.root / path, comment)
        if not (self.root / "bmc_password").exists():
            letters = string.ascii_letters + string.digits
            text = "".join(secrets.choice(letters) for _place in range(PASSWORD_LENGTH))
            self.write(File("bmc_password", text + "\n", 0o600))

    def _make_key(self, path: Path, comment: str) -> None:
        path.unlink(missing_ok=True)
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)]
        done = self.runner(argv, timeout=KEY_SECONDS)
        if done.rc != 0:
            raise PghaError("A key of the lab could not be made.", ran=argv, said=done.stderr)

    def write(self, file: File) -> None:
        """Write one file; a reader sees it whole or not at all, and nobody else sees a secret in between."""
        path = self.root / file.path
        draft = path.with_name(path.name + ".new")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, file.mode)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            os.fchmod(descriptor, file.mode)
            stream.write(file.content)
        draft.replace(path)
