# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a PostgreSQL server is at this moment, running or stopped.

This module util is private to the collection.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner, run
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import auto_conf, files, gateway
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import Control

# The timeline of a primary is read from the name of its WAL file: the last checkpoint, which the control data tell of,
# may be older than its promotion. Lag is unknown, and not zero, while a standby receives nothing.
SERVER = """
SELECT pg_is_in_recovery() AS in_recovery,
       current_setting('server_version_num')::int / 10000 AS version,
       (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier,
       CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_lsn()::text END AS write_lsn,
       CASE WHEN NOT pg_is_in_recovery() THEN pg_walfile_name(pg_current_wal_lsn()) END AS wal_file,
       pg_last_wal_receive_lsn()::text AS receive_lsn,
       pg_last_wal_replay_lsn()::text AS replay_lsn,
       CASE WHEN receiver.status IS DISTINCT FROM 'streaming' THEN NULL
            WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
            ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END::float8 AS lag_seconds,
       pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::bigint AS replay_lag_bytes,
       CASE WHEN pg_is_in_recovery()
            THEN extract(epoch FROM clock_timestamp()
                                    - greatest(pg_last_xact_replay_timestamp(), checkpoint.checkpoint_time))
            ELSE 0 END::float8 AS age_seconds,
       current_setting('default_transaction_read_only')::bool AS read_only,
       receiver.status AS receiver, receiver.sender_host AS upstream, receiver.slot_name AS upstream_slot,
       coalesce(receiver.received_tli, nullif(recovery.min_recovery_end_timeline, 0), checkpoint.timeline_id)
           AS recovery_timeline
FROM pg_control_recovery() AS recovery, pg_control_checkpoint() AS checkpoint
     LEFT JOIN pg_stat_wal_receiver AS receiver ON true
"""
REPLICAS = """
SELECT application_name AS name, host(client_addr) AS address, state, sync_state,
       flush_lsn::text AS flush_lsn, replay_lsn::text AS replay_lsn,
       CASE WHEN NOT pg_is_in_recovery() THEN pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn) END::bigint AS lag_bytes,
       coalesce(extract(epoch FROM replay_lag), 0)::float8 AS lag_seconds
FROM pg_stat_replication ORDER BY application_name
"""
SLOTS = """
SELECT slot_name AS name, slot_type AS type, active, temporary, wal_status, restart_lsn::text AS restart_lsn,
       pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
                       restart_lsn)::bigint AS retained_bytes
FROM pg_replication_slots ORDER BY slot_name
"""
SETTINGS = """
SELECT name, setting FROM pg_settings
WHERE name IN ('synchronous_standby_names', 'synchronous_commit', 'wal_log_hints', 'data_checksums', 'wal_level',
               'max_slot_wal_keep_size', 'primary_slot_name', 'fsync', 'full_page_writes')
"""

PLACE: dict[str, dict[str, Any]] = {
    "data_directory": {"type": "path", "required": True},
    "bin_directory": {"type": "path", "required": True},
    "socket_directory": {"type": "path", "default": "/var/run/postgresql"},
    "port": {"type": "int", "default": 5432},
    "owner": {"type": "str", "default": ""},
}
"""How a module is told where PostgreSQL stands."""
COMPILED = Path("/tmp")
"""Where a PostgreSQL that nobody has packaged has its sockets."""

# What a stop of the server would cut. And what an interrupted run placed and nobody loaded; the agent's own file is
# left out, which it loads itself.
PENDING = """
SELECT
       (SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0) FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid())::float8 AS longest_transaction_seconds,
       (SELECT count(*) FROM pg_stat_progress_basebackup)::int AS backups,
       coalesce(array_agg(name ORDER BY name) FILTER (WHERE pending_restart), '{}') AS restart_pending,
       coalesce(array_agg(name ORDER BY name) FILTER (WHERE pending_restart AND CASE
           WHEN name IN ('max_connections', 'max_worker_processes', 'max_wal_senders', 'max_prepared_transactions',
                         'max_locks_per_transaction')
           THEN setting::bigint > (SELECT CASE WHEN wanted.setting ~ '^[0-9]{1,18}$' THEN wanted.setting::bigint END
                                   FROM pg_file_settings AS wanted WHERE wanted.name = pg_settings.name
                                   ORDER BY seqno DESC LIMIT 1) END), '{}')
           AS restart_lowers,
       (SELECT coalesce(bool_or((pg_stat_file(file, true)).modification > pg_conf_load_time()), false)
        FROM (SELECT sourcefile FROM pg_file_settings WHERE sourcefile LIKE '%/conf.d/%'
              UNION VALUES (current_setting('hba_file')), (current_setting('ssl_cert_file')),
                           (current_setting('ssl_ca_file'))) AS files (file)
        WHERE file LIKE '/%') AS reload_pending
FROM pg_settings
"""


def stopped(control: Control | None, version: int | None, *, exists: bool) -> dict[str, Any]:
    """Describe a server that does not answer, from its control data alone."""
    return {
        "running": False,
        "role": "stopped" if exists else "none",
        "in_recovery": None,
        "accepts_writes": False,
        "system_identifier": control.system_identifier if control else None,
        "version": version,
        "timeline": max(control.timeline, control.min_recovery_timeline) if control else None,
        "lsn": str(max(control.checkpoint_lsn, control.min_recovery_end)) if control else None,
        "receive_lsn": None,
        "replay_lsn": None,
        "lag_bytes": None,
        "lag_seconds": None,
        "age_seconds": time.time() - control.checkpoint_time if control else None,
        "sync_state": None,
        "streaming": False,
        "upstream": None,
        "synchronous_standby_names": None,
        "settings": {},
        "replicas": [],
        "slots": [],
        "longest_transaction_seconds": None,
        "backups": None,
        "restart_pending": [],
        "restart_lowers": [],
        "reload_pending": False,
        "control": control.as_result() if control else None,
        "elsewhere": "",
        "altered": [],
        "problem": "the control data cannot be read" if exists and control is None else "",
    }


def running(control: Control | None, answers: list[list[dict[str, Any]]]) -> dict[str, Any]:
    """Describe a server that answers."""
    (row,), replicas, slots, rows, (pending,) = answers
    standby = row["in_recovery"]
    settings = {one["name"]: one["setting"] for one in rows}
    return {
        "running": True,
        "role": "standby" if standby else "primary",
        "in_recovery": standby,
        "accepts_writes": not standby and not row["read_only"],
        "system_identifier": row["system_identifier"],
        "version": row["version"],
        "timeline": row["recovery_timeline"] if standby else int(row["wal_file"][:8], 16),
        "lsn": row["write_lsn"] or row["receive_lsn"] or row["replay_lsn"],
        "receive_lsn": row["receive_lsn"] if standby else None,
        "replay_lsn": row["replay_lsn"] if standby else None,
        "lag_bytes": row["replay_lag_bytes"] if standby else None,
        "lag_seconds": row["lag_seconds"] if standby else None,
        "age_seconds": row["age_seconds"],
        # Only the primary knows what it waits for: its list of replicas tells.
        "sync_state": None,
        "streaming": row["receiver"] == "streaming",
        "upstream": row["upstream"],
        "synchronous_standby_names": settings.get("synchronous_standby_names"),
        "settings": settings,
        "replicas": replicas,
        "slots": slots,
        "longest_transaction_seconds": pending["longest_transaction_seconds"],
        "backups": pending["backups"],
        "restart_pending": list(pending["restart_pending"]),
        "restart_lowers": list(pending["restart_lowers"]),
        "reload_pending": pending["reload_pending"],
        "control": control.as_result() if control else None,
        "elsewhere": "",
        "altered": [],
        "problem": "",
    }


def observe(
    data_directory: Path,
    bin_directory: Path,
    socket_directory: str,
    port: int,
    *,
    owner: str = "",
    runner: Runner = run,
) -> dict[str, Any]:
    """Observe a server; one that is stopped, absent or hangs is an answer and no failure.

    :param owner: the operating system's user to ask the server as; empty to stay who we are.
    """
    try:
        control = files.control(data_directory, bin_directory, runner)
        problem = ""
    except PghaError as unreadable:
        control, problem = None, unreadable.message
    version = files.data_version(data_directory)
    without = stopped(control, version, exists=files.has_data(data_directory))
    altered = auto_conf.names(auto_conf.read(data_directory))
    without |= {"problem": problem or without["problem"], "altered": altered}
    if files.postmaster_pid(data_directory) is None:
        holder = files.holder([Path(socket_directory), COMPILED], port)
        return {**without, "elsewhere": str(holder or "")}
    place = {"host": socket_directory, "port": port, "owner": owner} | ({"user": owner} if owner else {})
    try:
        answers = gateway.query(place, [SERVER, REPLICAS, SLOTS, SETTINGS, PENDING])
    except PghaError as silent:
        said = (silent.said or silent.message).strip()
        return {**without, "running": True, "role": "not answering", "problem": said}
    return {**running(control, answers), "altered": altered}


def look(given: Mapping[str, Any]) -> dict[str, Any]:
    """Observe a server as the arguments of a module name it, which are those of :data:`PLACE`.

    :raises PghaError: this user may not look at the data directory.
    """
    try:
        return observe(
            Path(given["data_directory"]),
            Path(given["bin_directory"]),
            given["socket_directory"],
            given["port"],
            owner=given["owner"],
        )
    except OSError as refused:
        raise PghaError(
            "The data directory cannot be looked at.", said=str(refused), next_step="run this as the user of PostgreSQL"
        ) from refused
