# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A deploy that was killed between a file and the daemon that reads it: nothing is left to change but the daemon."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server
from ansible_collections.pgha.cluster.tests.support.stacks import Agents, Keepalived

pytestmark = pytest.mark.usefixtures("healed")


def shown(server: Server, unit: str) -> tuple[str, str]:
    """Return the process of a unit, and when its state changed last."""
    pid, moved = server.must(f"systemctl show -P MainPID -P StateChangeTimestampMonotonic {unit}").split()
    return pid, moved


def test_the_next_deploy_lets_a_daemon_read_what_a_killed_one_has_placed(clients: Cluster) -> None:
    restarted, reloaded = {"pgha-guard": "/usr/local/sbin/pgha-guard"}, dict[str, str]()
    if isinstance(clients.stack, Agents):
        restarted = {"pgha-agent": "/etc/pgha/agent.json"}
    if isinstance(clients.stack, Keepalived):
        reloaded = {"keepalived": "/etc/keepalived/keepalived.conf"}
    for server in clients.servers():
        for path in (restarted | reloaded).values():
            server.must(f"cp -p {path} {path}.new && mv {path}.new {path}")
    before = {(server.name, unit): shown(server, unit) for server in clients.servers() for unit in restarted | reloaded}
    played = clients.playbooks.must("deploy")
    for server in clients.servers():
        for unit in restarted:
            assert shown(server, unit)[0] != before[server.name, unit][0], f"{unit} on {server.name} was not restarted"
        for unit in reloaded:
            (pid, moved), (old_pid, old_moved) = shown(server, unit), before[server.name, unit]
            assert (pid, moved != old_moved) == (old_pid, True), f"{unit} on {server.name} was not reloaded"
    # A test before this one may have left settings behind, which the deploy also puts back.
    taken = [change for change in played.changes if "now and at boot" in change]
    assert len(taken) == len(restarted | reloaded) * len(clients.servers()), played.changes
    clients.wait_whole()
