# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps one disk from being mounted twice: the disk itself, and before that fencing."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server, wait_until
from ansible_collections.pgha.cluster.tests.support.stacks import Shared
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = pytest.mark.usefixtures("healed")
DISK = Shared.disk


def has_mounted(server: Server) -> bool:
    """Return whether a server has the disk mounted."""
    return server.ssh(f"findmnt --source $(readlink -f {DISK})", timeout=15).rc == 0


def test_both_servers_see_who_has_the_disk_mounted(clients: Cluster) -> None:
    clients.wait_whole()
    primary = clients.primary()
    told = clients.status()
    assert told["redundant"], told
    assert len(told["disks"]) == 2
    assert all(line.endswith(f"held by {primary.name}") for line in told["disks"]), told["disks"]


def test_a_second_mount_is_refused_by_the_disk(clients: Cluster, book: Book) -> None:
    """As root and by hand, past the cluster: nothing but the disk is left to refuse it."""
    with book.trial(clients, "a second mount") as trial:
        trial.strike()
        try:
            refused = trial.standby.ssh(f"mount {DISK} /mnt", timeout=120)
            assert refused.rc != 0
            assert not has_mounted(trial.standby)
            assert "Device is already active on another node" in trial.standby.must("dmesg")
            trial.must_stay()
        finally:
            trial.standby.ssh("mountpoint --quiet /mnt && umount /mnt")


def test_nothing_is_mounted_before_the_lost_server_is_proven_off(clients: Cluster, book: Book) -> None:
    """The power is off, and the management controller with it: the cluster cannot know, and waits for a person."""
    with book.trial(clients, "power cut, and no proof of it") as trial:
        primary, standby = trial.primary, trial.standby
        with faults.bmc_dead(primary), faults.power_cut(primary):
            trial.strike()
            wait_until(lambda: clients.stack.fencing_failed(standby, primary), 240, "fencing has failed")
            clients.stack.settle([standby])
            assert not has_mounted(standby)
            trial.nobody_takes_writes()
            told = clients.status()
            assert told["primary"] is None
            assert f"{primary.name} is lost and nobody has proven that it is off" in str(told["problems"]), told
            standby.must(f"stonith_admin --confirm {primary.name}")
            trial.primary_is(standby, 240)
            assert has_mounted(standby)
