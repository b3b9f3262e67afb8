# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A web server moves with what it serves, on purpose and after a power cut, and nothing but the cluster starts it."""

from __future__ import annotations

import secrets
import urllib.error
import urllib.request

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server, wait_until

pytestmark = pytest.mark.usefixtures("healed")
UNIT, DIRECTORY = "nginx", "/var/www/html"


@pytest.fixture(name="web")
def _web(cluster: Cluster) -> Cluster:
    """The cluster, with a service in PostgreSQL's place, and whole."""
    service = {"unit": UNIT, "packages": ["nginx-light"], "directory": DIRECTORY}
    cluster.playbooks.variables = {**cluster.playbooks.variables, "pgha_service": service}
    wait_until(lambda: cluster.status()["state"] == "ok", 300, "the status calls the cluster whole")
    return cluster


def holder(web: Cluster) -> Server:
    """Return the one server on which the unit runs, with the disk mounted where it serves from."""
    runs = f"systemctl is-active --quiet {UNIT} && mountpoint --quiet {DIRECTORY}"
    found = [server for server in web.servers() if server.is_on() and server.ssh(runs, timeout=15).rc == 0]
    assert len(found) == 1, f"it runs on {[server.name for server in found]}"
    return found[0]


def served(web: Cluster, name: str) -> str:
    """Return what a client gets from the write address; nothing when nobody answers."""
    try:
        with urllib.request.urlopen(f"http://{web.write}/{name}", timeout=2) as answer:
            return str(answer.read().decode())
    except (urllib.error.URLError, OSError):
        return ""


def written(server: Server) -> tuple[str, str]:
    """Write a page on the disk as a program would that must not lose it; return its name and its content."""
    name, content = f"{secrets.token_hex(4)}.txt", secrets.token_hex(16)
    server.must(f"printf %s {content} | dd of={DIRECTORY}/{name} conv=fsync status=none")
    return name, content


def test_what_was_written_is_served_after_a_power_cut(web: Cluster) -> None:
    old = holder(web)
    new = web.other(old)
    name, content = written(old)
    assert served(web, name) == content
    with faults.power_cut(old):
        wait_until(lambda: served(web, name) == content, 240, "the page is served again")
        assert holder(web).name == new.name
        assert web.status()["primary"] == new.name
    wait_until(lambda: web.status()["state"] == "ok", 300, "the old server is a standby")
    assert holder(web).name == new.name
    assert served(web, name) == content


def test_the_service_moves_on_purpose_with_its_content(web: Cluster) -> None:
    old = holder(web)
    name, content = written(old)
    played = web.playbooks.must("switchover")
    assert ": OK: everything is as it should be" in played.output, played.output[-3000:]
    assert holder(web).name == web.other(old).name
    assert served(web, name) == content


def test_only_the_cluster_starts_the_unit(web: Cluster) -> None:
    for server in web.servers():
        assert server.ssh(f"systemctl is-enabled {UNIT}").stdout.strip() == "disabled"
    assert holder(web).name == web.status()["primary"]


@pytest.mark.parametrize("playbook", ["reload", "rolling_restart"])
def test_what_is_postgresql_s_alone_is_refused(web: Cluster, playbook: str) -> None:
    refused = web.playbooks.run(playbook)
    assert refused.rc != 0
    assert f"runs {UNIT} and not PostgreSQL" in refused.output, refused.output[-3000:]
