# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of ALTER SYSTEM, in the data directory: what it says wins over every other file.

So it wins over what the cluster sets, on the one server that it lies on, and a base backup brings it along.

This module util is private to the collection.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from ansible_collections.pgha.cluster.plugins.module_utils.postgres.clone import sync

NAME = "postgresql.auto.conf"
CONNECTION = frozenset({"primary_conninfo", "primary_slot_name", "synchronous_standby_names"})


def is_connection(name: str) -> bool:
    """Tell whether a setting says whom a server follows, how far, or for whom its commits wait."""
    return name in CONNECTION or name.startswith("recovery_target")


def _name(line: str) -> str:
    found = re.match(r"\s*([A-Za-z_][\w.]*)", line)
    return found.group(1).lower() if found else ""


def read(data_directory: Path) -> str:
    """Return the file's text; nothing without one."""
    place = data_directory / NAME
    return place.read_text(encoding="utf-8", errors="surrogateescape") if place.exists() else ""


def names(text: str) -> list[str]:
    """Return what is set there."""
    return sorted({name for line in text.splitlines() if (name := _name(line))})


def without(text: str, unwanted: Callable[[str], bool]) -> str:
    """Return the text without some settings."""
    return "".join(f"{line}\n" for line in text.splitlines() if not unwanted(_name(line)))


def following(text: str, wanted: Mapping[str, str]) -> str:
    """Return the text with these settings, and with nothing else that it said of them.

    Recovery targets go as well: a standby that stops at one never follows.
    """
    quoted = {name: value.replace("\\", "\\\\").replace("'", "''") for name, value in wanted.items()}
    kept = without(text, lambda name: name in wanted or name.startswith("recovery_target"))
    return kept + "".join(f"{name} = '{value}'\n" for name, value in quoted.items())


def replace(data_directory: Path, text: str) -> None:
    """Put a new text in the file's place, in one step. Only of a server that is stopped: one that runs writes it."""
    if text == read(data_directory):
        return
    draft = data_directory / f"{NAME}.pgha"
    draft.write_text(text, encoding="utf-8", errors="surrogateescape")
    draft.chmod(0o600)
    sync(draft)
    draft.replace(data_directory / NAME)
    sync(data_directory)
