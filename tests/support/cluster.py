# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A deployed cluster in the hands of a test: who is primary, is it whole, make it whole by the documented commands."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shlex
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .client import DATABASE, USER
from .lab import Answer, Lab, Server, wait_until
from .observer import TABLE as OBSERVED
from .playbooks import PROJECT, Playbooks
from .stacks import STACKS, Stack, chosen_stack
from .traffic import Place, Traffic
from .writer import TABLE as WRITTEN

DATABASE_SERVERS = ("n1", "n2")
WHOLE_SECONDS = 90.0
PSQL = "cd / && runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1"
ROLES = {"f": "primary", "t": "standby"}
FOLLOWERS = "SELECT application_name || ' ' || state || ' ' || sync_state FROM pg_stat_replication"


@dataclass(frozen=True)
class Look:
    """What one server says of itself.

    :ivar role: `primary`, `standby` or nothing.
    :ivar followers: who streams from it, as `name state sync_state`.
    :ivar addresses: the IPv4 addresses that it has.
    """

    role: str
    followers: list[str]
    addresses: set[str]


class Cluster:
    """The cluster of the lab inventory on one lab.

    :ivar database: its database servers; a test that adds one says so here.
    :ivar watched: servers of the lab that are none of them, and are observed beside them.
    """

    def __init__(self, name: str, prefix: str, release: str, work: Path, *, stack: Stack = STACKS["pacemaker"]) -> None:
        self.stack = stack
        self.name = name
        self.prefix = prefix
        self.release = release
        self.work = work
        self.password = secrets.token_urlsafe(24)
        # The observers have to reach a server over every cable that is left.
        networks = [f"{prefix}.{number}.0/24" for number in range(3)]
        self.playbooks = Playbooks(
            PROJECT / "inventories" / f"lab_{stack.name}",
            {
                "lab_name": name,
                "lab_prefix": prefix,
                "lab_release": release,
                "pgha_client_networks": networks,
                **stack.variables,
            },
        )
        self.database: tuple[str, ...] = DATABASE_SERVERS
        self.watched: tuple[str, ...] = ()
        self.runs: Iterator[int] = iter(range(1, 1000))

    @classmethod
    def chosen(cls, work: Path, environment: Mapping[str, str] | None = None) -> Cluster:
        """Return the cluster that the environment chooses, as the molecule scenarios do."""
        environment = os.environ if environment is None else environment
        return cls(
            environment.get("PGHA_LAB", "molecule"),
            environment.get("PGHA_PREFIX", "10.86"),
            environment.get("PGHA_RELEASE", "bookworm"),
            work,
            stack=chosen_stack(environment),
        )

    @property
    def lab(self) -> Lab:
        """The lab, read anew: it may just have been made."""
        return Lab(self.name)

    @property
    def write(self) -> str:
        """The write address."""
        return f"{self.prefix}.0.100"

    @property
    def read(self) -> str:
        """The read address; nothing where the stack has none."""
        return f"{self.prefix}.0.101" if "read" in self.stack.virtual else ""

    @property
    def replication(self) -> str:
        """The replication address; nothing where the stack has none."""
        given = self.playbooks.variables.get("pgha_virtual_addresses", {"replication": f"{self.prefix}.1.100"})
        return str(given["replication"]) if "replication" in self.stack.virtual else ""

    def servers(self) -> list[Server]:
        """Return the database servers."""
        lab = self.lab
        return [lab[name] for name in self.database]

    def other(self, server: Server) -> Server:
        """Return the database server that is not this one."""
        return next(one for one in self.servers() if one.name != server.name)

    # What the servers themselves say

    def ask(self, server: Server, statement: str, database: str = "postgres", *, timeout: float = 15) -> Answer:
        """Run SQL on a server over its socket as postgres."""
        return server.ssh(f"{PSQL} -d {database}", timeout=timeout, stdin=statement)

    def sql(self, server: Server, statement: str, database: str = "postgres") -> str:
        """Return what a query says on a server; nothing when nobody answers there."""
        answer = self.ask(server, statement, database)
        return answer.stdout.strip() if answer.rc == 0 else ""

    def must_sql(self, server: Server, statement: str, database: str = "postgres", *, timeout: float = 15) -> str:
        """Run SQL on a server that has to succeed."""
        answer = self.ask(server, statement, database, timeout=timeout)
        assert answer.rc == 0, f"{server.name}: {answer.stderr or answer.stdout}"
        return answer.stdout.strip()

    def roles(self) -> dict[str, str]:
        """Return `primary`, `standby` or `` per database server, asked directly."""
        return {one.name: self.look(one).role for one in self.servers()}

    def primary(self) -> Server:
        """Return the primary; there has to be exactly one."""
        found = [name for name, role in self.roles().items() if role == "primary"]
        assert len(found) == 1, f"primaries: {found}"
        return self.lab[found[0]]

    def followers(self, primary: Server) -> list[str]:
        """Return the standbys that stream from this server, as `name state sync_state`."""
        return self.sql(primary, FOLLOWERS).splitlines()

    def broken(self) -> str:
        """Return what is missing for the cluster to be whole; nothing when it is."""
        # Each server is asked once, and all of them at the same time: this is asked often, and while much is under way.
        with ThreadPoolExecutor() as pool:
            looks = dict(zip(self.database, pool.map(self.look, self.servers()), strict=True))
        roles = {name: look.role for name, look in looks.items()}
        if sorted(roles.values()) != ["primary", *["standby"] * (len(self.database) - 1)]:
            return f"roles are {roles}"
        primary = next(name for name, role in roles.items() if role == "primary")
        followers = looks[primary].followers
        streaming = {line.split()[0] for line in followers if " streaming " in line}
        wanted = "async" if self.playbooks.variables.get("pgha_replication_mode") == "async" else "sync"
        in_step = [name for name in self.database if f"{name} streaming {wanted}" in followers]
        if streaming != set(self.database) - {primary} or len(in_step) != 1:
            return f"not all stream, one of them {wanted}: {followers}"
        places = {self.write: primary, self.replication: primary, self.read: in_step[0]}
        for address, holder in places.items():
            holders = [name for name, look in looks.items() if address in look.addresses]
            if address and holders != [holder]:
                return f"{address} is on {holders} and not on {holder}"
        return self.stack.unsettled(self.servers(), self.lab[primary])

    def look(self, server: Server) -> Look:
        """Return what a server says of itself, asked directly."""
        query = f"SELECT pg_is_in_recovery(); {FOLLOWERS}"
        asked = self.stack.asked(f"{PSQL} -c {shlex.quote(query)}", self.other(server).name)
        answer = server.ssh(f"ip -o -4 address show; echo; {asked}", timeout=15)
        addresses, *said = answer.stdout.split("\n\n", 1)
        role, *followers = "".join(said).splitlines() or [""]
        return Look(ROLES.get(role, ""), followers, set(re.findall(r" inet ([0-9.]+)/", addresses)))

    def has_address(self, server: Server, address: str) -> bool:
        """Return whether an address is configured on a server."""
        return address in self.look(server).addresses

    def wait_whole(self, deadline: float = WHOLE_SECONDS) -> None:
        """Wait until the cluster is whole."""
        last = ""

        def whole() -> bool:
            nonlocal last
            last = self.broken()
            return not last

        try:
            wait_until(whole, deadline, "the cluster is whole")
        except AssertionError as late:
            raise AssertionError(f"{late}: {last}\n{self.shown()}") from None

    def shown(self) -> str:
        """Return what the stack shows, for a person who reads a failed test."""
        return "\n".join(self.stack.show(one) for one in self.servers())

    # What a person does

    def make_whole(self) -> list[str]:
        """Bring the cluster back by what `status` advises and nothing else; return which commands were needed."""
        advised = wait_until(self.advice, WHOLE_SECONDS, "the cluster is whole, or status says how to make it so")
        commands = []
        while advised != [()]:
            for verb, name in advised:
                played = self.playbooks.must(verb, pgha_target=name)
                commands.append(" ".join(filter(None, (verb, name, played.decision))))
            # The last of them ends with the status, which has to tell the truth.
            advised = wait_until(self.advice, WHOLE_SECONDS, "the cluster is whole, or status says what else to do")
            assert advised != [()] or "; redundant" in played.output, played.output[-3000:]
        return commands

    def advice(self) -> list[tuple[str, ...]]:
        """Return what `status` says to run, and for which server; one empty entry when all is well.

        A failover comes alone: what else there is to do shows itself when there is a primary again.
        """
        # Also one that was fenced a moment ago.
        for server in self.lab:
            server.wait_booted()
        if not self.broken():
            return [()]
        # A cluster that is still at work is about to say something else.
        self.stack.settle(self.servers())
        # What comes after an "or" is for whom the first is impossible: here everybody is about to be back.
        said = " ".join(step.partition("; or, ")[0] for step in self.status()["next"])
        for verb in ("failover", "rebuild_standby"):
            found = [(verb, name) for name in self.database if f"{verb}.yml -e pgha_target={name}" in said]
            if found:
                return [*found]
        return []

    @contextlib.contextmanager
    def deployed(self, **settings: Any) -> Iterator[None]:
        """Deploy with other settings; afterwards as before."""
        usual = self.playbooks.variables
        try:
            self.playbooks.variables = {**usual, **settings}
            self.playbooks.must("deploy")
            self.wait_whole()
            yield
        finally:
            self.playbooks.variables = usual
            self.playbooks.must("deploy")
            self.wait_whole()

    # What clients do

    def prepare_clients(self) -> None:
        """Make the database of the clients, and their user with a password of this run."""
        primary = self.primary()
        statements = [
            f"SELECT 'CREATE ROLE {USER} LOGIN'"
            f" WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{USER}') \\gexec",
            f"ALTER ROLE {USER} PASSWORD '{self.password}';",
            *self.stack.tablespace,
            f"SELECT 'CREATE DATABASE {DATABASE} OWNER {USER}{' TABLESPACE far' if self.stack.tablespace else ''}'"
            f" WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}') \\gexec",
            f"\\connect {DATABASE}",
            f"SET ROLE {USER};",
            f"{WRITTEN};",
            f"{OBSERVED};",
        ]
        self.must_sql(primary, "\n".join(statements))
        if not self.stack.reads_on_standbys:
            return
        # A standby may answer clients before it has replayed all this: a commit waits until it is stored there.
        made = "SELECT to_regclass('observed') IS NOT NULL"
        standby = self.other(primary)
        wait_until(lambda: self.sql(standby, made, DATABASE) == "t", 30, f"the clients' tables on {standby.name}")

    def traffic(self, name: str) -> Traffic:
        """Return writer, reader and observers, to be used as a context."""
        servers = [*self.servers(), *(self.lab[name] for name in self.watched)]
        place = Place(
            {one.name: one.addresses for one in servers}, self.write, self.read, self.replication, self.password
        )
        run = f"{next(self.runs):02d}-{name}"
        return Traffic(place, self.work / run, f"{run}-{time.time():.0f}")

    def rows(self, traffic: Traffic) -> list[int]:
        """Return the rows of a writer that the primary has."""
        text = self.must_sql(self.primary(), f"SELECT number FROM written WHERE writer = '{traffic.name}'", DATABASE)
        return [int(line) for line in text.splitlines()]

    def status(self) -> dict[str, Any]:
        """Return what the status playbook says."""
        return self.playbooks.status()
