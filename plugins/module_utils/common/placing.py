# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of several files are not as they are wanted, by one look at all of them.

Ansible's own modules place a file, and look before they do: two runs of a module for each. On a server where all is as
it should be, that is most of what a deploy costs. Here it is only decided who needs them: whatever is in doubt does.

This module util is private to the collection.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError

KNOWN = frozenset({"path", "content", "state", "owner", "group", "mode", "validate", "backup", "force"})
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def _truth(given: Mapping[str, Any], key: str, *, default: bool) -> bool:
    """Read a truth. The release of Ansible decides whether an expression of a task gives one, or its name."""
    try:
        return bool(boolean(given.get(key, default)))
    except TypeError as wrong:
        raise PghaError(f"{given['path']}: {key} has to be true or false.") from wrong


@dataclass(frozen=True)
class Wanted:
    """A file, or a directory, as it is to be.

    :ivar content: None for a directory.
    :ivar mode: four octal digits.
    :ivar force: a file that is there already is replaced when it has another content; else it is left alone.
    """

    path: str
    owner: str
    group: str
    mode: str
    content: str | None
    validate: str | None = None
    backup: bool = False
    force: bool = True

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Wanted:
        """Read one from a task.

        :raises PghaError: something is missing, or is not what it should be.
        """
        path = str(given.get("path") or "")
        where = path or "one of the files"
        unknown = sorted(set(given) - KNOWN)
        if unknown:
            raise PghaError(f"{where}: nobody knows {', '.join(unknown)}.", expected=", ".join(sorted(KNOWN)))
        if not path.startswith("/") or path != str(PurePosixPath(path)):
            raise PghaError(f"{where}: path has to be an absolute one, without anything superfluous.")
        directory = given.get("state", "file") == "directory"
        if directory is ("content" in given):
            raise PghaError(f"{where}: a file has content, and a directory has none.")
        if not re.fullmatch(r"[0-7]{4}", str(given.get("mode"))):
            raise PghaError(f"{where}: mode has to be four octal digits in quotes, such as '0644'.")
        people = {key: str(given.get(key, "root")) for key in ("owner", "group")}
        for key, name in people.items():
            if not NAME.fullmatch(name):
                raise PghaError(f"{where}: {key} has to be a name.")
        return cls(
            path=path,
            mode=str(given["mode"]),
            content=None if directory else str(given["content"]),
            validate=given.get("validate"),
            backup=_truth(given, "backup", default=False),
            force=_truth(given, "force", default=True),
            **people,
        )

    def task(self) -> dict[str, Any]:
        """Return the arguments with which Ansible's module copy, or of a directory its module file, makes it so."""
        common = {"owner": self.owner, "group": self.group, "mode": self.mode}
        if self.content is None:
            return {"path": self.path, "state": "directory", **common}
        optional = {"validate": self.validate} if self.validate else {}
        return {
            "dest": self.path,
            "content": self.content,
            "backup": self.backup,
            "force": self.force,
            **optional,
            **common,
        }

    def module(self) -> dict[str, Any]:
        """Return the arguments of the module copy for a file whose content is on the server already."""
        content, rest = str(self.content), {key: given for key, given in self.task().items() if key != "content"}
        return {**rest, "checksum": _checksum(content), "_original_basename": PurePosixPath(self.path).name}


def _checksum(content: str) -> str:
    """Return what Ansible compares. Not for secrecy."""
    return hashlib.sha1(content.encode()).hexdigest()


def search(wanted: Sequence[Wanted]) -> dict[str, Any]:
    """Return the arguments with which Ansible's module find sees all of them."""
    places = [PurePosixPath(one.path) for one in wanted]
    return {
        "paths": sorted({str(place.parent) for place in places}),
        "patterns": sorted({re.sub(r"([*?[])", r"[\1]", place.name) for place in places}),
        "file_type": "any",
        "hidden": True,
        "get_checksum": True,
    }


def is_so(wanted: Wanted, found: Mapping[str, Any] | None) -> bool:
    """Tell whether there is nothing to do. Not of a link, nor where the owner has no name: Ansible's module decides."""
    if found is None:
        return False
    if not wanted.force and wanted.content is not None:
        return True
    seen = (found.get("pw_name"), found.get("gr_name"), found.get("mode"))
    kind = "isdir" if wanted.content is None else "isreg"
    if seen != (wanted.owner, wanted.group, wanted.mode) or not found.get(kind):
        return False
    return wanted.content is None or found.get("checksum") == _checksum(wanted.content)


def to_place(wanted: Sequence[Wanted], found: Sequence[Mapping[str, Any]]) -> list[Wanted]:
    """Return those that have to be placed, in their order."""
    seen = {str(one.get("path")): one for one in found}
    return [one for one in wanted if not is_so(one, seen.get(one.path))]
