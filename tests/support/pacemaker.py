# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to a cluster under pacemaker, and taken back."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from . import faults
from .cluster import Cluster
from .lab import Server, wait_until
from .strikes import boot_and_vouch, written


@contextlib.contextmanager
def standby_told(cluster: Cluster, begin: str, end: str) -> Iterator[None]:
    """Run a command about the standby on it, and afterwards the one that takes it back.

    :param begin: where ``{}`` stands for the standby's name, as in the other one.
    """
    standby = cluster.other(cluster.primary())
    standby.must(begin.format(standby.name))
    try:
        yield
    finally:
        standby.must(end.format(standby.name))
        cluster.wait_whole()


def in_maintenance(cluster: Cluster) -> contextlib.AbstractContextManager[None]:
    """Somebody works on the standby."""
    return standby_told(cluster, "crm --force node maintenance {}", "crm node ready {}")


@contextlib.contextmanager
def back_alone(cluster: Cluster) -> Iterator[tuple[Server, Server, str]]:
    """A standby that was lost first, and is back without its primary: that one had gone on alone, and is proven off.

    Gives the primary, the standby, and a query for a row that the primary alone has.
    """
    cluster.wait_whole()
    old = cluster.primary()
    new = cluster.other(old)
    with faults.power_cut(new):
        wait_until(lambda: not cluster.followers(old), 60, "the primary is alone")
        row = written(cluster, old)
        with faults.bmc_dead(old), faults.power_cut(old):
            boot_and_vouch(cluster, new, old, 120)
            wait_until(lambda: cluster.roles()[new.name] in ("standby", "primary"), 120, "its PostgreSQL runs")
            yield old, new, row
