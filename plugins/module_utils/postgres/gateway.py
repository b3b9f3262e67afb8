# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only door from this subject to a server: its connections. Files and tools of a stopped one: see ``files``.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import select
import threading
import time
from collections.abc import Iterator
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import parse
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import History, Lsn, Position
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.plan import Source

CONNECT_SECONDS = 3
ANSWER_SECONDS = 5.0
STATEMENT_MILLISECONDS = 4000
CHECKPOINT_SECONDS = 600.0

# A server that stops answering is noticed by the kernel too, and a copy that hangs ends.
KEEPALIVE = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30000,
}

CATALOG = """
SELECT coalesce((SELECT sum(pg_database_size(oid)) FROM pg_database
                 WHERE has_database_privilege(oid, 'CONNECT')), 0)::bigint AS size_bytes,
       ARRAY(SELECT pg_tablespace_location(oid) FROM pg_tablespace
             WHERE pg_tablespace_location(oid) LIKE '/%') AS tablespaces
"""


def _driver() -> Any:
    try:
        import psycopg2  # noqa: PLC0415  # a server that is being installed has none yet
        import psycopg2.extensions  # noqa: PLC0415
        import psycopg2.extras  # noqa: PLC0415
    except ImportError as missing:
        raise PghaError(
            "The Python library psycopg2 is not installed on the server.",
            next_step="run the deploy playbook, which installs it",
        ) from missing
    return psycopg2


class _Limits(threading.local):
    """When this thread's question has to be answered, on the monotonic clock, and how long that was when it was asked.

    The driver knows one wait for the whole process. The failover agent asks in several threads, each with a limit.
    """

    deadline: float | None = None
    seconds: float = ANSWER_SECONDS


_limits = _Limits()


def _wait(opened: Any) -> None:
    """Be psycopg2's wait, with an end: a frozen server never closes the connection, and libpq waits for ever."""
    extensions = _driver().extensions
    while (state := opened.poll()) != extensions.POLL_OK:
        left = None if _limits.deadline is None else max(_limits.deadline - time.monotonic(), 0)
        reading, writing = state == extensions.POLL_READ, state == extensions.POLL_WRITE
        place = [opened.fileno()]
        ready = select.select(place if reading else [], place if writing else [], [], left)
        if not any(ready):
            raise PghaError("PostgreSQL does not answer.", said=f"no answer within {_limits.seconds:g} seconds")


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Let this thread's questions end."""
    before = _limits.deadline, _limits.seconds
    _driver().extensions.set_wait_callback(_wait)
    _limits.deadline, _limits.seconds = time.monotonic() + seconds, seconds
    try:
        yield
    finally:
        _limits.deadline, _limits.seconds = before


@contextlib.contextmanager
def connection(*, owner: str = "", **parameters: Any) -> Iterator[Any]:
    """Open a connection that gives up: a frozen server holds a client that has no timeout of its own.

    :param owner: the operating system's user to connect as over a socket; empty to stay who we are.
    """
    driver = _driver()
    opened = None
    try:
        with _limited(ANSWER_SECONDS):
            with acting_as(owner):
                opened = driver.connect(**KEEPALIVE, **parameters)
            yield opened
    except driver.OperationalError as refused:
        text = "PostgreSQL cannot be reached." if opened is None else "PostgreSQL did not answer a question."
        raise PghaError(text, said=str(refused)) from refused
    except driver.Error as failed:
        raise PghaError("PostgreSQL refused a question.", said=str(failed)) from failed
    finally:
        if opened is not None:
            opened.close()


class Session:
    """A connection that stays open between questions, each with a time limit of its own.

    :param owner: the operating system's user to connect as over a socket; empty to stay who we are.
    :param patience: seconds that the connection may take.
    """

    def __init__(self, *, owner: str = "", patience: float = ANSWER_SECONDS, **parameters: Any) -> None:
        self._driver = _driver()
        with acting_as(owner), self._answering(patience):
            self._opened = self._driver.connect(**{"dbname": "postgres", **KEEPALIVE, **parameters})
            self._opened.set_session(autocommit=True)

    @contextlib.contextmanager
    def _answering(self, seconds: float) -> Iterator[None]:
        try:
            with _limited(seconds):
                yield
        except self._driver.Error as failed:
            raise PghaError("PostgreSQL gave no answer to a question.", said=str(failed).strip()) from failed

    def ask(self, statement: str, values: tuple[Any, ...] = (), *, seconds: float = ANSWER_SECONDS) -> list[Any]:
        """Run a statement and return its rows."""
        with self._answering(seconds):
            cursor = self._opened.cursor()
            cursor.execute(statement, values)
            return list(cursor.fetchall()) if cursor.description else []

    def has_news(self) -> bool:
        """Return whether the other side has sent something unasked: it does so once, when it ends the connection."""
        return any(select.select([self._opened], [], [], 0)[0])

    def close(self) -> None:
        """End the connection."""
        self._opened.close()


@contextlib.contextmanager
def acting_as(user: str) -> Iterator[None]:
    """Act as another user of the operating system for a moment: a socket asks who connects (peer authentication)."""
    if not user:
        yield
        return
    try:
        wanted = pwd.getpwnam(user).pw_uid
    except KeyError as unknown:
        raise PghaError(f"The server has no user {user}.", next_step="run the deploy playbook") from unknown
    before = os.geteuid()
    os.seteuid(wanted)
    try:
        yield
    finally:
        os.seteuid(before)


@contextlib.contextmanager
def _replication(parameters: dict[str, Any]) -> Iterator[Any]:
    factory = _driver().extras.PhysicalReplicationConnection
    with connection(connection_factory=factory, **parameters) as opened:
        yield opened


def _show(cursor: Any, setting: str) -> str:
    cursor.execute(f"SHOW {setting}")
    return str(cursor.fetchone()[0])


def source(parameters: dict[str, Any], catalog_user: str = "", slot: str = "") -> Source:
    """Ask the server to follow who it is, over a replication connection, and how much there is to copy.

    :param catalog_user: a role that may connect to the database ``postgres``; empty when there is none to ask with.
    :param slot: the replication slot that is to keep WAL for the standby; empty for none.
    """
    with _replication(parameters) as opened:
        cursor = opened.cursor()
        cursor.execute("IDENTIFY_SYSTEM")
        identifier, timeline, position = cursor.fetchone()[:3]
        standby = _show(cursor, "in_hot_standby") == "on"
        names = _show(cursor, "synchronous_standby_names")
        ready = not slot or _slot_keeps_wal(cursor, slot)[1]
        version = int(opened.server_version) // 10000
        past = History(int(timeline))
        if int(timeline) > 1:
            cursor.execute(f"TIMELINE_HISTORY {int(timeline)}")
            content = cursor.fetchone()[1]
            text = content if isinstance(content, str) else bytes(content).decode()
            past = parse.history(int(timeline), text)
    known: dict[str, Any] = {}
    if catalog_user and not standby:
        row = query({**parameters, "user": catalog_user}, [CATALOG])[0][0]
        known = {"size_bytes": int(row["size_bytes"]), "tablespaces": tuple(sorted(row["tablespaces"]))}
    return Source(not standby, str(identifier), past, Lsn.parse(position), version, names, ready, **known)


def query(parameters: dict[str, Any], statements: list[str]) -> list[list[dict[str, Any]]]:
    """Ask a server over one connection; for each statement its rows, as dictionaries."""
    options = f"-c statement_timeout={STATEMENT_MILLISECONDS}"
    with connection(dbname="postgres", options=options, **parameters) as opened:
        # Not read only: the session would see its own default_transaction_read_only and not the server's.
        opened.set_session(autocommit=True)
        cursor = opened.cursor(cursor_factory=_driver().extras.RealDictCursor)
        answers = []
        for statement in statements:
            cursor.execute(statement)
            answers.append([dict(row) for row in cursor.fetchall()])
        return answers


def checkpoint(parameters: dict[str, Any]) -> None:
    """Let the server write a checkpoint now, which may take it a while.

    Until its first one after a promotion, its control data name the old timeline, and pg_rewind believes them.
    """
    with contextlib.closing(Session(**parameters)) as session:
        session.ask("CHECKPOINT", seconds=CHECKPOINT_SECONDS)


def digests(parameters: dict[str, Any], names: list[str], length: int) -> list[str]:
    """Return the SHA-256 of the first bytes of WAL files that the server has; of one that it has not, nothing."""
    statement = "SELECT encode(sha256(pg_read_binary_file(%s, 0, %s, true)), 'hex')"
    with contextlib.closing(Session(**parameters)) as session:
        answers = [session.ask(statement, (f"pg_wal/{name}", length))[0][0] for name in names]
    return [str(answer) for answer in answers if answer is not None]


def _slot_keeps_wal(cursor: Any, slot: str) -> tuple[bool, bool]:
    """Return whether a slot exists, and whether it keeps WAL.

    A slot that the primary invalidated keeps nothing and never will again, and one that was never used nothing yet.
    """
    cursor.execute(f'READ_REPLICATION_SLOT "{slot}"')
    kind, restart_lsn = cursor.fetchone()[:2]
    return kind is not None, restart_lsn is not None


def ensure_slot(parameters: dict[str, Any], slot: str) -> None:
    """Make a physical slot that keeps WAL from now on; one that keeps none is made anew."""
    with _replication(parameters) as opened:
        cursor = opened.cursor()
        exists, keeps_wal = _slot_keeps_wal(cursor, slot)
        if keeps_wal:
            return
        if exists:
            cursor.execute(f'DROP_REPLICATION_SLOT "{slot}"')
        cursor.execute(f'CREATE_REPLICATION_SLOT "{slot}" PHYSICAL RESERVE_WAL')


def missing_wal(parameters: dict[str, Any], place: Position, segment_bytes: int, source_position: Lsn) -> str:
    """Ask the primary for the WAL that a standby would ask for first; return its complaint, empty when it has it."""
    first = place.lsn.segment_start(segment_bytes)
    if not first < source_position:
        return ""
    driver = _driver()
    with _replication(parameters) as opened:
        # Reading a stream has its own wait below.
        driver.extensions.set_wait_callback(None)
        cursor = opened.cursor()
        deadline = time.monotonic() + ANSWER_SECONDS
        try:
            cursor.start_replication(
                slot_type=driver.extras.REPLICATION_PHYSICAL, start_lsn=str(first), timeline=place.timeline
            )
            while cursor.read_message() is None:
                left = deadline - time.monotonic()
                if left <= 0 or not any(select.select([opened], [], [], left)):
                    raise PghaError("The primary sent no WAL.", said=f"nothing within {ANSWER_SECONDS:g} seconds")
        except driver.Error as refused:
            # A connection that broke says nothing about the WAL; only this answer does.
            if "has already been removed" not in str(refused):
                raise
            return str(refused).strip()
    return ""
