# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that is full ends a rebuild, and loses nothing (S4)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server
from ansible_collections.pgha.cluster.tests.support.stacks import FAR
from ansible_collections.pgha.cluster.tests.support.strikes import full_only, lose_the_primary
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = [pytest.mark.usefixtures("healed"), full_only]


@contextlib.contextmanager
def no_space(server: Server) -> Iterator[None]:
    """Let a server, whose PostgreSQL is down, have next to no space where a tablespace is."""
    server.must(f"mount -t tmpfs -o size=4m,mode=700,uid=$(id -u postgres),gid=$(id -g postgres) full {FAR}")
    try:
        yield
    finally:
        server.must(f"umount {FAR}")


# A rewind that was cut short leaves nothing to rewind. A clone stands beside the data, which are as they were.
@pytest.mark.parametrize(("how", "then"), [("cheapest", "(clone)"), ("clone", "(rewind)")])
def test_a_disk_that_is_full_ends_a_rebuild_and_the_next_one_completes_it(
    clients: Cluster, book: Book, how: str, then: str
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
        assert done.decision == then, done.output[-3000:]
        clients.wait_whole()
