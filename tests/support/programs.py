# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the programs of a server: small scripts, found before everything else on the path."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


class FakePrograms:
    """Programs by name; every call is written down."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.directory = directory
        self.log = directory / "calls"
        directory.mkdir()
        self.log.touch()
        monkeypatch.setenv("PATH", f"{directory}{os.pathsep}{os.environ['PATH']}")

    def add(self, name: str, script: str) -> None:
        """Add a program, or replace it."""
        program = self.directory / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> {self.log}\n{script}\n')
        program.chmod(0o700)

    def calls(self, name: str) -> list[str]:
        """The arguments of each call of a program."""
        lines = self.log.read_text().splitlines()
        return [line.removeprefix(f"{name} ") for line in lines if line.startswith(f"{name} ")]
