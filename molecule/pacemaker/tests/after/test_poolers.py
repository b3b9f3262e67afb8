# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients behind a real pgbouncer, which stands on the vote host: a switchover is a wait for them and no error."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg2
import pytest
from ansible_collections.pgha.cluster.tests.support.client import DATABASE, USER
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.history import Outcome
from ansible_collections.pgha.cluster.tests.support.traffic import Place, Traffic
from ansible_collections.pgha.cluster.tests.support.trial import Book, Measured

SHORT = os.environ.get("PGHA_FAULTS", "full") == "short"
pytestmark = [
    pytest.mark.usefixtures("healed"),
    pytest.mark.skipif(SHORT, reason="only PGHA_FAULTS=full runs it"),
]
PORT = 6432
CONFIG = """[databases]
* = host={write} port=5432
[pgbouncer]
listen_addr = *
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = /etc/pgbouncer/userlist.txt
admin_users = pgha_pooler
pool_mode = transaction
server_tls_sslmode = require
client_tls_sslmode = require
client_tls_cert_file = /etc/pgbouncer/pool.crt
client_tls_key_file = /etc/pgbouncer/pool.key
"""
INSTALL = (
    "apt-get -qq update && "
    "DEBIAN_FRONTEND=noninteractive apt-get -qqy install --no-install-recommends pgbouncer openssl"
)
START = """set -e
cd /etc/pgbouncer
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=pool -keyout pool.key -out pool.crt
chown postgres pool.key
systemctl restart pgbouncer
"""


@dataclass(frozen=True)
class Pool:
    """A running pgbouncer before the cluster."""

    address: str
    password: str

    def as_variable(self) -> dict[str, object]:
        """Return what stands in pgha_poolers."""
        return {"host": self.address, "port": PORT, "user": "pgha_pooler", "password": self.password}


class Pooled(Traffic):
    """A writer alone."""

    def _start_all(self) -> None:
        place = ["--address", self.place.write, "--port", str(self.place.port)]
        self._start("writer", "writer", [*place, "--name", self.name], "--ledger")


@pytest.fixture(scope="module")
def pool(clients: Cluster) -> Iterator[Pool]:
    """The pgbouncer; it is gone afterwards."""
    vote = clients.lab["v1"]
    password = "only-in-this-lab"
    users = f'"{USER}" "{clients.password}"\n"pgha_pooler" "{password}"\n'
    vote.must(INSTALL, timeout=180)
    for name, text in (("pgbouncer.ini", CONFIG.format(write=clients.write, port=PORT)), ("userlist.txt", users)):
        assert vote.ssh(f"cat >/etc/pgbouncer/{name}", stdin=text).rc == 0
    vote.must(START)
    try:
        yield Pool(vote.addresses["public"], password)
    finally:
        vote.must("apt-get -qqy purge pgbouncer; rm -rf /etc/pgbouncer", timeout=120)


@contextlib.contextmanager
def pooled_writer(cluster: Cluster, pool: Pool) -> Iterator[Traffic]:
    """A client that writes through the pool."""
    name = f"pooled-{time.time():.0f}"
    with Pooled(Place({}, pool.address, "", "", cluster.password, PORT), cluster.work / name, name) as writer:
        yield writer


def test_clients_of_a_pool_see_no_error_in_a_switchover(clients: Cluster, pool: Pool, book: Book) -> None:
    with book.trial(clients, "switchover, no pool") as trial, pooled_writer(clients, pool) as writer:
        trial.strike()
        clients.playbooks.must("switchover", pgha_poolers=[pool.as_variable()])
        trial.primary_is(trial.standby)
        longest = writer.outages(trial.struck)[0]
    wrong = [one for one in writer.ledger() if one.outcome is not Outcome.ACKNOWLEDGED]
    assert not wrong, wrong[:3]
    writer.judge(clients.rows(writer))
    book.measured.append(Measured("switchover, pgbouncer paused", "-", "-", longest))


def test_a_pool_that_does_not_come_to_rest_keeps_the_primary_from_stopping(clients: Cluster, pool: Pool) -> None:
    clients.wait_whole()
    primary = clients.primary()
    with pooled_writer(clients, pool) as writer:
        held = psycopg2.connect(
            host=pool.address, port=PORT, dbname=DATABASE, user=USER, password=clients.password, sslmode="require"
        )
        with contextlib.closing(held):
            held.cursor().execute("SELECT 1")
            refused = clients.playbooks.run("switchover", pgha_poolers=[pool.as_variable()])
            assert refused.rc != 0
            assert "did not come to rest" in refused.output, refused.output[-3000:]
        writer.wait_writes(time.monotonic(), 30, "clients of the pool go on")
    clients.wait_whole()
    assert clients.primary().name == primary.name
