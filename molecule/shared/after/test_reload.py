# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings that are changed later: put in force, held back, or refused, in the same way on every stack."""

from __future__ import annotations

from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.playbooks import Played


def test_a_setting_that_postgresql_does_not_know_replaces_nothing(clients: Cluster) -> None:
    primary = clients.primary()
    before = primary.must("cat /etc/postgresql/*/main/conf.d/50-pgha.conf")
    played = clients.playbooks.run("deploy", pgha_postgresql_settings={"shared_bufers": "1GB"})
    assert played.rc != 0
    assert 'unrecognized configuration parameter "shared_bufers"' in played.output
    assert primary.must("cat /etc/postgresql/*/main/conf.d/50-pgha.conf") == before


def test_deploy_places_no_setting_that_a_standby_could_not_start_with(clients: Cluster) -> None:
    before = [server.must("cat /etc/postgresql/*/main/conf.d/50-pgha.conf") for server in clients.servers()]
    played = clients.playbooks.run("deploy", pgha_postgresql_settings={"max_connections": "150"})
    assert played.rc != 0
    assert f"max_connections = 150 on {' and '.join(server.name for server in clients.servers())}" in played.output
    assert "set it back in pgha_postgresql_settings" in played.output
    assert not played.changed
    assert [server.must("cat /etc/postgresql/*/main/conf.d/50-pgha.conf") for server in clients.servers()] == before


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


def test_a_reload_with_a_setting_that_postgresql_does_not_know_replaces_nothing(clients: Cluster) -> None:
    primary = clients.primary()
    before = primary.must("cat /etc/postgresql/*/main/conf.d/50-pgha.conf")
    refused = clients.playbooks.run("reload", pgha_postgresql_settings={"work_men": "6MB"})
    assert refused.rc != 0
    assert 'unrecognized configuration parameter "work_men"' in refused.output
    assert primary.must("cat /etc/postgresql/*/main/conf.d/50-pgha.conf") == before


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
