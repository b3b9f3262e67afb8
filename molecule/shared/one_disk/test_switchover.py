# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service moves on purpose, under load, both ways."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server
from ansible_collections.pgha.cluster.tests.support.strikes import SHORT, must_switch_in_a_row
from ansible_collections.pgha.cluster.tests.support.trial import Book

TIMES = 1 if SHORT else 10
pytestmark = pytest.mark.usefixtures("healed")


def leaves_no_wish(server: Server) -> None:
    """Fail when a move has left its constraint behind: the service would never leave the server again."""
    assert "cli-" not in server.must("cibadmin --query --scope constraints")


def test_switchovers_in_a_row(clients: Cluster, book: Book) -> None:
    # The playbook itself has waited until the disks follow each other again.
    must_switch_in_a_row(clients, book, TIMES, whole=lambda: None, then=leaves_no_wish)
