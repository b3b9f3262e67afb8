# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server with the last commits is lost for good: a person decides, by name, to go on without them."""

from __future__ import annotations

import re

import pytest
from ansible_collections.pgha.cluster.tests.support.client import DATABASE
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.pacemaker import back_alone
from ansible_collections.pgha.cluster.tests.support.strikes import full_only, written

pytestmark = [pytest.mark.usefixtures("healed"), full_only]


def test_a_loss_that_a_person_accepts_by_name(clients: Cluster) -> None:
    with back_alone(clients) as (old, new, lost):
        other = clients.playbooks.run("failover", pgha_target=new.name, pgha_accept_loss=old.name)
        assert other.rc != 0, "somebody else's name was taken for its own"
        assert re.search(r"n. is known to have is \d+ seconds old", other.output), other.output[-3000:]
        clients.playbooks.must("failover", pgha_target=new.name, pgha_accept_loss=new.name)
        assert clients.roles()[new.name] == "primary"
        assert clients.must_sql(new, lost, DATABASE) == "f"
        kept = written(clients, new)
    # The old primary is back, with commits that nobody else has: it may not have its way.
    new.must(f"stonith_admin --history {old.name} --cleanup")
    clients.make_whole()
    assert clients.primary().name == new.name
    assert [clients.must_sql(server, lost, DATABASE) for server in clients.servers()] == ["f", "f"]
    assert [clients.must_sql(server, kept, DATABASE) for server in clients.servers()] == ["t", "t"]
