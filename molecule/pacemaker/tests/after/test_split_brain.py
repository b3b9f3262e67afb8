# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster without fencing, which only a person who accepts the danger gets, and which never stops saying so."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.strikes import full_only
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = [pytest.mark.usefixtures("healed"), full_only]
SPOKEN = "pgha_accept_split_brain is true"


def test_without_fencing_the_danger_is_accepted_and_named(clients: Cluster, book: Book) -> None:
    bare: dict[str, list[str]] = {"pgha_fence_devices": []}
    refused = clients.playbooks.run("deploy", **bare)
    assert refused.rc != 0
    assert "pgha_accept_split_brain" in refused.output, refused.output[-3000:]
    with clients.deployed(**bare, pgha_accept_split_brain=True):
        told = clients.status()
        assert SPOKEN in str(told["problems"]), told
        # Here the old primary is really off; without a device nobody knows that, and the majority decides.
        with book.trial(clients, "power cut, no fencing") as trial:
            trial.strike()
            with faults.power_cut(trial.primary):
                trial.writes_return(60)
                trial.primary_is(trial.standby)
    assert SPOKEN not in str(clients.status()["problems"])
