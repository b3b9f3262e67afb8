# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a PostgreSQL server is at this moment, running or stopped.

This module util is private to the collection.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import gateway
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import Control

SERVER = """
SELECT pg_is_in_recovery() AS in_recovery,
       current_setting('server_version_num')::int / 10000 AS version,
       CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_wal_lsn()::text END AS write_lsn,
       pg_last_wal_receive_lsn()::text AS receive_lsn,
       pg_last_wal_replay_lsn()::text AS replay_lsn,
       CASE WHEN pg_is_in_recovery() AND pg_last_wal_receive_lsn() IS DISTINCT FROM pg_last_wal_replay_lsn()
            THEN extract(epoch FROM now() - pg_last_xact_replay_timestamp())::float8 ELSE 0 END AS lag_seconds,
       pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::bigint AS replay_lag_bytes,
       current_setting('synchronous_standby_names') AS synchronous_standby_names,
       (SELECT received_tli FROM pg_stat_wal_receiver) AS received_timeline,
       (SELECT status FROM pg_stat_wal_receiver) AS receiver,
       (SELECT sender_host FROM pg_stat_wal_receiver) AS upstream,
       (SELECT timeline_id FROM pg_control_checkpoint()) AS checkpoint_timeline
"""
REPLICAS = """
SELECT application_name AS name, host(client_addr) AS address, state, sync_state,
       pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn)::bigint AS lag_bytes,
       coalesce(extract(epoch FROM replay_lag), 0)::float8 AS lag_seconds
FROM pg_stat_replication ORDER BY application_name
"""
SLOTS = """
SELECT slot_name AS name, active, wal_status,
       pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint AS retained_bytes
FROM pg_replication_slots ORDER BY slot_name
"""


def stopped(control: Control | None, *, exists: bool, problem: str = "") -> dict[str, Any]:
    """Describe a server that does not answer, from its control data alone."""
    return {
        "running": False,
        "role": "stopped" if exists else "none",
        "accepts_writes": False,
        "system_identifier": control.system_identifier if control else None,
        "timeline": control.timeline if control else None,
        "lsn": str(control.checkpoint_lsn) if control else None,
        "replicas": [],
        "slots": [],
        "control": control.as_result() if control else None,
        "problem": problem,
    }


def running(control: Control | None, row: dict[str, Any], replicas: list[Any], slots: list[Any]) -> dict[str, Any]:
    """Describe a server that answers."""
    standby = row["in_recovery"]
    return {
        "running": True,
        "role": "standby" if standby else "primary",
        "in_recovery": standby,
        "accepts_writes": not standby,
        "system_identifier": control.system_identifier if control else None,
        "version": row["version"],
        "timeline": (row["received_timeline"] if standby else None) or row["checkpoint_timeline"],
        "lsn": row["write_lsn"] or row["receive_lsn"] or row["replay_lsn"],
        "receive_lsn": row["receive_lsn"],
        "replay_lsn": row["replay_lsn"],
        "lag_bytes": row["replay_lag_bytes"],
        "lag_seconds": row["lag_seconds"] if standby else None,
        "streaming": row["receiver"] == "streaming",
        "upstream": row["upstream"],
        "synchronous_standby_names": row["synchronous_standby_names"],
        "replicas": replicas,
        "slots": slots,
        "control": control.as_result() if control else None,
        "problem": "",
    }


def observe(data_directory: Path, bin_directory: Path, socket_directory: str, port: int) -> dict[str, Any]:
    """Observe a server; one that is stopped or absent is an answer and no failure."""
    control = gateway.control(data_directory, bin_directory)
    if gateway.postmaster_pid(data_directory) is None:
        return stopped(control, exists=gateway.has_data(data_directory))
    try:
        row = gateway.query(socket_directory, port, SERVER)[0]
        on_primary = not row["in_recovery"]
        replicas = gateway.query(socket_directory, port, REPLICAS) if on_primary else []
        slots = gateway.query(socket_directory, port, SLOTS) if on_primary else []
    except PghaError as silent:
        return stopped(control, exists=True, problem=silent.said or silent.message) | {"role": "not answering"}
    return running(control, row, replicas, slots)
