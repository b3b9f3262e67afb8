# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only door from this subject to a server: tools, sockets and files of PostgreSQL.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner, run
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import parse
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import Control, Fork, History
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.plan import Source, Target

CONNECT_SECONDS = 3
STATEMENT_MILLISECONDS = 5000


def postmaster_pid(data_directory: Path) -> int | None:
    """Return the process that serves the directory, None when none does.

    A pid file outlives a crash, and its number may belong to another program by then: the process must be one of
    PostgreSQL's that works in this directory.
    """
    try:
        pid = int((data_directory / "postmaster.pid").read_text(encoding="ascii").split("\n", 1)[0])
        if Path(f"/proc/{pid}/cwd").readlink() == data_directory.resolve():
            return pid
    except (OSError, ValueError):
        return None
    return None


def has_data(data_directory: Path) -> bool:
    """Tell whether there is a cluster's data; PG_VERSION alone is the bare directory that the role places."""
    return (data_directory / "global" / "pg_control").exists()


def control(data_directory: Path, bin_directory: Path, runner: Runner = run) -> Control | None:
    """Read the control data; None where there is no data directory or no PostgreSQL yet."""
    tool = bin_directory / "pg_controldata"
    if not has_data(data_directory) or not tool.exists():
        return None
    done = runner([str(tool), "-D", str(data_directory)], timeout=20)
    if done.rc != 0:
        return None
    return parse.control(done.stdout)


def backup_start(data_directory: Path) -> Fork | None:
    """Return where a clone starts that has not run yet; None for a directory that has run, or is no standby's."""
    label = data_directory / "backup_label"
    if not label.exists() or not (data_directory / "standby.signal").exists():
        return None
    return parse.backup_start(label.read_text(encoding="utf-8"))


def target(data_directory: Path, bin_directory: Path, runner: Runner = run) -> Target:
    """Observe the data directory that is to follow."""
    return Target(
        exists=has_data(data_directory),
        running=postmaster_pid(data_directory) is not None,
        control=control(data_directory, bin_directory, runner),
        backup_start=backup_start(data_directory),
    )


@contextlib.contextmanager
def connection(**parameters: Any) -> Iterator[Any]:
    """Open a connection that gives up: a frozen server holds a client that has no timeout of its own."""
    import psycopg2  # noqa: PLC0415  # a server that is being installed has none yet

    try:
        opened = psycopg2.connect(connect_timeout=CONNECT_SECONDS, tcp_user_timeout=5000, **parameters)
    except psycopg2.OperationalError as refused:
        raise PghaError("PostgreSQL cannot be reached.", said=str(refused)) from refused
    try:
        yield opened
    except psycopg2.Error as failed:
        raise PghaError("PostgreSQL refused a question.", said=str(failed)) from failed
    finally:
        opened.close()


def source(parameters: dict[str, Any]) -> Source:
    """Ask the server to follow who it is, over a replication connection."""
    from psycopg2.extras import PhysicalReplicationConnection  # noqa: PLC0415

    with connection(connection_factory=PhysicalReplicationConnection, **parameters) as opened:
        cursor = opened.cursor()
        cursor.execute("IDENTIFY_SYSTEM")
        identifier, timeline = cursor.fetchone()[:2]
        cursor.execute("SHOW in_hot_standby")
        standby = cursor.fetchone()[0] == "on"
        past = History(int(timeline))
        if int(timeline) > 1:
            cursor.execute(f"TIMELINE_HISTORY {int(timeline)}")
            content = cursor.fetchone()[1]
            text = bytes(content).decode() if not isinstance(content, str) else content
            past = parse.history(int(timeline), text)
    return Source(primary=not standby, system_identifier=str(identifier), history=past)


def query(socket_directory: str, port: int, statement: str) -> list[dict[str, Any]]:
    """Ask the local server over its socket; every row as a dictionary."""
    from psycopg2.extras import RealDictCursor  # noqa: PLC0415

    options = f"-c statement_timeout={STATEMENT_MILLISECONDS}"
    with connection(host=socket_directory, port=port, dbname="postgres", options=options) as opened:
        opened.set_session(readonly=True, autocommit=True)
        cursor = opened.cursor(cursor_factory=RealDictCursor)
        cursor.execute(statement)
        return [dict(row) for row in cursor.fetchall()]


def ensure_slot(parameters: dict[str, Any], slot: str) -> bool:
    """Make a physical slot that keeps WAL from now on; return whether it was missing."""
    from psycopg2.errors import DuplicateObject  # noqa: PLC0415
    from psycopg2.extras import PhysicalReplicationConnection  # noqa: PLC0415

    with connection(connection_factory=PhysicalReplicationConnection, **parameters) as opened:
        cursor = opened.cursor()
        try:
            cursor.execute(f'CREATE_REPLICATION_SLOT "{slot}" PHYSICAL RESERVE_WAL')
        except DuplicateObject:
            return False
    return True
