# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the service that an inventory gives to the disk in PostgreSQL's place.

Pure; see :mod:`check`.

This module util is private to the collection.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.cluster.check_stack import rules_of
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.written import Problem

KEYS = ("unit", "packages", "directory")
_UNIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9:_.@-]*")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9.+-]+")
_DIRECTORY = re.compile(r"(/[A-Za-z0-9._-]+)+")
# A file system that is mounted over one of these hides what the server itself needs, and so does one above it.
_SYSTEM = ("bin", "boot", "dev", "etc", "lib", "lib64", "proc", "root", "run", "sbin", "sys", "tmp", "usr")
_WHOLE = ("/home", "/mnt", "/opt", "/srv", "/var", "/var/cache", "/var/lib", "/var/log", "/var/run", "/var/tmp")
_OWN = ("corosync", "drbd", "pacemaker", "postgresql", "ssh", "sshd")


def _unit(where: str, unit: Any) -> Iterator[Problem]:
    if not isinstance(unit, str) or not _UNIT.fullmatch(unit):
        yield Problem(f"{where}.unit", f"{unit!r} is no name of a unit; write it such as nginx")
    elif unit.endswith((".service", ".socket", ".timer", ".mount", ".target")):
        yield Problem(f"{where}.unit", f"{unit}: write the name of a service without its ending")
    elif unit.partition("@")[0] in _OWN:
        yield Problem(
            f"{where}.unit", f"{unit} cannot be moved as a unit; for PostgreSQL leave pgha_service out altogether"
        )


def _directory(where: str, directory: Any) -> Iterator[Problem]:
    if not isinstance(directory, str) or not _DIRECTORY.fullmatch(directory):
        yield Problem(f"{where}.directory", f"{directory!r} is no absolute path; write it such as /srv/www")
    elif posixpath.normpath(directory) != directory:
        yield Problem(f"{where}.directory", f"{directory}: write it as {posixpath.normpath(directory)}")
    elif directory in _WHOLE or directory.split("/")[1] in _SYSTEM:
        yield Problem(f"{where}.directory", f"{directory} belongs to the system; take one of the service's own")


def service(values: Mapping[str, Any]) -> Iterator[Problem]:
    """Check a unit of systemd that the cluster runs in PostgreSQL's place."""
    where, wanted = "pgha_service", values.get("service")
    if wanted in (None, ""):
        return
    if not rules_of(values.get("stack")).disk:
        yield Problem(where, f"is for the stack drbd; on {values.get('stack')} no disk could move with it")
    if not isinstance(wanted, Mapping) or set(wanted) != set(KEYS):
        yield Problem(where, f"must have {', '.join(KEYS)} and nothing else")
        return
    yield from _unit(where, wanted["unit"])
    yield from _directory(where, wanted["directory"])
    packages = wanted["packages"]
    listed = packages if isinstance(packages, list) else [None]
    if not all(isinstance(one, str) and _PACKAGE.fullmatch(one) for one in listed):
        yield Problem(f"{where}.packages", f"{packages!r} is no list of packages; write it such as [nginx]")
