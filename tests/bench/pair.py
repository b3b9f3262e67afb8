# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A replicating pair made by hand, without a cluster manager, and the collection's modules that bring one of it back.

What decides the cost of a rewind is set as the collection sets it: the WAL that a primary keeps, the rights of the role
that reads its files, a slot for the standby.
"""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import yaml
from ansible_collections.pgha.cluster.tests.bench import raw
from ansible_collections.pgha.cluster.tests.bench.figures import MEGABYTE
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server, patient, wait_until
from ansible_collections.pgha.cluster.tests.support.playbooks import PROJECT, Playbooks

PACKAGES = {"postgresql", "python3-psycopg2"}
REPLICATION, REWIND = "bench_replication", "bench_rewind"
PASSWORDS = "/var/lib/postgresql/.pgpass"
LONG_SECONDS = 900.0
CHUNK = 256 * MEGABYTE
ROW_BYTES = 653
"""What a row of the table takes with its share of the page and of the index."""
PREPARE = """
CREATE ROLE {replication} LOGIN REPLICATION PASSWORD '{password}';
CREATE ROLE {rewind} LOGIN PASSWORD '{password}';
GRANT pg_checkpoint TO {rewind};
GRANT EXECUTE ON FUNCTION {functions} TO {rewind};
CREATE EXTENSION pgcrypto;
CREATE TABLE filled (id bigserial PRIMARY KEY, payload bytea NOT NULL) WITH (fillfactor = 90);
"""
FILL = "INSERT INTO filled (payload) SELECT gen_random_bytes(500) FROM generate_series(1, {rows})"
WRITE_WAL = """
SELECT count(pg_logical_emit_message(true, 'bench', repeat('x', 1048576))) FROM generate_series(1, {megabytes})
"""
# The row is picked before it is looked for: with random() in the condition each update would read the whole table.
DIVERGE = """
DO $$
DECLARE
  begun pg_lsn := pg_current_wal_insert_lsn();
  most bigint := (SELECT max(id) FROM filled);
  picked bigint;
BEGIN
  WHILE pg_wal_lsn_diff(pg_current_wal_insert_lsn(), begun) < {written} LOOP
    FOR number IN 1..20 LOOP
      picked := 1 + floor(random() * most);
      UPDATE filled SET payload = gen_random_bytes(500) WHERE id = picked;
    END LOOP;
    COMMIT;
  END LOOP;
END $$;
"""


def role_settings() -> dict[str, Any]:
    """Return from the role postgresql what counts for a rewind: how much WAL is kept, and what its user may read."""
    text = {name: (PROJECT / f"roles/postgresql/vars/{name}.yml").read_text("utf-8") for name in ("main", "debian")}
    return {
        "wal_keep_size": os.environ.get("PGHA_BENCH_WAL_KEEP")
        or yaml.safe_load(text["debian"])["__postgresql_settings"]["wal_keep_size"],
        "functions": [one.replace(":", ", ") for one in yaml.safe_load(text["main"])["__postgresql_rewind_functions"]],
    }


def result_of(output: str) -> dict[str, Any]:
    """Return what a module answered, from the output of `ansible`: a line with the host's name, and JSON."""
    _host, arrow, answer = output.partition(" => ")
    assert arrow, f"ansible printed no answer of a module:\n{output[-4000:]}"
    result: dict[str, Any] = json.JSONDecoder().raw_decode(answer)[0]
    return result


class Pair:
    """Two servers that replicate; which of them is primary changes."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.version = ""

    @property
    def data(self) -> str:
        """The data directory, on both."""
        return f"/var/lib/postgresql/{self.version}/main"

    @property
    def config(self) -> str:
        """The directory of the configuration, on both."""
        return f"/etc/postgresql/{self.version}/main"

    # Making it

    def deploy(self) -> None:
        """Make the pair on bare servers."""
        primary, standby = servers = self.cluster.servers()
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda server: raw.install(server, PACKAGES), servers))
        self.version = primary.must("ls /usr/lib/postgresql")
        for server in servers:
            server.must(self._settings(server))
        self.start(primary)
        functions = ", ".join(role_settings()["functions"])
        names = {"replication": REPLICATION, "rewind": REWIND, "functions": functions}
        self.sql(primary, PREPARE.format(password=self.cluster.password, **names))
        standby.must(f"rm -rf {self.data}")
        self.module(standby, "pg_basebackup")
        self.start(standby)
        self.wait_replayed(primary)

    def _settings(self, server: Server) -> str:
        """Return the shell commands that configure a server: as a standby of the other, should it be one."""
        other = self.cluster.other(server)
        conninfo = (
            f"host={other.addresses['replication']} user={REPLICATION} passfile={PASSWORDS} sslmode=require"
            f" application_name={server.name}"
        )
        lines = [
            "listen_addresses = '*'",
            "wal_log_hints = on",
            f"wal_keep_size = {role_settings()['wal_keep_size']}",
            f"primary_conninfo = '{conninfo}'",
            f"primary_slot_name = '{self.slot(server)}'",
            # How many empty files lie ready for more WAL depends on what was written before, and they would be copied.
            "wal_recycle = off",
            # Nothing but the bench writes, so that what differs is what it wrote.
            "autovacuum = off",
        ]
        network = f"{self.cluster.prefix}.1.0/24 scram-sha-256"
        rules = [f"hostssl replication {REPLICATION} {network}", f"hostssl postgres {REWIND} {network}"]
        return "\n".join(
            [
                "set -e",
                f"cat > {self.config}/conf.d/bench.conf <<'END'\n" + "\n".join(lines) + "\nEND",
                f"cat >> {self.config}/pg_hba.conf <<'END'\n" + "\n".join(rules) + "\nEND",
                # Of a password that nobody but this run knows, on servers that end with it.
                f"install -m 600 -o postgres -g postgres /dev/null {PASSWORDS}",
                f"echo '*:*:*:*:{self.cluster.password}' > {PASSWORDS}",
            ]
        )

    @staticmethod
    def slot(server: Server) -> str:
        """Return the slot in which the other server keeps WAL for this one."""
        return f"bench_{server.name}"

    # Its servers

    def sql(self, server: Server, statement: str) -> str:
        """Run SQL that may take long and has to succeed."""
        return self.cluster.must_sql(server, statement, timeout=LONG_SECONDS)

    def start(self, server: Server) -> None:
        """Start PostgreSQL."""
        server.must(f"pg_ctlcluster {self.version} main start", timeout=LONG_SECONDS)

    def kill(self, server: Server) -> None:
        """Kill PostgreSQL with all of its processes, and wait until none is left."""
        server.must("pkill -KILL -x postgres")
        wait_until(lambda: server.ssh("pgrep -x postgres").rc == 1, 30, f"no process of PostgreSQL on {server.name}")

    def tidy(self, server: Server) -> None:
        """Remove what earlier rebuilds have left beside the data directory; the disk is not endless."""
        server.must(f"rm -rf {self.data}.pgha-*", timeout=LONG_SECONDS)

    def wait_replayed(self, primary: Server) -> None:
        """Wait until the standby streams and has replayed all that the primary wrote."""
        standby = self.cluster.other(primary)
        wait_until(
            lambda: any(line.startswith(f"{standby.name} streaming ") for line in self.cluster.followers(primary)),
            LONG_SECONDS,
            f"{standby.name} streams from {primary.name}",
        )
        written = self.sql(primary, "SELECT pg_current_wal_flush_lsn()")
        replayed = f"SELECT pg_last_wal_replay_lsn() >= '{written}'"
        wait_until(
            lambda: self.cluster.sql(standby, replayed) == "t", LONG_SECONDS, f"{standby.name} has replayed {written}"
        )

    def settle(self, primary: Server) -> None:
        """Bring both servers to where a primary is that has been one for a while.

        They have all the WAL that they keep, of which a fresh clone has none, and no files of earlier forks any more.
        Both have just written a checkpoint: a rewind also undoes what stands between the last one and the fork.
        """
        keep = int(self.sql(primary, "SELECT pg_size_bytes(current_setting('wal_keep_size'))"))
        self.sql(primary, WRITE_WAL.format(megabytes=keep // MEGABYTE + 32))
        self.wait_replayed(primary)
        self.sql(primary, "CHECKPOINT")
        self.wait_replayed(primary)
        self.sql(self.cluster.other(primary), "CHECKPOINT")

    def received(self, server: Server) -> int:
        """Return the bytes that came in over the server's replication network since it booted."""
        return raw.received(server)

    def wal_bytes(self, server: Server) -> int:
        """Return the size of all WAL files of a running server."""
        return int(self.sql(server, "SELECT sum(size) FROM pg_ls_waldir()"))

    # What is in it

    def fill(self, size: int) -> None:
        """Fill the database to a size in bytes, on both servers, with rows that nothing can compress."""
        primary = self.cluster.primary()
        while (missing := size - int(self.sql(primary, "SELECT pg_database_size('postgres')"))) > size // 100:
            print(f"  filling: {missing // MEGABYTE} of {size // MEGABYTE} MB to go", flush=True)
            self.sql(primary, FILL.format(rows=max(min(missing, CHUNK) // ROW_BYTES, 1)))
            self.wait_replayed(primary)

    def diverge(self, megabytes: float) -> Server:
        """Promote the standby while the primary goes on to write so much WAL, and kill that; return it."""
        old = self.cluster.primary()
        new = self.cluster.other(old)
        self.settle(old)
        promoted = self.sql(new, "SELECT pg_promote(true, 120)")
        assert promoted == "t", f"{new.name} was not promoted"
        self.sql(old, DIVERGE.format(written=round(megabytes * MEGABYTE)))
        self.kill(old)
        return old

    # What the collection does

    def module(self, server: Server, name: str, **more: Any) -> dict[str, Any]:
        """Run a module of the collection on a server as postgres; it has to succeed."""
        arguments = {
            "data_directory": self.data,
            "bin_directory": f"/usr/lib/postgresql/{self.version}/bin",
            "host": self.cluster.other(server).addresses["replication"],
            "user": REPLICATION,
            "catalog_user": REWIND,
            "slot": self.slot(server),
            "sslmode": "require",
            **more,
        }
        playbooks = self.cluster.playbooks
        argv = ["ansible", "-i", str(playbooks.inventory), server.name, "-m", f"pgha.cluster.{name}"]
        argv += ["-a", json.dumps(arguments), "-e", json.dumps(dict(playbooks.variables))]
        argv += ["--become", "--become-user", "postgres"]
        environment = {**Playbooks.environment(), "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
        allowed = patient(LONG_SECONDS)
        done = subprocess.run(
            argv, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=allowed, check=False
        )
        assert done.returncode == 0, f"{name} on {server.name} failed:\n{done.stdout[-4000:]}{done.stderr[-2000:]}"
        return result_of(done.stdout)
