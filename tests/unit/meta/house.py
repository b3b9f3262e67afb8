# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests about this repository itself share: its files, and its YAML as plain data."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))


class _Loader(yaml.SafeLoader):
    """Reads Ansible's own tags (!vault, !unsafe) as what they hold."""


_Loader.add_multi_constructor("!", lambda loader, _suffix, node: loader.construct_scalar(node))


def files(*patterns: str) -> list[Path]:
    """Return the files that are in the repository, or are about to be, and match any of the patterns."""
    argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listing = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return sorted(ROOT / name for name in set(listing.split("\0")) - {""} if (ROOT / name).is_file())


def name_of(path: Path) -> str:
    """Return a file's name for a person."""
    return str(path.relative_to(ROOT))


def load(path: Path) -> Any:
    """Read a YAML file."""
    return yaml.load(path.read_text(encoding="utf-8"), _Loader)


def mappings(data: Any) -> Iterator[dict[str, Any]]:
    """Return every mapping inside of some YAML: plays, tasks, blocks and what they hold."""
    if isinstance(data, dict):
        yield data
        for value in data.values():
            yield from mappings(value)
    elif isinstance(data, list):
        for value in data:
            yield from mappings(value)
