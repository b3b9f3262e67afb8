# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only a disk can have: it fails, it is still catching up, it differs unseen, it parts from the other one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.client import DATABASE
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.drbd import disk_state
from ansible_collections.pgha.cluster.tests.support.lab import Server, wait_until
from ansible_collections.pgha.cluster.tests.support.strikes import (
    as_it_is,
    boot_and_vouch,
    full_only,
    must_refuse_switchover,
    written,
)
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = [pytest.mark.usefixtures("healed"), full_only]


def test_a_service_whose_disk_is_taken_off_moves_to_the_other_one(clients: Cluster, book: Book) -> None:
    """DRBD does the same with a disk that answers with an error: it lets go of it."""
    with book.trial(clients, "primary's disk taken off") as trial:
        primary = trial.primary
        trial.strike()
        primary.must("drbdadm detach --force pgha")
        trial.primary_is(trial.standby, 180)
        told = clients.status()
        assert not told["redundant"]
        assert f"{primary.name} works without its own disk" in str(told["problems"]), told
        primary.must("drbdadm attach pgha")


@contextlib.contextmanager
def catching_up(cluster: Cluster) -> Iterator[None]:
    """A standby whose disk lacks something and is not given it."""
    standby = cluster.other(cluster.primary())
    standby.must("drbdadm pause-sync pgha && drbdadm invalidate pgha")
    try:
        wait_until(lambda: disk_state(standby) == "Inconsistent/UpToDate", 60, "it lacks something")
        yield
    finally:
        standby.must("drbdadm resume-sync pgha")
        cluster.wait_whole()


def test_a_disk_that_is_catching_up_does_not_take_over(clients: Cluster) -> None:
    must_refuse_switchover(clients, catching_up, "", ["does not stream"])
    with catching_up(clients):
        primary, standby = clients.primary(), clients.other(clients.primary())
        # The verdict is one guard and the disk itself another: told to move without a verdict, pacemaker does nothing.
        standby.ssh(f"crm_resource --move --resource service --node {standby.name}")
        clients.stack.settle([primary])
        assert clients.roles()[primary.name] == "primary"
        standby.must("crm_resource --clear --resource service")


VERIFY = "pgha-drbd-verify"


def test_the_timer_compares_where_the_service_runs_and_both_servers_know_it(clients: Cluster) -> None:
    clients.wait_whole()
    primary, standby = clients.primary(), clients.other(clients.primary())
    for server in (primary, standby):
        assert server.must(f"systemctl is-enabled {VERIFY}.timer; systemctl is-active {VERIFY}.timer").split() == [
            "enabled",
            "active",
        ]
    standby.ssh(f"systemctl start {VERIFY}.service")
    # Left out, which is no failure.
    assert standby.must(f"systemctl show --property ActiveState --value {VERIFY}.service") == "inactive"
    assert standby.must("drbdadm cstate pgha") == "Connected"
    primary.must(f"systemctl start {VERIFY}.service")
    assert primary.must("drbdadm cstate pgha") == "VerifyS"
    wait_until(lambda: primary.must("drbdadm cstate pgha") == "Connected", 240, "every block is compared")
    told = clients.status()
    assert told["redundant"], told
    assert len(told["disks"]) == 2 and all("compared 20" in line for line in told["disks"]), told["disks"]


def spoil(cluster: Cluster, standby: Server) -> None:
    """Change blocks of the standby's disk below DRBD, which knows nothing of it: as a disk does that lies."""
    size = int(cluster.primary().must("blockdev --getsize64 /dev/drbd0"))
    standby.must(f"crm node standby {standby.name} && crm_resource --wait", timeout=120)
    try:
        wait_until(lambda: "ro:" not in standby.must("cat /proc/drbd"), 120, "its disk is down")
        # A mebibyte before the end of the data, behind which DRBD keeps its own.
        place = f"of=$(drbdadm sh-ll-dev pgha) bs=4096 count=16 seek={size // 4096 - 256}"
        standby.must(f"dd if=/dev/urandom {place} oflag=direct conv=notrunc,fsync")
    finally:
        standby.must(f"crm node online {standby.name}")
    cluster.wait_whole(240)


def test_blocks_that_differ_are_found_and_given_the_primary_s(clients: Cluster) -> None:
    clients.wait_whole()
    primary, standby = clients.primary(), clients.other(clients.primary())
    spoil(clients, standby)
    assert clients.status()["redundant"], "nobody can know it before the disks are compared"
    found = clients.playbooks.run("drbd_verify")
    assert found.rc != 0 and "bytes of the disks differ" in found.output, found.output[-3000:]
    told = clients.status()
    assert "of the two disks differ" in str(told["problems"]) and not told["redundant"], told
    assert f"rebuild_standby.yml -e pgha_target={standby.name}" in str(told["next"]), told
    must_refuse_switchover(clients, as_it_is, "", [f"bytes of the disk of {standby.name} differ"])
    clients.playbooks.must("rebuild_standby", pgha_target=standby.name)
    clients.wait_whole()
    assert clients.primary().name == primary.name
    again = clients.playbooks.must("drbd_verify")
    assert "the disks are the same" in again.output, again.output[-3000:]
    told = clients.status()
    assert told["redundant"] and not told["problems"], told


def part(cluster: Cluster) -> tuple[Server, Server, str, str]:
    """Let the disks part; return the old primary, the present one, and SQL that tells whether the row of each is there.

    Only a person can do that: the standby is vouched for, and takes writes, while the primary has more.
    """
    cluster.wait_whole()
    old = cluster.primary()
    new = cluster.other(old)
    with faults.power_cut(new):
        wait_until(lambda: disk_state(old).endswith("/Outdated"), 180, "the other one is barred")
        old_has = written(cluster, old)
        with faults.bmc_dead(old), faults.power_cut(old):
            boot_and_vouch(cluster, new, old, 180)
            wait_until(lambda: disk_state(new).startswith("Consistent"), 240, "its disk is there")
            refused = cluster.playbooks.run("failover", pgha_target=new.name)
            assert refused.rc != 0 and "may lack acknowledged commits" in refused.output, refused.output[-3000:]
            cluster.playbooks.must("failover", pgha_target=new.name, pgha_accept_loss=new.name)
            new_has = written(cluster, new)
    assert wait_until(lambda: "SPLIT BRAIN" in str(cluster.status()["problems"]), 240, "the status says so")
    # A person has chosen. The old primary's configuration bars every disk but its own, and has counted more changes.
    cluster.stack.settle([new])
    assert cluster.roles()[new.name] == "primary", cluster.stack.show(new)
    return old, new, old_has, new_has


def on_the_primary(cluster: Cluster, *asked: str) -> list[str]:
    """Return what the primary answers to each."""
    return [cluster.must_sql(cluster.primary(), sql, DATABASE) for sql in asked]


def test_a_split_brain_is_reported_and_ended_with_a_copy_of_what_is_given_up(clients: Cluster) -> None:
    old, new, old_has, new_has = part(clients)
    wrong = clients.playbooks.run("drbd_resolve_split_brain", pgha_victim=new.name)
    assert wrong.rc != 0 and "runs the service on its disk" in wrong.output, wrong.output[-3000:]
    clients.playbooks.must("drbd_resolve_split_brain", pgha_victim=old.name)
    clients.wait_whole()
    assert on_the_primary(clients, old_has, new_has) == ["f", "t"]
    assert "drbd-fence-by-handler" not in new.must("cibadmin --query --scope constraints"), "the bar goes by itself"
    # What was given up is on the copy: the file system on it, and the data.
    copy = old.must("ls -t /var/lib/pgha-copies/split-brain-*.img | head -1")
    old.must(f"mount -t ext4 -o ro,noload,loop {copy} /mnt && test -s /mnt/main/global/pg_control; umount /mnt")


def test_after_a_split_brain_the_server_that_does_not_run_the_service_may_be_the_one_to_keep(clients: Cluster) -> None:
    """Word for word as the runbook says it."""
    old, new, old_has, new_has = part(clients)
    new.must(f"crm node standby {new.name}")
    clients.playbooks.must("failover", pgha_target=old.name)
    new.must(f"crm node online {new.name}")
    assert on_the_primary(clients, old_has, new_has) == ["t", "f"]
    clients.playbooks.must("drbd_resolve_split_brain", pgha_victim=new.name)
    clients.wait_whole()
    assert clients.primary().name == old.name
    assert on_the_primary(clients, old_has, new_has) == ["t", "f"]
