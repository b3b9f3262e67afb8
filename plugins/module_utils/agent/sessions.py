# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the agent reaches the local PostgreSQL: its own sessions, and root's helper for what they cannot do.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.gateway import Session
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.handover import Asks

ROLE = "pgha_agent"
DATABASE = "pgha"
PATIENCE = 2.0
"""Seconds for an answer that has nothing to wait for."""
HAND = ["sudo", "-n", "/usr/lib/pgha/pgha-agent-hand"]
"""Root's helper, see ``hand.py``."""
HAND_SECONDS = 20.0


class Place(Protocol):
    """Where the local PostgreSQL is; a part of the agent's configuration."""

    @property
    def port(self) -> int: ...
    @property
    def data_directory(self) -> str: ...
    @property
    def socket_directory(self) -> str: ...
    @property
    def unit(self) -> str: ...


Connect = Callable[..., Asks]
"""Opens a session: the database's name and further options of the server."""


def socket_of(place: Place) -> str:
    """Return the socket's name."""
    return f"{place.socket_directory}/.s.PGSQL.{place.port}"


def pid_file_of(place: Place) -> Path:
    """Return the pid file that every user may read: the data directory's own is hidden from this one."""
    instance = place.unit.removesuffix(".service").partition("@")[2]
    return Path(place.socket_directory) / f"{instance}.pid"


def connector(place: Place) -> Connect:
    """Return what opens a session here."""

    def connect(database: str = "postgres", options: str = "") -> Asks:
        return Session(
            host=place.socket_directory,
            port=place.port,
            user=ROLE,
            dbname=database,
            options=options,
            application_name="pgha-agent",
            patience=PATIENCE,
        )

    return connect


def code_of(error: PghaError) -> str:
    """Return the SQLSTATE of what went wrong; nothing when the server did not say one."""
    cause: Any = error.__cause__
    return str(getattr(cause, "pgcode", None) or "")
