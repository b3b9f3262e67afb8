# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that went their own way more than once, in order, or too far, and rebuilds of them that are cut off."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import wait_until
from ansible_collections.pgha.cluster.tests.support.strikes import data_of, full_only, lose_the_primary
from ansible_collections.pgha.cluster.tests.support.trial import Book

pytestmark = [pytest.mark.usefixtures("healed"), full_only]


def test_a_server_is_rewound_again_and_again(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "rewound in turn") as trial:
        trial.strike()
        # Each is rewound, takes over, and is rewound once more: past two forks, one of which it has made itself.
        for _time in range(4):
            old = lose_the_primary(clients)
            done = clients.playbooks.must("rebuild_standby", pgha_target=old.name)
            assert done.decision == "(rewind)", done.output[-3000:]
            clients.wait_whole()


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


def test_a_server_that_diverged_and_stopped_in_order_is_rewound(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "diverged in order") as trial:
        trial.strike()
        old = lose_the_primary(clients)
        # As after the start by hand that every operator tries once: recovered, written to, and stopped in order.
        tools, data = old.must("ls -d /usr/lib/postgresql/*/bin").strip(), data_of(old)
        config = data.replace("/var/lib", "/etc", 1)
        options = f"-c config_file={config}/postgresql.conf -c synchronous_standby_names="
        alone = f"runuser -u postgres -- {tools}/postgres --single -D {data} {options} postgres"
        old.must(f"cd /; echo 'CREATE TABLE diverged AS SELECT 1' | {alone}", timeout=60)
        assert old.must(f"LC_ALL=C {tools}/pg_controldata {data} | grep 'cluster state'").endswith(" shut down")
        announced = clients.playbooks.must("rebuild_standby", "--check", pgha_target=old.name)
        assert " MB to copy" in announced.output, announced.output[-3000:]
        done = clients.playbooks.must("rebuild_standby", pgha_target=old.name)
        assert done.decision == "(rewind)", done.output[-3000:]
        clients.wait_whole()
        assert clients.must_sql(old, "SELECT to_regclass('diverged') IS NULL") == "t"


def test_a_copy_that_a_power_cut_ends_is_no_data_and_leaves_nothing(clients: Cluster, book: Book) -> None:
    with book.trial(clients, "power cut in a clone") as trial:
        trial.strike()
        old = lose_the_primary(clients)
        half = f"{data_of(old)}.pgha-clone"
        # Halted in the middle, as soon as there is one.
        halt = f"until [ -e {half}/base ]; do :; done; pkill -STOP -x pg_basebackup"
        slowly = {"pgha_rebuild": "clone", "pgha_clone_max_rate": "1024"}
        with clients.playbooks.running("rebuild_standby", pgha_target=old.name, **slowly):
            old.must(halt, timeout=120)
            assert "--max-rate=1024k" in old.must("ps -C pg_basebackup -o args")
            with faults.power_cut(old):
                pass
        wait_until(lambda: f"pgha_target={old.name}" in str(clients.status()["next"]), 120, "advice")
        assert clients.roles()[old.name] == "", "PostgreSQL runs on half a copy"
        old.must(f"ls {half}/base")
        done = clients.playbooks.must("rebuild_standby", pgha_target=old.name)
        assert done.decision == "(rewind)", done.output[-3000:]
        clients.wait_whole()
        assert old.must(f"ls -d {half} 2>/dev/null || true") == "", "the disk is full of half a copy"
