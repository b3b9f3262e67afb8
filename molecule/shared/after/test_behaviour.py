# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a deployed cluster behaves, seen from its clients and from its servers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

import psycopg2
import pytest
from ansible_collections.pgha.cluster.tests.support.client import DATABASE, USER
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server, wait_until
from ansible_collections.pgha.cluster.tests.support.playbooks import Played
from ansible_collections.pgha.cluster.tests.support.stacks import ARCHIVE, chosen_stack
from ansible_collections.pgha.cluster.tests.support.strikes import full_only
from ansible_collections.pgha.cluster.tests.support.trial import Book
from testinfra.host import Host

VIRTUAL = chosen_stack().virtual
STRANGE = {"write": "10.99.0.1", "read": "10.99.0.2", "replication": "10.99.1.1"}
"""Addresses in none of the cluster's networks."""


def connect(cluster: Cluster, address: str, **options: str) -> "psycopg2.extensions.connection":
    """Connect as a client does."""
    words = {"host": address, "dbname": DATABASE, "user": USER, "password": cluster.password, "connect_timeout": "5"}
    return psycopg2.connect(**{**words, "sslmode": "require", **options})


def ask(cluster: Cluster, address: str, statement: str, **options: str) -> list[tuple[object, ...]]:
    """Run one statement as a client and return its rows."""
    connection = connect(cluster, address, **options)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        connection.close()


def test_a_row_written_at_the_write_address_is_read_at_the_read_address(clients: Cluster) -> None:
    ask(clients, clients.write, "INSERT INTO written (writer, number) VALUES ('behaviour', 1) ON CONFLICT DO NOTHING")

    def there() -> bool:
        rows = ask(
            clients, clients.read, "SELECT pg_is_in_recovery(), count(*) FROM written WHERE writer = 'behaviour'"
        )
        return rows == [(True, 1)]

    # The cluster moves the read address once it has seen the standby in step, a few seconds after the deploy is done.
    wait_until(there, 30, "the row at the read address, on a standby")


@pytest.mark.parametrize("kind", ["write", "read"])
def test_a_client_without_tls_or_with_a_wrong_password_is_refused(clients: Cluster, kind: str) -> None:
    address = getattr(clients, kind)
    with pytest.raises(psycopg2.OperationalError, match=r"no pg_hba\.conf entry"):
        connect(clients, address, sslmode="disable")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        connect(clients, address, password="wrong")


@pytest.mark.parametrize("kind", ["write", "read"])
def test_the_certificate_proves_the_address(clients: Cluster, kind: str, tmp_path: Path) -> None:
    authority = tmp_path / "ca.crt"
    authority.write_text(clients.primary().must("cat /etc/postgresql/*/main/pgha-ca.crt"), encoding="utf-8")
    rows = ask(clients, getattr(clients, kind), "SELECT 1", sslmode="verify-full", sslrootcert=str(authority))
    assert rows == [(1,)]


def test_nobody_is_trusted(hosts: dict[str, Host]) -> None:
    for host in hosts.values():
        rules = host.check_output("cat /etc/postgresql/*/main/pg_hba.conf")
        words = {word for line in rules.splitlines() if not line.startswith("#") for word in line.split()}
        assert "trust" not in words
        assert "md5" not in words


PLACE = "/etc/passwd"


def readable(server: Server, places: Iterable[str], words: Iterable[str]) -> list[str]:
    """Return the files in these places that everybody may read and that hold one of these words."""
    script = f"""umask 077; words=$(mktemp); cat >$words
        find {" ".join(places)} -xdev -type f -perm -o=r -exec grep -lFf $words {{}} +
        rm $words"""
    return server.ssh(script, stdin="".join(f"{word}\n" for word in words)).stdout.splitlines()


def test_no_secret_stands_on_a_command_line_or_in_a_readable_file(clients: Cluster) -> None:
    secrets = [line.split(": ", 1)[1].strip("'\"") for line in secrets_of(clients).splitlines() if "password: " in line]
    assert secrets
    for server in clients.servers():
        shown = "".join(server.must(command) for command in clients.stack.shown)
        assert not [secret for secret in secrets if secret in shown]
        # One that is known to be there: a search that finds nothing proves nothing.
        found = readable(server, [PLACE, *clients.stack.places], ["root:x:0", *secrets])
        assert found == [PLACE], found


def secrets_of(cluster: Cluster) -> str:
    """Return the secrets of the cluster and of its lab as text."""
    directory = cluster.lab.directory
    power = (directory / "bmc_password").read_text(encoding="utf-8").strip()
    return (directory / "secrets.yml").read_text(encoding="utf-8") + f"\npassword: {power}\n"


def test_fence_check_finds_every_server_safe(clients: Cluster) -> None:
    played = clients.playbooks.must("fence_check")
    assert "unsafe" not in played.output
    assert "unknown" not in played.output.lower().replace("unknown_", "")


def test_status_tells_what_the_servers_say(clients: Cluster) -> None:
    told = clients.status()
    assert told["primary"] == clients.primary().name
    assert told["redundant"] is True


@full_only
def test_deploy_in_check_mode_has_nothing_to_change(clients: Cluster) -> None:
    played = clients.playbooks.must("deploy", "--check", "--diff")
    assert not played.changed, played.changes


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            {"pgha_virtual_addresses": {kind: address for kind, address in STRANGE.items() if kind in VIRTUAL}},
            "10.99.0.1",
        ),
        ({"pgha_replication_mode": "perhaps"}, "perhaps"),
        ({"pgha_primary": "n9"}, "n9"),
    ],
)
def test_deploy_refuses_bad_input_before_it_touches_a_server(
    clients: Cluster, wrong: dict[str, object], said: str
) -> None:
    played = clients.playbooks.run("deploy", **wrong)
    assert played.rc != 0
    assert said in played.output
    assert "hosts: n1" not in played.output
    assert not played.changed


@full_only
def test_a_setting_that_postgresql_does_not_know_replaces_nothing(clients: Cluster) -> None:
    primary = clients.primary()
    before = primary.must("cat /etc/postgresql/*/main/conf.d/50-pgha.conf")
    played = clients.playbooks.run("deploy", pgha_postgresql_settings={"shared_bufers": "1GB"})
    assert played.rc != 0
    assert 'unrecognized configuration parameter "shared_bufers"' in played.output
    assert primary.must("cat /etc/postgresql/*/main/conf.d/50-pgha.conf") == before


def packages(server: Server) -> list[str]:
    """Return PostgreSQL's package and its installed version on a server."""
    name = f"postgresql-{server.must('ls /usr/lib/postgresql').strip()}"
    return [name, server.must(f"dpkg-query -W -f '${{Version}}' {name}")]


def step_back(cluster: Cluster) -> list[str]:
    """Install the oldest version that the archives hold, under the running servers; return which one that is."""
    for server in cluster.servers():
        name = packages(server)[0]
        oldest = server.must(f"apt-get -qq update && apt-cache madison {name}").splitlines()[-1].split("|")[1].strip()
        wanted = f"{name}={oldest} {name.replace('-', '-client-')}={oldest}"
        # Nothing may be started or stopped by it: policy-rc.d says so to every package.
        server.must(
            "printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d && "
            f"DEBIAN_FRONTEND=noninteractive apt-get -qy --allow-downgrades install {wanted}; rm /usr/sbin/policy-rc.d",
            timeout=120,
        )
        assert packages(server)[1] == oldest
    return packages(cluster.servers()[0])


@full_only
def test_a_setting_that_needs_a_restart_waits_for_it_and_gets_it_under_load(clients: Cluster, book: Book) -> None:
    """An update of PostgreSQL's packages comes with it."""
    newest = packages(clients.servers()[0])
    older = step_back(clients)
    clients.playbooks.must("deploy", pgha_postgresql_settings={"max_files_per_process": 1100, "work_mem": "5MB"})
    primary = clients.primary()
    assert clients.sql(primary, "SHOW work_mem") == "5MB"
    waiting = {server.name: ["max_files_per_process"] for server in clients.servers()}
    assert clients.status()["restart_pending"] == waiting
    with book.trial(clients, "rolling restart") as trial:
        trial.strike()
        clients.playbooks.must("rolling_restart", pgha_restart="updates")
        trial.primary_is(trial.standby)
    assert clients.status()["restart_pending"] == {}
    assert [packages(server) for server in clients.servers()] == [newest, newest], f"were {older}"
    assert [clients.sql(server, "SHOW max_files_per_process") for server in clients.servers()] == ["1100", "1100"]


@full_only
def test_deploy_places_no_setting_that_a_standby_could_not_start_with(clients: Cluster) -> None:
    before = [server.must("cat /etc/postgresql/*/main/conf.d/50-pgha.conf") for server in clients.servers()]
    played = clients.playbooks.run("deploy", pgha_postgresql_settings={"max_connections": "150"})
    assert played.rc != 0
    assert f"max_connections = 150 on {' and '.join(server.name for server in clients.servers())}" in played.output
    assert "set it back in pgha_postgresql_settings" in played.output
    assert not played.changed
    assert [server.must("cat /etc/postgresql/*/main/conf.d/50-pgha.conf") for server in clients.servers()] == before


@full_only
def test_a_reload_puts_settings_in_force_and_names_what_waits(clients: Cluster) -> None:
    def load(files: int) -> Played:
        settings = {"max_files_per_process": files, "work_mem": "6MB"}
        return clients.playbooks.must("reload", pgha_postgresql_settings=settings)

    before = int(clients.must_sql(clients.primary(), "SHOW max_files_per_process"))
    said = load(before + 1).output
    assert [clients.sql(server, "SHOW work_mem") for server in clients.servers()] == ["6MB", "6MB"]
    assert "max_files_per_process waits for a restart on n1, n2" in said
    assert "rolling_restart.yml" in said
    assert "No setting waits for a restart" in load(before).output
    again = load(before)
    assert not again.changed, again.changes


@full_only
def test_a_reload_with_a_setting_that_postgresql_does_not_know_replaces_nothing(clients: Cluster) -> None:
    primary = clients.primary()
    before = primary.must("cat /etc/postgresql/*/main/conf.d/50-pgha.conf")
    refused = clients.playbooks.run("reload", pgha_postgresql_settings={"work_men": "6MB"})
    assert refused.rc != 0
    assert 'unrecognized configuration parameter "work_men"' in refused.output
    assert primary.must("cat /etc/postgresql/*/main/conf.d/50-pgha.conf") == before


@full_only
def test_a_setting_that_no_standby_could_start_with_is_not_restarted_for(clients: Cluster) -> None:
    """The settings are placed by hand: what is tested is what the servers say of them, and the refusal."""
    try:
        for server in clients.servers():
            server.must(
                "d=$(echo /etc/postgresql/*/main/conf.d); echo 'max_connections = 150' > $d/99-test.conf && "
                "cd / && runuser -u postgres -- psql -XAtqc 'SELECT pg_reload_conf()'"
            )
        refused = clients.playbooks.run("rolling_restart")
        assert refused.rc != 0
        assert "max_connections would be lower" in refused.output
    finally:
        for server in clients.servers():
            server.must(
                "rm /etc/postgresql/*/main/conf.d/99-test.conf && "
                "cd / && runuser -u postgres -- psql -XAtqc 'SELECT pg_reload_conf()'"
            )


def test_the_primary_archives_its_wal(clients: Cluster) -> None:
    primary = clients.primary()
    name = clients.must_sql(primary, "SELECT pg_walfile_name(pg_current_wal_lsn())")
    clients.must_sql(primary, "SELECT pg_switch_wal()")
    wait_until(lambda: primary.ssh(f"test -s {ARCHIVE}/{name}").rc == 0, 30, f"{name} in the archive")


def test_the_secrets_are_for_their_owner_alone(clients: Cluster) -> None:
    path = clients.lab.directory / "secrets.yml"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_uid == os.getuid()
    tracked = subprocess.run(["git", "ls-files", "inventories"], capture_output=True, text=True, check=True).stdout
    assert "secrets.yml" not in tracked
