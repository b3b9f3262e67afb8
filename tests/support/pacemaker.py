# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person does to a cluster under pacemaker, and takes back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from .cluster import Cluster


@contextlib.contextmanager
def in_maintenance(cluster: Cluster) -> Iterator[None]:
    """Somebody works on the standby."""
    standby = cluster.other(cluster.primary())
    standby.must(f"crm --force node maintenance {standby.name}")
    try:
        yield
    finally:
        standby.must(f"crm node ready {standby.name}")
        cluster.wait_whole()
