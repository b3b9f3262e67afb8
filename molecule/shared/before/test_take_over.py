# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two servers that somebody made a pair by hand: refused with a word about why, or taken over with all they hold."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.tests.support.cluster import PSQL, Cluster
from ansible_collections.pgha.cluster.tests.support.stacks import chosen_stack
from ansible_collections.pgha.cluster.tests.support.strikes import SHORT, data_of

# The short list begins with a database, and the full one without any.
pytestmark = pytest.mark.skipif(
    not SHORT or not chosen_stack().reads_on_standbys, reason="a cluster that begins with nothing is another one"
)
# It is the same for every stack, and minutes.
once = pytest.mark.skipif(chosen_stack().name != "keepalived", reason="with keepalived")
INSTALL = """
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update && apt-get -qq install --yes --no-install-recommends postgresql >/dev/null 2>&1
cd /etc/postgresql/*/main
echo "host all,replication all samenet scram-sha-256 # by hand" >> pg_hba.conf
printf '%s\\n' "listen_addresses = '*'" "work_mem = '5MB'" "wal_log_hints = off" >> postgresql.conf
systemctl restart postgresql
"""
FOLLOW = """
systemctl stop postgresql && rm -r {data} && cd /
runuser -u postgres -- pg_basebackup --pgdata {data} --checkpoint fast --create-slot --slot old --write-recovery-conf \\
    --dbname 'host={host} user=repl password=by-hand'
systemctl start postgresql
"""
MADE = """
CREATE ROLE repl LOGIN REPLICATION PASSWORD 'by-hand';
CREATE DATABASE shop;
\\connect shop
CREATE TABLE orders AS SELECT generate_series(1, 100000) AS number;
"""
ORDERS = "SELECT count(*) FROM orders"


@pytest.fixture(name="pair", scope="module")
def _pair(cluster: Cluster) -> Cluster:
    """Two servers of which the second follows the first, as the textbook says."""
    first, second = cluster.servers()
    for server in (first, second):
        server.must(INSTALL, timeout=600)
    cluster.must_sql(first, MADE)
    second.must(FOLLOW.format(data=data_of(second), host=first.addresses["replication"]), timeout=120)
    assert cluster.roles() == {first.name: "primary", second.name: "standby"}
    return cluster


def refused(cluster: Cluster, *said: str, **variables: str) -> None:
    """Fail unless a deploy is refused with these words, and the servers are left as they are."""
    look = "dpkg-query -W; ls -lR /etc; pgrep -o -x postgres"
    before = [server.must(look) for server in cluster.servers()]
    played = cluster.playbooks.run("deploy", **variables)
    assert played.rc != 0
    for words in (*said, "Nothing was changed"):
        assert words in played.output, played.output[-3000:]
    assert [server.must(look) for server in cluster.servers()] == before


@once
def test_the_standby_of_a_pair_is_not_taken_for_the_primary(pair: Cluster) -> None:
    first, second = pair.servers()
    refused(pair, f"{first.name} takes writes", f"set pgha_primary: {first.name}", pgha_primary=second.name)


@once
def test_what_alter_system_has_set_does_not_win_unseen(pair: Cluster) -> None:
    first = pair.servers()[0]
    pair.must_sql(first, "ALTER SYSTEM SET wal_receiver_timeout = '1h'")
    try:
        refused(pair, "ALTER SYSTEM RESET wal_receiver_timeout;")
    finally:
        pair.must_sql(first, "ALTER SYSTEM RESET wal_receiver_timeout")


@once
def test_a_postgresql_in_another_place_is_not_overlooked(pair: Cluster) -> None:
    refused(
        pair,
        f"another PostgreSQL has the port, with its data in {data_of(pair.servers()[0])}",
        postgresql_data_directory="/var/lib/postgresql/cluster",
    )


def test_a_pair_is_taken_over_with_all_that_it_holds(pair: Cluster) -> None:
    first, second = pair.servers()
    pair.playbooks.must("deploy")
    pair.wait_whole()
    assert pair.primary().name == first.name
    for server in (first, second):
        assert pair.must_sql(server, ORDERS, "shop") == "100000"
        assert pair.must_sql(server, "SHOW work_mem") == "5MB", "its own settings stay"
        assert pair.must_sql(server, "SHOW wal_log_hints") == "on", "the cluster's count over them"
        server.must("grep 'by hand' /etc/postgresql/*/main/pg_hba.conf.*~")
        server.must("! grep 'by hand' /etc/postgresql/*/main/pg_hba.conf")
        assert server.must("systemctl --failed --no-legend") == ""
        server.must(f"! grep 'user=repl' {data_of(server)}/postgresql.auto.conf")
        assert "pgha-old" not in server.must("ls /var/lib/postgresql/*"), "nothing had to be copied"
    # No slot of the textbook keeps WAL for ever.
    first.must(f"{PSQL} -c \"SELECT pg_drop_replication_slot('old')\"")


@once
def test_the_deploy_after_that_changes_nothing(pair: Cluster) -> None:
    assert pair.playbooks.must("deploy").changes == []
