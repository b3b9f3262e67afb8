# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tablespace whose disk is dead or full: a primary that cannot write everywhere counts as a dead one."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import pytest
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server, wait_until
from ansible_collections.pgha.cluster.tests.support.stacks import FAR
from ansible_collections.pgha.cluster.tests.support.strikes import full_only
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = [pytest.mark.usefixtures("healed"), full_only]
DISK, IMAGE = "/var/lib/postgresql/disk", "/var/lib/postgresql/disk.img"
SMALL = f"{DISK}/small"
INSTALL = "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qqy install --no-install-recommends e2fsprogs"
MAKE = f"""set -e
truncate -s 32M {IMAGE}
mke2fs -q -F -t ext4 {IMAGE}
mkdir -p {DISK}
mount -o loop {IMAGE} {DISK}
install -d -o postgres -g postgres -m 0700 {SMALL}
"""
# A server that was fenced meanwhile has it no more. What is left of PostgreSQL's processes holds it for a moment.
UNMOUNT = f"if mountpoint -q {DISK}; then umount {DISK} || exit 1; fi\n"
MEND = UNMOUNT + f"e2fsck -p {IMAGE} >/dev/null; test $? -le 1 && mount -o loop {IMAGE} {DISK}"
REMOVE = UNMOUNT + f"rm -rf {DISK}*"
TABLES = (
    "SELECT format('DROP TABLE %s', c.oid::regclass) FROM pg_class c JOIN pg_tablespace t ON t.oid = c.reltablespace"
    " WHERE t.spcname = 'small' AND c.relkind = 'r' \\gexec"
)


@contextlib.contextmanager
def dead(server: Server) -> Iterator[None]:
    """Let the kernel give up the file system, as it does after an error of the disk: all is read-only at once."""
    with contextlib.ExitStack() as undo:
        undo.callback(mend, server)
        server.must(f"mount -o remount,abort {DISK}")
        assert server.ssh(f"touch {DISK}/test").rc != 0, "the file system still takes writes"
        yield


@contextlib.contextmanager
def full(server: Server) -> Iterator[None]:
    """Fill the file system to its last byte, also what it keeps for root."""
    with contextlib.ExitStack() as undo:
        undo.callback(mend, server, f"mountpoint -q {DISK} && rm -f {DISK}/filler || ")
        said = server.ssh(f"LC_ALL=C dd if=/dev/zero of={DISK}/filler bs=4k").stderr
        assert "No space left on device" in said, said
        yield


def mend(server: Server, unless: str = "") -> None:
    """Mount the file system anew, in order.

    :param unless: what is enough as long as it is still mounted.
    """
    wait_until(lambda: server.ssh(f"{unless}{{ {MEND}; }}").rc == 0, 60, f"the disk of {server.name} is whole again")


def remove(server: Server) -> None:
    """Take the file system away."""
    wait_until(lambda: server.ssh(REMOVE).rc == 0, 60, f"the disk of {server.name} is gone")


def dropped(cluster: Cluster) -> bool:
    """Drop the tablespace with whatever the agent has in it; return whether it is gone."""
    primary = cluster.primary()
    cluster.ask(primary, TABLES, "pgha")
    cluster.ask(primary, "DROP TABLESPACE IF EXISTS small")
    return cluster.sql(primary, "SELECT count(*) FROM pg_tablespace WHERE spcname = 'small'") == "0"


@pytest.fixture(scope="module")
def disks(clients: Cluster) -> Iterator[Cluster]:
    """The cluster with a tablespace on a small disk of its own, and the deploy that makes it known."""
    clients.wait_whole()
    with contextlib.ExitStack() as undo:
        for server in clients.servers():
            server.must(INSTALL, timeout=120)
            undo.callback(remove, server)
            server.must(MAKE)
        undo.callback(wait_until, lambda: dropped(clients), 60, "the tablespace is dropped")
        undo.callback(clients.wait_whole)
        clients.must_sql(clients.primary(), f"CREATE TABLESPACE small LOCATION '{SMALL}'")
        clients.playbooks.must("deploy", postgresql_tablespace_directories=[FAR, SMALL])
        yield clients


@pytest.mark.parametrize("fault", [dead, full])
def test_a_tablespace_that_cannot_be_written_is_a_dead_primary(
    disks: Cluster, book: Book, fault: Callable[[Server], contextlib.AbstractContextManager[None]]
) -> None:
    with book.trial(disks, f"tablespace {fault.__name__}") as trial:
        trial.strike()
        with fault(trial.primary):
            trial.primary_is(trial.standby, 60)
            # The clients' own tables are on another disk: their commits end with the old primary and not before.
            trial.traffic.wait_writes(time.monotonic(), 30, "clients commit on the other server")


def test_a_full_disk_of_the_standby_moves_nothing(disks: Cluster, book: Book) -> None:
    with book.trial(disks, "standby's tablespace full") as trial:
        trial.strike()
        with full(trial.standby):
            trial.must_stay()
            trial.traffic.wait_writes(time.monotonic(), 30, "clients commit")
