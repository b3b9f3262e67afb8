# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to be known before a rewind, in which order it is done, and what an interrupted or failed one leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import files, gateway, parse
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import Control, Fork, History, Lsn, Position
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.plan import Source
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.rewind import Rewinder

FIXTURES = Path(__file__).resolve().parents[4] / "fixtures" / "postgres" / "15"
LABEL = (FIXTURES / "backup_label-rewound.txt").read_text()
COST = (FIXTURES / "rewind-dry-run.txt").read_text()
CRASHED = (FIXTURES / "controldata-crashed-primary.txt").read_text()
CONTROL = parse.control(CRASHED)
SEGMENT = 16 * 2**20
FORK = Lsn(0x3000000 + 5000)
PAST = History(2, (Fork(1, FORK),))
PARTED = replace(CONTROL, timeline=1)
PRIMARY = Source(True, CONTROL.system_identifier, PAST, Lsn(0x9000000), 15)
# The copy: what pg_rewind prints, and what it does to the directory that stands in for the real one.
REWIND = """#!/bin/sh
for word in "$@"; do case "$word" in --target-pgdata=*) data="${{word#--target-pgdata=}}";; esac; done
cp "{label}" "$data/backup_label"
cat "{said}" >&2
exit {status}
"""


@dataclass
class Tools:
    """Stands for PostgreSQL's programs; writes down what was called."""

    dry_run: Completed = field(default_factory=lambda: Completed(0, "", COST))
    recovery: Completed = field(default_factory=lambda: Completed(0, "", ""))
    forbidden: Path | None = None
    called: list[str] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)

    def __call__(
        self, argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        self.called.append(" ".join(argv))
        self.passwords.append((env or {}).get("PGPASSWORD", ""))
        if argv[0].endswith("pg_controldata"):
            return Completed(0, CRASHED.replace("Minimum recovery ending location:     0/0", f"{MIN}3000200"), "")
        if "--single" in argv and self.forbidden is not None and self.forbidden.exists():
            return Completed(1, "", "FATAL:  standby mode is not supported by single-user servers")
        return self.recovery if "--single" in argv else self.dry_run


MIN = "Minimum recovery ending location:     0/"


@pytest.fixture(name="tools")
def _tools() -> Tools:
    return Tools()


@pytest.fixture(name="asked")
def _asked(monkeypatch: pytest.MonkeyPatch, wal: bytes) -> dict[str, Any]:
    """The primary: the digests of its files, and what it was asked."""
    state: dict[str, Any] = {"digest": [hashlib.sha256(wal[:5000]).hexdigest()], "gone": "", "checkpoints": 0}

    def checkpoint(login: dict[str, Any]) -> None:
        state["checkpoints"] += 1

    def digests(login: dict[str, Any], names: list[str], length: int) -> list[str]:
        state["names"], state["length"] = names, length
        return list(state["digest"])

    def missing_wal(login: dict[str, Any], place: Position, segment_bytes: int, position: Lsn) -> str:
        state["from"] = place
        return str(state["gone"])

    for function in (checkpoint, digests, missing_wal):
        monkeypatch.setattr(gateway, function.__name__, function)
    return state


@pytest.fixture(name="wal")
def _wal() -> bytes:
    return bytes(number % 251 for number in range(8000))


@pytest.fixture(name="rewinder")
def _rewinder(tmp_path: Path, tools: Tools, wal: bytes) -> Rewinder:
    data, binaries = tmp_path / "main", tmp_path / "bin"
    for directory in (data / "pg_wal", data / "global", binaries):
        directory.mkdir(parents=True)
    (data / "global" / "pg_control").touch()
    for name in ("000000010000000000000002", "000000010000000000000003", "000000010000000000000004"):
        (data / "pg_wal" / name).write_bytes(wal + name.encode())
    (binaries / "pg_controldata").touch()
    script(binaries, 0)
    login = {"host": "10.0.1.100", "user": "pgha_rewind", "password": "s3cret"}
    return Rewinder(data, binaries, login, "/etc/postgresql/15/main/postgresql.conf", 60, 1, tools)


def script(binaries: Path, status: int, said: str = "rewind-dry-run.txt") -> None:
    path = binaries / "pg_rewind"
    path.write_text(REWIND.format(label=FIXTURES / "backup_label-rewound.txt", status=status, said=FIXTURES / said))
    path.chmod(0o755)


def rewind(rewinder: Rewinder, control: Control = PARTED, stamp: str = "20260101T000000Z") -> dict[str, Any]:
    with files.beside(rewinder.data, "progress").open("a+", encoding="utf-8") as progress:
        return rewinder.rewind(control, PAST, stamp, progress)


def test_the_wal_before_the_fork_is_compared_byte_by_byte(rewinder: Rewinder, asked: dict[str, Any]) -> None:
    assert rewinder.against(PARTED, PRIMARY, {}) == ""
    assert asked["length"] == 5000
    assert asked["names"] == [
        "000000010000000000000003", "000000010000000000000003.partial", "000000020000000000000003",
    ]  # fmt: skip
    assert asked["from"] == Position(2, FORK)


@pytest.mark.parametrize(
    ("situation", "digests"),
    [("the primary has none of the files", []), ("they are others", ["0" * 64]), ("one is", ["own", "0" * 64])],
)
def test_wal_that_is_not_provably_the_same_forbids_it(
    rewinder: Rewinder, asked: dict[str, Any], wal: bytes, situation: str, digests: list[str]
) -> None:
    own = hashlib.sha256(wal[:5000]).hexdigest()
    asked["digest"] = [own if digest == "own" else digest for digest in digests]
    assert "not provably the primary's" in rewinder.against(PARTED, PRIMARY, {}), situation


def test_own_wal_that_is_gone_proves_nothing(rewinder: Rewinder, asked: dict[str, Any]) -> None:
    (rewinder.data / "pg_wal" / "000000010000000000000003").unlink()
    assert "not provably" in rewinder.against(PARTED, PRIMARY, {})
    assert "names" not in asked


def test_a_fork_at_the_beginning_of_a_file_is_proven_by_the_one_before(
    rewinder: Rewinder, asked: dict[str, Any]
) -> None:
    edge = replace(PRIMARY, history=History(2, (Fork(1, Lsn(0x4000000)),)))
    own = rewinder.data / "pg_wal" / "000000010000000000000003"
    asked["digest"] = [hashlib.sha256(own.read_bytes()).hexdigest()]
    assert rewinder.against(PARTED, edge, {}) == ""
    assert asked["length"] == SEGMENT
    assert asked["names"][0] == "000000010000000000000003"


def test_wal_that_the_primary_has_no_more_forbids_it(rewinder: Rewinder, asked: dict[str, Any]) -> None:
    asked["gone"] = "requested WAL segment has already been removed"
    assert "already been removed" in rewinder.against(PARTED, PRIMARY, {})


def test_the_cost_is_what_pg_rewind_says_and_changes_nothing(rewinder: Rewinder, tools: Tools) -> None:
    assert rewinder.cost() == 53 * 2**20
    assert "--dry-run" in tools.called[0]
    assert "s3cret" not in tools.called[0]
    assert tools.passwords == ["s3cret"]


def test_before_the_primarys_first_checkpoint_the_cost_is_not_known(rewinder: Rewinder, tools: Tools) -> None:
    tools.dry_run = Completed(0, "", (FIXTURES / "rewind-not-required.txt").read_text())
    assert rewinder.cost() is None


def test_what_pg_rewind_complains_of_is_told(rewinder: Rewinder, tools: Tools) -> None:
    tools.dry_run = Completed(1, "", (FIXTURES / "rewind-wal-recycled.txt").read_text())
    with pytest.raises(PghaError, match="pg_rewind failed") as failure:
        rewinder.cost()
    assert "could not find previous WAL record" in str(failure.value.said)


def test_a_crashed_server_replays_its_wal_first_and_keeps_it(
    rewinder: Rewinder, tools: Tools, asked: dict[str, Any]
) -> None:
    # As the resource agent leaves it when it refuses to start an old primary: "standby mode is not supported".
    (rewinder.data / "standby.signal").touch()
    tools.forbidden = rewinder.data / "standby.signal"
    done = rewind(rewinder)
    recovery = tools.called[0]
    assert "--single" in recovery
    assert "wal_keep_size=2147483647" in recovery
    assert "config_file=/etc/postgresql/15/main/postgresql.conf" in recovery
    assert not [call for call in tools.called if "--dry-run" in call], "it fetches all that a rewind does"
    assert asked["checkpoints"] == 1, "before its first checkpoint the primary's control data name the old timeline"
    assert done["copied_bytes"] == 53 * 2**20


def test_the_wal_of_what_is_undone_is_kept(rewinder: Rewinder, asked: dict[str, Any]) -> None:
    older = files.beside(rewinder.data, "diverged-20250101T000000Z")
    older.mkdir()
    kept = Path(rewind(rewinder)["diverged_wal"])
    assert asked["checkpoints"] == 1
    assert sorted(one.name for one in kept.iterdir()) == ["000000010000000000000003", "000000010000000000000004"]
    assert not older.exists()


def test_afterwards_it_is_a_standby_and_no_mark_is_left(rewinder: Rewinder, asked: dict[str, Any]) -> None:
    (rewinder.data / "backup_manifest").touch()
    rewind(rewinder)
    assert asked["checkpoints"] == 1
    assert (rewinder.data / "standby.signal").exists()
    assert not (rewinder.data / "backup_manifest").exists()
    assert not files.half_rewound(rewinder.data)


@pytest.mark.parametrize("failing", ["recovery", "no fork", "rewind", "WAL missing"])
def test_a_rewind_that_fails_leaves_its_mark(
    rewinder: Rewinder, tools: Tools, asked: dict[str, Any], failing: str
) -> None:
    if failing == "recovery":
        tools.recovery = Completed(1, "", "FATAL")
    elif failing == "no fork":
        script(rewinder.binaries, 0, "rewind-not-required.txt")
    elif failing == "rewind":
        script(rewinder.binaries, 1)
    else:
        (rewinder.data / "pg_wal" / "000000010000000000000003").unlink()
    with pytest.raises(PghaError):
        rewind(rewinder)
    assert asked["checkpoints"] == (failing != "recovery")
    assert files.half_rewound(rewinder.data)
    rewinder.data.rename(rewinder.data.with_name("old"))
    rewinder.data.mkdir()
    assert not files.half_rewound(rewinder.data), "it is about that directory and not about its name"
