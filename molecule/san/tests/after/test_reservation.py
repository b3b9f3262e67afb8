# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that bars a server: where nobody can cut its power, and where it goes on all the same."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.fencing.barred import Registrations, read_argv, registrations
from ansible_collections.pgha.cluster.plugins.module_utils.fencing.device import reservation_key
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server, wait_until
from ansible_collections.pgha.cluster.tests.support.stacks import San
from ansible_collections.pgha.cluster.tests.support.strikes import full_only
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = pytest.mark.usefixtures("healed")
DISK = San.disk
WATCH = "pgha-disk-watch"
BOOT = "cat /proc/sys/kernel/random/boot_id"
# The first block of the disk, which ext4 leaves to boot loaders, written over with its own content.
SAME = (
    f"dd if={DISK} of=/run/block bs=512 count=1 iflag=direct && dd if=/run/block of={DISK} bs=512 count=1 oflag=direct"
)


def asked(server: Server, what: str) -> str:
    """Ask the disk from a server. One question may go by: it is answered with what has happened to the server's key."""

    def answer() -> str:
        said = server.ssh(" ".join(read_argv(DISK, what)))
        return said.stdout if said.rc == 0 else ""

    return wait_until(answer, 30, f"the disk answers {server.name}")


def told(server: Server) -> Registrations:
    """Return what the disk says to a server of who may write."""
    return registrations(asked(server, "keys"), asked(server, "reservation"))


def keys_of(*servers: Server) -> set[str]:
    """Return the keys of servers."""
    return {reservation_key(server.name) for server in servers}


def wait_let_in(cluster: Cluster) -> None:
    """Wait until the disk knows both servers, and the status calls the cluster whole."""
    primary = cluster.primary()
    wait_until(
        lambda: told(primary).keys == keys_of(*cluster.servers()), 180, "both servers have their key on the disk"
    )
    cluster.wait_whole()
    report = cluster.status()
    assert report["redundant"], report
    assert {one["verdict"] for one in report["fencing"].values()} == {"safe"}, report["fencing"]


def test_each_server_has_its_key_on_the_disk_and_may_write(clients: Cluster) -> None:
    """Which of them holds the reservation does not matter: whoever has a key may write."""
    clients.wait_whole()
    for server in clients.servers():
        said = told(server)
        assert said.keys == keys_of(*clients.servers())
        assert said.holder in said.keys
        assert "Write Exclusive, registrants only" in asked(server, "reservation")
        assert server.ssh(SAME).rc == 0


def test_the_disk_refuses_a_server_whose_key_is_gone_and_that_one_restarts(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "the standby's key taken away") as trial:
        primary, standby = trial.primary, trial.standby
        before = standby.must(BOOT)
        standby.must(f"systemctl stop {WATCH}")
        trial.strike()
        words = f"devices={DISK}\nkey={reservation_key(standby.name)}\naction=off\n"
        done = primary.ssh("fence_scsi", stdin=words)
        assert done.rc == 0, done.stderr
        assert told(standby).keys == keys_of(primary)
        refused = standby.ssh(SAME)
        assert refused.rc != 0
        assert "reservation conflict" in standby.must("dmesg")
        # It has done nothing so far but lose its key, and there is nobody to tell it.
        standby.must(f"systemctl start {WATCH}")
        wait_until(lambda: standby.ssh(BOOT, timeout=10).stdout.strip() not in ("", before), 120, "it has started anew")
        trial.must_stay()
    wait_let_in(clients)


def test_the_reservation_takes_the_place_of_a_dead_management_controller(clients: Cluster, book: Book) -> None:
    """As on any shared disk, but that no person has to say that the server is off."""
    with book.trial(clients, "power cut, and no proof of it") as trial:
        primary, standby = trial.primary, trial.standby
        with faults.bmc_dead(primary), faults.power_cut(primary):
            trial.strike()
            trial.writes_return(300)
            trial.primary_is(standby)
            assert told(standby) == Registrations(frozenset(keys_of(standby)), reservation_key(standby.name))
            assert clients.status()["primary"] == standby.name
    wait_let_in(clients)
    assert clients.primary().name == standby.name


@full_only
def test_a_server_that_wakes_up_without_its_key_restarts(clients: Cluster, book: Book) -> None:
    """It has the address, the mounted disk, and commits in its memory that nobody has heard of."""
    with book.trial(clients, "frozen, and a dead BMC") as trial:
        primary, standby = trial.primary, trial.standby
        before = primary.must(BOOT)
        # Until it has restarted, it answers for the address beside the new primary; and takes no write.
        trial.shared.add(clients.write)
        with faults.bmc_dead(primary):
            with faults.frozen(primary):
                trial.strike()
                trial.writes_return(300)
                trial.primary_is(standby)
            wait_until(
                lambda: primary.ssh(BOOT, timeout=10).stdout.strip() not in ("", before), 180, "it has started anew"
            )
        trial.primary_is(standby)
    wait_let_in(clients)
