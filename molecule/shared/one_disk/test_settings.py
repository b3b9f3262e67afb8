# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of the cluster for which the service would restart."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.strikes import full_only
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = [pytest.mark.usefixtures("healed"), full_only]


def test_a_restart_of_the_service_is_refused(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "restart refused") as trial:
        trial.strike()
        refused = clients.playbooks.run("deploy", stack_drbd_mount_options="noatime,nodiratime")
        assert refused.rc != 0
        for said in (f"would restart postgresql on {trial.primary.name}", "-e pgha_accept=restart"):
            assert said in refused.output, refused.output[-3000:]
        trial.must_stay()
