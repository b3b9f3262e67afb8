# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two halves of a switchover, as far as PostgreSQL goes: one server stops in order, the other one takes over.

They run at the same time, each on its server, and need nobody between them. Each keeps a connection to the other one:
the primary sees that the standby is ready, and afterwards that it is promoted. What the standby acts upon is no
message but the log itself: it promotes when the last record that it has is the primary's shutdown checkpoint, which a
primary writes last of all and after which it takes no commit (S1).

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner, run
from ansible_collections.pgha.cluster.plugins.module_utils.common.wait import wait_until
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import files
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import Lsn

APPLICATION = "pgha switchover"
AGAIN_SECONDS = 0.1
FAR_BYTES = 16 * 1024 * 1024
"""A standby farther behind than one WAL file makes the pause longer than the copy of what is missing."""

STANDING = """
SELECT pg_is_in_recovery(), state, sync_state, pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn)::bigint
FROM (VALUES (%s)) AS wanted (name) LEFT JOIN pg_stat_replication ON application_name = wanted.name
"""
SLOT = (
    "SELECT pg_create_physical_replication_slot(%s, true) "
    "WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = %s)"
)
PRESENT = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = %s AND client_addr IS NOT NULL)"
WATCH = """
SELECT pg_last_wal_replay_lsn()::text, pg_last_wal_receive_lsn()::text,
       EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming'), received_tli
FROM (VALUES (1)) AS always LEFT JOIN pg_stat_wal_receiver ON true
"""
RECORD = re.compile(r"^rmgr: XLOG .*, lsn: ([0-9A-F]+/[0-9A-F]+), .* desc: CHECKPOINT_SHUTDOWN ")


class Asks(Protocol):
    """An open session."""

    def ask(self, statement: str, values: tuple[Any, ...] = (), *, seconds: float = 5) -> list[Any]: ...

    def close(self) -> None: ...


def complaint(row: Any, standby: str, mode: str) -> str:
    """Return what forbids to stop this primary for that standby now; nothing when all is well."""
    in_recovery, state, sync_state, behind = row
    if in_recovery:
        return "this server is no primary any more"
    if state != "streaming":
        return f"{standby} does not stream from here"
    if mode == "sync" and sync_state not in ("sync", "quorum"):
        return f"{standby} is no synchronous standby ({sync_state})"
    if behind is None or behind > FAR_BYTES:
        return f"{standby} is {behind if behind is not None else 'an unknown number of'} bytes behind"
    return ""


@dataclass
class Giver:
    """The primary that hands over.

    :ivar local: a session of a superuser here.
    :ivar peer: a session on the standby.
    """

    local: Asks
    peer: Asks
    standby: str
    mode: str
    data_directory: Path

    def check(self) -> None:
        """Derive anew that the standby may take over."""
        wrong = complaint(self.local.ask(STANDING, (self.standby,))[0], self.standby, self.mode)
        if wrong:
            raise PghaError(
                f"Nothing was stopped: {wrong}.", next_step="run the status playbook, then the switchover again"
            )

    def checkpoint(self, seconds: float) -> None:
        """Write everything to disk now, while clients go on: the checkpoint of the shutdown is small then."""
        self.local.ask("CHECKPOINT", seconds=seconds)

    def standby_is_ready(self) -> bool:
        """Return whether the other half is connected to here."""
        return bool(self.local.ask(PRESENT, (APPLICATION,))[0][0])

    def stop(self) -> None:
        """Begin to stop in order; clients are disconnected, and refused from then on."""
        pid = files.postmaster_pid(self.data_directory)
        if pid is None:
            raise PghaError("PostgreSQL does not run here any more.", next_step="run the status playbook")
        os.kill(pid, signal.SIGINT)

    def has_stopped(self) -> bool:
        """Return whether nothing of PostgreSQL runs here any more; its archiver may take its time."""
        return files.postmaster_pid(self.data_directory) is None

    def standby_is_promoted(self) -> bool:
        """Return whether the other server takes writes; no answer is a no."""
        try:
            return not self.peer.ask("SELECT pg_is_in_recovery()")[0][0]
        except PghaError:
            return False

    def leave(self) -> None:
        """End the connection to the other half, which tells it that nothing is left to wait for."""
        self.peer.close()


def ends_in_shutdown(text: str, end: Lsn) -> bool:
    """Return whether the last record of what pg_waldump printed is a shutdown checkpoint that reaches to the end.

    :param end: how far the standby has received and replayed; a record begins before.
    """
    lines = [line for line in text.splitlines() if line.startswith("rmgr:")]
    found = RECORD.match(lines[-1]) if lines else None
    return found is not None and Lsn.parse(found.group(1)) < end


class Taker:
    """The standby that takes over.

    :param local: a session of a superuser here.
    :ivar streamed_at: when the primary was last seen to send, on the monotonic clock.
    """

    def __init__(self, local: Asks, data_directory: Path, bin_directory: Path, runner: Runner = run) -> None:
        self._local = local
        self._data_directory = data_directory
        self._bin_directory = bin_directory
        self._runner = runner
        self._timeline = 0
        # Two places, because the last look at a running stream may have found its very end already.
        self._seen = self._before = self._end = Lsn(0)
        self.streamed_at = 0.0

    def giver_is_there(self) -> bool:
        """Return whether the other half is connected to here."""
        return bool(self._local.ask(PRESENT, (APPLICATION,))[0][0])

    def stream_has_ended(self) -> bool:
        """Return whether the primary sends no more; remembers how far the log reached while it did."""
        replayed, received, streaming, timeline = self._local.ask(WATCH)[0]
        if streaming:
            self.streamed_at = time.monotonic()
            now = Lsn.parse(replayed)
            self._timeline = int(timeline)
            if now != self._seen:
                self._before, self._seen = self._seen if self._seen.value else now, now
            return False
        self._end = max(Lsn.parse(replayed), Lsn.parse(received))
        return bool(self._timeline)

    def has_shutdown_checkpoint(self) -> bool:
        """Return whether the last record that arrived is the primary's shutdown checkpoint (S1)."""
        if not self.stream_has_ended():
            return False
        argv = [str(self._bin_directory / "pg_waldump"), "--path", str(self._data_directory / "pg_wal")]
        argv += ["--timeline", str(self._timeline), "--start", str(self._before)]
        # It ends with an error where the log ends, and that is what is wanted here.
        return ends_in_shutdown(self._runner(argv, timeout=20).stdout, self._end)

    def promote(self, deadline: float) -> None:
        """Become primary, and wait until writes are taken."""
        told = 0.0

        def promoted() -> bool:
            nonlocal told
            if not self._local.ask("SELECT pg_is_in_recovery()")[0][0]:
                return True
            # Told again and again: a request that arrives while the server gets over the loss of the stream is taken
            # note of and then slept upon, for seconds (seen). Not waited for there: it looks ten times a second only.
            if time.monotonic() - told > AGAIN_SECONDS:
                told = time.monotonic()
                with contextlib.suppress(PghaError):
                    self._local.ask("SELECT pg_promote(false)")
            return False

        wait_until(promoted, deadline, "this server is promoted")

    def make_slots(self, names: list[str]) -> None:
        """Keep WAL for the standbys from now on."""
        for name in names:
            self._local.ask(SLOT, (name, name))
