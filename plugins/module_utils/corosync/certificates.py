# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificates between the vote host and the servers that ask it for its vote.

A server makes its own key, which never leaves it; the vote host signs. The new database is prepared beside the old one
and takes its place in one rename, so that an interrupted exchange leaves the working one alone.

This module util is private to the collection.
"""

from __future__ import annotations

import base64
import fcntl
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed, Runner

# The names that corosync-qnetd and corosync-qdevice look for.
_CA = "QNet CA"
_CLUSTER = "Cluster Cert"


def pem_body(text: str) -> str:
    """The first certificate of a text, without what tools print around it and without line breaks."""
    _before, found, rest = text.partition("-----BEGIN CERTIFICATE-----")
    body, ended, _after = rest.partition("-----END CERTIFICATE-----")
    return "".join(body.split()) if found and ended else ""


@dataclass(frozen=True)
class Membership:
    """What a server's database holds.

    :ivar ca: the vote host's certificate authority as one line, empty when there is none.
    :ivar cluster: the cluster that the server's own certificate names, empty when there is none.
    :ivar valid: whether that certificate is signed by this authority, and in its time.
    """

    ca: str = ""
    cluster: str = ""
    valid: bool = False


def why_join(current: Membership, ca: str, cluster: str) -> str:
    """Why the server needs a new certificate; empty when it needs none."""
    if not current.ca:
        return "it has no certificates yet"
    if current.ca != pem_body(ca):
        return "the vote host has another certificate authority than before"
    if not current.cluster:
        return "it has no certificate of its own"
    if current.cluster != cluster:
        return f"its certificate is for the cluster {current.cluster}"
    return "" if current.valid else "its certificate is not valid"


class NssDatabase:
    """One NSS database of corosync's, and the tools that work on it."""

    def __init__(self, run: Runner, directory: str) -> None:
        self._run = run
        self._directory = Path(directory)

    def _beside(self, suffix: str) -> Path:
        return self._directory.with_name(f"{self._directory.name}.{suffix}")

    def _certutil(self, *arguments: str, directory: Path | None = None) -> Completed:
        return self._run(["certutil", "-d", str(directory or self._directory), *arguments], timeout=60)

    def _must(self, *arguments: str, directory: Path | None = None) -> Completed:
        done = self._certutil(*arguments, directory=directory)
        if done.rc != 0:
            raise PghaError(
                "A certificate of the vote host could not be handled.",
                ran=["certutil", *arguments],
                said=done.stderr or done.stdout,
                next_step=f"look at the database with `certutil -L -d {directory or self._directory}`",
            )
        return done

    def ca(self) -> str:
        """The authority's certificate as PEM; empty when there is no database."""
        if not (self._directory / "cert9.db").exists():
            return ""
        done = self._certutil("-L", "-n", _CA, "-a")
        return done.stdout if done.rc == 0 else ""

    def membership(self) -> Membership:
        """What this server's database holds."""
        ca = pem_body(self.ca())
        if not ca:
            return Membership()
        subject = ""
        for line in self._certutil("-L", "-n", _CLUSTER).stdout.splitlines():
            if line.strip().startswith("Subject: "):
                subject = line.strip().removeprefix("Subject: ").strip('"').removeprefix("CN=")
        valid = self._certutil("-V", "-n", _CLUSTER, "-u", "C").rc == 0
        return Membership(ca, subject, valid)

    def request(self, ca: str, cluster: str) -> str:
        """Prepare a new database with its own key beside the current one; return the request as base64."""
        new = self._beside("new")
        if new.exists():
            shutil.rmtree(new)
        new.mkdir(mode=0o770, parents=True)
        password, noise, authority = new / "pwdfile.txt", new / "noise.txt", new / "ca.crt"
        request = new / "qdevice-net-node.crq"
        password.touch(mode=0o660)
        noise.touch(mode=0o600)
        noise.write_bytes(os.urandom(64))
        authority.write_text(ca, encoding="ascii")
        self._must("-N", "-f", str(password), directory=new)
        self._must("-A", "-t", "CT,c,c", "-n", _CA, "-f", str(password), "-i", str(authority), directory=new)
        self._must(
            "-R", "-s", f"CN={cluster}", "-o", str(request), "-f", str(password), "-z", str(noise), directory=new
        )
        noise.unlink()
        return base64.b64encode(request.read_bytes()).decode()

    def accept(self, certificate: str) -> None:
        """Take the signed certificate into the prepared database and put it in the current one's place."""
        new, previous = self._beside("new"), self._beside("previous")
        if not new.exists():
            raise PghaError(
                "There is no request that this certificate answers.",
                expected=f"the directory {new}",
                next_step="run the deploy playbook again; it makes a new request",
            )
        signed = new / "cluster.crt"
        signed.write_bytes(base64.b64decode(certificate))
        self._must("-A", "-t", "u,u,u", "-n", _CLUSTER, "-i", str(signed), directory=new)
        if previous.exists():
            shutil.rmtree(previous)
        if self._directory.exists():
            self._directory.rename(previous)
        new.rename(self._directory)

    def sign(self, request: str, cluster: str) -> str:
        """On the vote host: sign a request. One at a time, because its tool counts serial numbers in a file."""
        lock_file = self._directory / ".pgha-lock"
        with lock_file.open("w", encoding="ascii") as lock, tempfile.NamedTemporaryFile() as file:
            fcntl.flock(lock, fcntl.LOCK_EX)
            file.write(base64.b64decode(request))
            file.flush()
            argv = ["corosync-qnetd-certutil", "-s", "-c", file.name, "-n", cluster]
            done = self._run(argv, timeout=60)
            signed = self._directory / f"cluster-{cluster}.crt"
            if done.rc != 0 or not signed.exists():
                raise PghaError(
                    "The vote host did not sign the request.",
                    ran=argv,
                    said=done.stderr or done.stdout,
                    next_step=f"look at {self._directory} on the vote host",
                )
            return base64.b64encode(signed.read_bytes()).decode()
