# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Undoing what a server wrote after the fork, in place (pg_rewind), and what has to be known before.

Names beside the data directory:

- ``<data>.pgha-rewind.json``: stands there from before the first change to after the last, with the directory's number.
  A directory that it names is neither old nor new and is never started; the next run clones.
- ``<data>.pgha-diverged-<UTC time>``: the WAL of what is undone, so that no write is gone without a trace (S4).

This module util is private to the collection.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed, Runner, run
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import files, gateway, parse
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.clone import conninfo, follow, sync, write_json
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import (
    Control,
    History,
    Lsn,
    Position,
    State,
)
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.place import mark_standby
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.plan import Source

ALL_WAL = 2**31 - 1
"""For wal_keep_size, in megabytes: the greatest value there is."""
IN_ORDER = frozenset({State.PRIMARY_STOPPED, State.STANDBY_STOPPED})


@dataclass(frozen=True)
class Rewinder:
    """One data directory, and the primary that it is to be like.

    :ivar login: keyword parameters of a connection as a role that may read the files (documentation, "pg_rewind").
    :ivar config_file: postgresql.conf, where it does not stand in the data directory.
    :ivar timeout: seconds for each of the tools.
    :ivar keep: how many directories with the WAL of undone writes are kept, at least one.
    """

    data: Path
    binaries: Path
    login: Mapping[str, Any]
    config_file: str
    timeout: float
    keep: int
    runner: Runner = run

    def against(self, control: Control, source: Source, login: Mapping[str, Any]) -> str:
        """Return why the data must not be rewound although its control data allow it; empty when nothing is seen.

        :param login: keyword parameters of a connection as a role that may replicate.
        """
        fork = source.history.left(control.timeline)
        if fork is None:
            return "the primary never left its timeline"
        after = source.history.after(control.timeline)
        if not self._same_wal(control, fork.lsn, after):
            return f"its WAL before {fork} is not provably the primary's"
        first = Position(after, fork.lsn)
        gone = gateway.missing_wal(dict(login), first, control.segment_bytes, source.position)
        return f"the primary has no WAL any more from {fork.lsn} on: {gone}" if gone else ""

    def _same_wal(self, control: Control, fork: Lsn, after: int) -> bool:
        """Return whether the WAL right before the fork is the same, byte by byte, on both servers."""
        # A fork at the beginning of a file: what it left stands at the end of the one before.
        place = Lsn(fork.value - 1)
        length = fork.value - place.segment_start(control.segment_bytes).value
        name = place.file_name(control.segment_bytes)
        own = self.data / "pg_wal" / f"{control.timeline:08X}{name}"
        if not own.exists():
            return False
        with own.open("rb") as opened:
            digest = hashlib.sha256(opened.read(length)).hexdigest()
        # A promotion renames the file that it leaves in the middle, and copies its beginning to the new timeline.
        names = [f"{control.timeline:08X}{name}", f"{control.timeline:08X}{name}.partial", f"{after:08X}{name}"]
        found = gateway.digests(dict(self.login), names, length)
        return bool(found) and set(found) == {digest}

    def _argv(self, *more: str) -> list[str]:
        parameters = {**gateway.KEEPALIVE, **self.login, "dbname": "postgres", "application_name": "pgha_rewind"}
        parameters.pop("password", None)
        return [
            str(self.binaries / "pg_rewind"),
            f"--target-pgdata={self.data}",
            f"--source-server={conninfo(parameters)}",
            "--progress",
            # The server was stopped in order before, with its WAL kept.
            "--no-ensure-shutdown",
            *more,
        ]

    def cost(self) -> int | None:
        """Return how many bytes pg_rewind would copy, without changing anything; the server was stopped in order.

        It costs as much as the rewind itself: a dry run fetches everything and writes nothing. None when it sees no
        fork.
        """
        password = self.login.get("password")
        env = {"PGPASSWORD": str(password)} if password is not None else {}
        call = self._argv("--dry-run")
        return _cost(_successful(self.runner(call, timeout=self.timeout, env=env), call).stderr)

    def recover(self) -> None:
        """Replay the server's own WAL after a crash, with nobody connected, and stop in order.

        pg_rewind does that too, and lets PostgreSQL recycle the WAL of the last common checkpoint, which it needs then.
        """
        # Whoever tried to start it as a standby left this, and then no single-user server starts. It is placed again.
        (self.data / "standby.signal").unlink(missing_ok=True)
        call = [str(self.binaries / "postgres"), "--single", "-D", str(self.data)]
        if self.config_file:
            call += ["-c", f"config_file={self.config_file}"]
        call += ["-c", f"wal_keep_size={ALL_WAL}", "-c", "archive_mode=off", "template1"]
        _successful(self.runner(call, timeout=self.timeout, stdin=""), call)

    def keep_diverged(self, control: Control, fork: Lsn, stamp: str) -> Path:
        """Copy the WAL of what is about to be undone to a place beside the data directory."""
        kept = files.beside(self.data, f"diverged-{stamp}")
        kept.mkdir(mode=0o700)
        earlier = sorted(set(self.data.parent.glob(f"{self.data.name}.pgha-diverged-*")) - {kept})
        for directory in earlier[: max(len(earlier) + 1 - max(self.keep, 1), 0)]:
            shutil.rmtree(directory)
        first = f"{control.timeline:08X}{fork.file_name(control.segment_bytes)}"
        for segment in sorted((self.data / "pg_wal").glob(f"{control.timeline:08X}????????????????")):
            if segment.name >= first:
                shutil.copyfile(segment, kept / segment.name)
                sync(kept / segment.name)
        sync(kept)
        return kept

    def rewind(self, control: Control, past: History, stamp: str, progress: TextIO) -> dict[str, Any]:
        """Undo what the server wrote after the fork; return what was done.

        :param control: as it was found.
        :param past: the primary's history.
        :raises PghaError: it failed; the directory is not to be started any more.
        """
        fork = past.left(control.timeline)
        if fork is None:
            raise PghaError("The primary never left the timeline of this data.")
        journal = files.beside(self.data, "rewind.json")
        write_json(journal, {"inode": self.data.stat().st_ino, "stamp": stamp})
        if control.state not in IN_ORDER:
            self.recover()
        gateway.checkpoint(dict(self.login))
        kept = self.keep_diverged(control, fork.lsn, stamp)
        follow(self._argv(), self.login.get("password"), self.timeout, progress)
        progress.seek(0)
        cost = _cost(progress.read())
        if cost is None:
            raise PghaError("pg_rewind sees no fork where there is one.")
        # Of the copy that this directory once was; it would be taken for what the directory is now.
        (self.data / "backup_manifest").unlink(missing_ok=True)
        self._check(past)
        mark_standby(self.data)
        journal.unlink()
        sync(self.data.parent)
        return {"copied_bytes": cost, "diverged_wal": str(kept), "progress_file": progress.name}

    def _check(self, past: History) -> None:
        """See that all the WAL is there which the next start has to replay before the data is consistent."""
        control = files.control(self.data, self.binaries, self.runner)
        label = self.data / "backup_label"
        if control is None or not label.exists():
            raise PghaError("pg_rewind left no backup label.", said=str(label))
        place = parse.label_start(label.read_text(encoding="utf-8")).segment_start(control.segment_bytes)
        timelines = [past.timeline, *(fork.timeline for fork in past.forks)]
        while place < control.min_recovery_end:
            name = place.file_name(control.segment_bytes)
            if not any((self.data / "pg_wal" / f"{timeline:08X}{name}").exists() for timeline in timelines):
                raise PghaError(f"After pg_rewind the WAL from {place} on is missing.")
            place = Lsn(place.value + control.segment_bytes)


def _cost(said: str) -> int | None:
    """Read from what pg_rewind says how many bytes it copies.

    None when it sees no fork: before the primary's first checkpoint after its promotion (before PostgreSQL 16).
    """
    return None if "no rewind required" in said else parse.rewind_cost(said)


def _successful(done: Completed, call: list[str]) -> Completed:
    if done.rc != 0:
        raise PghaError(f"{Path(call[0]).name} failed.", ran=call, said=done.stderr or done.stdout)
    return done
