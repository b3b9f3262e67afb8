# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An old primary comes back in the cheapest way that is proven, and what only it had is kept."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.strikes import data_of, lose_the_primary
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = pytest.mark.usefixtures("healed")


def test_an_old_primary_is_rewound_and_what_it_had_is_kept(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "rewound") as trial:
        trial.strike()
        old = lose_the_primary(clients)
        announced = clients.playbooks.must("rebuild_standby", "--check", pgha_target=old.name)
        assert announced.decision == "(rewind)", announced.output[-3000:]
        done = clients.playbooks.must("rebuild_standby", pgha_target=old.name)
        assert done.decision == "(rewind)", done.output[-3000:]
        clients.wait_whole()
        old.must(f"ls {data_of(old)}.pgha-diverged-*/0*")
