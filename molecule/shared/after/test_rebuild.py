# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An old primary comes back in the cheapest way that is proven, and what only it had is kept."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import pytest
from ansible_collections.pgha.cluster.tests.support.cluster import FAR, Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server, wait_until
from ansible_collections.pgha.cluster.tests.support.trial import Book

SHORT = os.environ.get("PGHA_FAULTS", "full") == "short"
pytestmark = [
    pytest.mark.usefixtures("healed"),
    pytest.mark.skipif(SHORT, reason="PGHA_FAULTS=short has its rewinds after its faults"),
]


def data_of(server: Server) -> str:
    """Return the data directory of a server."""
    return server.must("ls -d /var/lib/postgresql/[0-9]*/main").strip()


def lose_the_primary(cluster: Cluster) -> Server:
    """Kill PostgreSQL on the primary; return that server when the other one has taken over."""
    old = cluster.primary()
    old.must("pkill -KILL -o -x postgres")
    other = cluster.other(old)
    wait_until(lambda: cluster.roles()[other.name] == "primary", 60, f"{other.name} is primary")
    wait_until(lambda: f"rebuild_standby.yml -e pgha_target={old.name}" in str(cluster.status()["next"]), 60, "advice")
    return old


def test_an_old_primary_is_rewound_and_what_it_had_is_kept(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "rewound") as trial:
        trial.strike()
        old = lose_the_primary(clients)
        announced = clients.playbooks.must("rebuild_standby", "--check", pgha_target=old.name)
        assert announced.decision == "(rewind)", announced.output[-3000:]
        done = clients.playbooks.must("rebuild_standby", pgha_target=old.name)
        assert done.decision == "(rewind)", done.output[-3000:]
        clients.wait_whole()
        old.must(f"ls {data_of(old)}.pgha-diverged-*/0*")


def test_what_an_interrupted_rewind_left_is_moved_aside(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "rewind interrupted") as trial:
        trial.strike()
        old = lose_the_primary(clients)
        data = data_of(old)
        # As a power cut in the middle leaves it: marked, and a file of the new primary already in it.
        old.must(f"""echo '{{"inode": '$(stat -c %i {data})'}}' >{data}.pgha-rewind.json && : >{data}/global/1262""")
        # No name: all that need it, and that is this one.
        done = clients.playbooks.must("rebuild_standby")
        assert "clone: a pg_rewind of it did not come to its end" in done.output, done.output[-3000:]
        clients.wait_whole()


def test_without_the_wal_of_the_fork_all_is_copied(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "WAL of the fork gone") as trial:
        trial.strike()
        old = lose_the_primary(clients)
        old.must(f"rm {data_of(old)}/pg_wal/0*[0-9A-F]")
        done = clients.playbooks.must("rebuild_standby", pgha_target=old.name)
        assert "it cannot be rewound: its WAL before" in done.output, done.output[-3000:]
        clients.wait_whole()


@contextlib.contextmanager
def no_space(server: Server) -> Iterator[None]:
    """Let a server, whose PostgreSQL is down, have next to no space where a tablespace is."""
    server.must(f"mount -t tmpfs -o size=4m,mode=700,uid=$(id -u postgres),gid=$(id -g postgres) full {FAR}")
    try:
        yield
    finally:
        server.must(f"umount {FAR}")


@pytest.mark.parametrize("how", ["cheapest", "clone"])
def test_a_disk_that_is_full_ends_a_rebuild_and_the_next_one_completes_it(
    clients: Cluster, book: Book, how: str
) -> None:
    with book.trial(clients, f"disk full, {how}") as trial:
        trial.strike()
        old = lose_the_primary(clients)
        with no_space(old):
            failed = clients.playbooks.run("rebuild_standby", pgha_target=old.name, pgha_rebuild=how)
            assert failed.rc != 0, failed.output[-3000:]
            assert "No space left on device" in failed.output, failed.output[-3000:]
            assert clients.roles()[old.name] == "", "PostgreSQL runs on half a copy"
            assert f"rebuild_standby.yml -e pgha_target={old.name}" in str(clients.status()["next"])
        done = clients.playbooks.must("rebuild_standby", pgha_target=old.name)
        assert done.decision == "(clone)", done.output[-3000:]
        clients.wait_whole()
