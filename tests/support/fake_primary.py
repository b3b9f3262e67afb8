# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A primary and PostgreSQL's programs that only pretend, for what one run does in which order."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import gateway, parse, standby
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import History, Lsn, Position
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.plan import Source

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "postgres" / "15"
PRINTED = {
    name: (FIXTURES / f"controldata-{name}.txt").read_text() for name in ("clone-not-started", "crashed-primary")
}
IDENTIFIER = parse.control(PRINTED["clone-not-started"]).system_identifier
COPY = f"""#!/bin/sh
case "$1" in --version) echo "pg_basebackup (PostgreSQL) 15.14"; exit;; esac
for word in "$@"; do case "$word" in --pgdata=*) place="${{word#--pgdata=}}";; esac; done
mkdir -p "$place/global" && echo new > "$place/global/pg_control" && echo clone-not-started > "$place/situation"
touch "$place/backup_label" && cp "{FIXTURES}/backup_manifest-tail.txt" "$place/backup_manifest"
"""
CONTROL = f"""#!/bin/sh
cat "{FIXTURES}/controldata-$(cat "$2/situation").txt"
"""


@dataclass
class Primary:
    """Stands for the server that is asked; writes down what was asked of it."""

    slot_ready: bool = False
    wal_gone: str = ""
    history: History = field(default_factory=lambda: History(1))
    asked: list[str] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)

    def source(self, login: dict[str, Any], catalog_user: str = "", slot: str = "") -> Source:
        self.logins.append((login["user"], catalog_user))
        ready = self.slot_ready or not slot
        return Source(True, IDENTIFIER, self.history, Lsn.parse("0/9000000"), 15, "n2", ready, 4711, ())

    def ensure_slot(self, login: dict[str, Any], slot: str) -> None:
        self.asked.append(f"slot {slot}")
        self.slot_ready = True

    def missing_wal(self, login: dict[str, Any], place: Position, segment_bytes: int, position: Lsn) -> str:
        return self.wal_gone


def asked_instead(monkeypatch: pytest.MonkeyPatch) -> Primary:
    """Let this primary be asked in the place of a real one."""
    primary = Primary()
    for name in ("source", "ensure_slot", "missing_wal"):
        monkeypatch.setattr(gateway, name, getattr(primary, name))
    return primary


def arguments(tmp_path: Path) -> dict[str, Any]:
    """Return a module's arguments, with programs that only pretend."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    scripts = {"pg_basebackup": COPY, "pg_controldata": CONTROL, "pg_verifybackup": "#!/bin/sh\n"}
    for name, script in scripts.items():
        (binaries / name).write_text(script)
        (binaries / name).chmod(0o755)
    return {
        "data_directory": str(tmp_path / "main"), "bin_directory": str(binaries), "host": "10.0.1.100", "port": 5432,
        "user": "pgha_replication", "password": None, "catalog_user": "", "expected_system_identifier": "",
        "slot": "pgha_n2", "sslmode": "verify-ca", "sslrootcert": None, "checkpoint": "fast", "max_rate": 0,
        "tablespace_mapping": {}, "timeout": 60, "force": False, "connection_elsewhere": False,
        "replace_foreign": False, "keep": 1, "rewind": False, "config_file": None,
    }  # fmt: skip


def work(given: dict[str, Any], *, check_mode: bool = False, **more: Any) -> dict[str, Any]:
    """Run a module's work; what it logged is in the result."""
    said: list[str] = []
    result = standby.work({**given, **more}, check_mode=check_mode, log=said.append)
    return {**result, "log": said}


def old_data(given: dict[str, Any]) -> Path:
    """Make the data directory of a primary that crashed."""
    data = Path(given["data_directory"])
    (data / "global").mkdir(parents=True)
    (data / "global" / "pg_control").write_text("old\n")
    (data / "situation").write_text("crashed-primary\n")
    return data
