# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of all scenarios share: one cluster, one book of faults, and the table at the end."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import testinfra
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server
from ansible_collections.pgha.cluster.tests.support.playbooks import PROJECT
from ansible_collections.pgha.cluster.tests.support.stacks import chosen_stack
from ansible_collections.pgha.cluster.tests.support.trial import Book
from testinfra.host import Host

BOOKS: list[Book] = []

# Files that this run does without, such as "test_membership.py": of two runs in a row, one of them is enough for it.
LEFT_OUT = os.environ.get("PGHA_LEAVE_OUT", "").split()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is to be left out; molecule names every file by itself, and such a file no list ignores."""
    left_out = [item for item in items if item.path.name in LEFT_OUT]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A step of which all was to be left out has not failed; one that finds no test for another reason has."""
    if LEFT_OUT and exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK


@pytest.fixture(scope="session")
def work() -> Path:
    """A directory for what the observers write; it stays, for whoever looks into a failure."""
    path = PROJECT / "build" / chosen_stack().name / f"{os.environ.get('PGHA_RELEASE', 'bookworm')}-{time.time():.0f}"
    path.mkdir(parents=True)
    return path


@pytest.fixture(scope="session")
def cluster(work: Path) -> Cluster:
    """The cluster under test."""
    return Cluster.chosen(work)


@pytest.fixture(scope="session")
def clients(cluster: Cluster) -> Cluster:
    """The cluster, with a database that clients can use."""
    cluster.wait_whole()
    cluster.prepare_clients()
    return cluster


@pytest.fixture(scope="session")
def book(work: Path) -> Book:
    """The book of faults."""
    made = Book(work / "faults.json")
    BOOKS.append(made)
    return made


@pytest.fixture
def healed(cluster: Cluster) -> Iterator[None]:
    """Leave a test's server room in order, also when it failed in the middle of a fault."""
    yield
    cluster.lab.heal()


def host_of(server: Server) -> Host:
    """Return testinfra's view of a server."""
    options = f"-o UserKnownHostsFile={server.directory / 'known_hosts'} -o IdentitiesOnly=yes"
    return testinfra.get_host(
        f"ssh://root@{server.addresses['management']}",
        ssh_identity_file=str(server.directory / "ssh" / "id_ed25519"),
        ssh_extra_args=options,
    )


@pytest.fixture
def hosts(cluster: Cluster) -> dict[str, Host]:
    """The database servers as testinfra sees them."""
    return {server.name: host_of(server) for server in cluster.servers()}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what the faults did."""
    for book in BOOKS:
        terminalreporter.section("faults: longest time without a commit, without a read, until whole")
        for line in book.table():
            terminalreporter.write_line(line)
