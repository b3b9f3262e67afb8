# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults under load on servers that have their disk over a network of its own. The other faults: see shared_disk."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.lab.san import NETWORK
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.strikes import Fault, each, must_survive
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = pytest.mark.usefixtures("healed")

FAULTS = [
    # Its management controller works: the reservation is not needed, and its old key is still there when it comes back.
    Fault("primary's power cut", lambda trial: faults.power_cut(trial.primary), True, 240, alone=False, short=True),
    # Half a minute until the disk's errors come up, and then the disk has to be proven idle.
    Fault("primary's way to the disk cut", lambda trial: faults.cables_cut(trial.primary, NETWORK), True, 300),
    Fault("standby's way to the disk cut", lambda trial: faults.cables_cut(trial.standby, NETWORK), False),
]


@each(FAULTS)
def test_fault(clients: Cluster, book: Book, fault: Fault) -> None:
    must_survive(clients, book, fault)
