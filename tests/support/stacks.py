# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between the stacks for a test; everything else about a cluster is the same for all of them."""

from __future__ import annotations

import abc
import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from ansible_collections.pgha.cluster.plugins.module_utils.lab.san import device

from .lab import Server, wait_until

FAR = "/var/lib/postgresql/far"
"""Where the clients' tablespace is: a rebuild has to bring that back, too."""
ARCHIVE = "/var/lib/postgresql/archive"


class Stack(abc.ABC):
    """One way to decide about the primary.

    :cvar name: of the lab's inventory; as in the variable ``pgha_stack``, or of a variant of it.
    :cvar virtual: the kinds of addresses that move.
    :cvar service: the service that starts PostgreSQL; without it a server boots without PostgreSQL.
    :cvar deploy_points: tasks of a deploy in whose middle it is killed, in their order.
    :cvar shared: the addresses that two servers may answer for at the same moment, each of them rightly.
    :cvar shown: commands whose output must hold no secret.
    :cvar places: directories in which no file that everybody may read must hold a secret.
    :cvar variables: what the tests deploy beside the inventory.
    :cvar tablespace: SQL that makes a tablespace for the clients.
    :cvar reads_on_standbys: whether a standby answers queries.
    """

    name: ClassVar[str]
    virtual: ClassVar[tuple[str, ...]]
    service: ClassVar[str]
    deploy_points: ClassVar[tuple[str, ...]]
    shown: ClassVar[tuple[str, ...]]
    places: ClassVar[tuple[str, ...]]
    shared: ClassVar[tuple[str, ...]] = ()
    variables: ClassVar[Mapping[str, Any]] = {
        "postgresql_tablespace_directories": [FAR],
        "postgresql_archive_directory": ARCHIVE,
    }
    tablespace: ClassVar[tuple[str, ...]] = (
        f"SELECT $$CREATE TABLESPACE far LOCATION '{FAR}'$$"
        " WHERE NOT EXISTS (SELECT FROM pg_tablespace WHERE spcname = 'far') \\gexec",
    )
    reads_on_standbys: ClassVar[bool] = True

    def asked(self, sql: str, peer: str) -> str:
        """Return the command that asks a server for its role and for who follows it.

        :param sql: the command that asks its PostgreSQL for both.
        :param peer: the other server.
        """
        return sql

    @abc.abstractmethod
    def unsettled(self, servers: Sequence[Server], primary: Server) -> str:
        """Return what is still to be done; servers that look whole may be about to be moved."""

    @abc.abstractmethod
    def settle(self, servers: Sequence[Server]) -> None:
        """Give the stack some seconds to end what it is at; what came of it is for the caller to see."""

    @abc.abstractmethod
    def show(self, server: Server) -> str:
        """Return what the stack says on a server, for a person who reads a failed test."""

    @abc.abstractmethod
    def resting(self, server: Server) -> bool:
        """Return whether the cluster rests for a switchover, as this server knows."""

    @abc.abstractmethod
    def fencing_failed(self, asker: Server, target: Server) -> bool:
        """Return whether one server has asked for the other one's power to be cut, in vain."""


class Pacemaker(Stack):
    """corosync and pacemaker."""

    name = "pacemaker"
    virtual: ClassVar[tuple[str, ...]] = ("write", "read", "replication")
    service = "pacemaker"
    # Before packages are there, when the first server has data, while the second gets its own.
    deploy_points: ClassVar[tuple[str, ...]] = (
        "Install PostgreSQL",
        "Configure the cluster",
        "Copy the primary's data",
    )
    shown: ClassVar[tuple[str, ...]] = ("ps -eo args", "crm configure show", "cibadmin -Q")
    places: ClassVar[tuple[str, ...]] = ("/etc/pgha", "/etc/corosync", "/etc/postgresql")

    def unsettled(self, servers: Sequence[Server], primary: Server) -> str:
        """Ask the primary's manager."""
        moving = self._moving(primary)
        if moving:
            return f"the cluster manager has not settled: {moving}"
        shown = primary.ssh("crm_mon -1", timeout=15).stdout
        online = f"Online: [ {' '.join(server.name for server in servers)} ]"
        return "" if online in shown else f"not all servers are online:\n{shown}"

    def settle(self, servers: Sequence[Server]) -> None:
        """Wait until one that answers says so."""
        with contextlib.suppress(AssertionError):
            wait_until(lambda: any(not self._moving(server) for server in servers), 10, "the manager has nothing to do")

    @staticmethod
    def _moving(server: Server) -> str:
        """Return what the cluster manager is at, or would do now.

        ``crm_resource --wait`` needs seconds for a cluster at rest. A transition under way hides from the simulation
        what it is already doing, so that the controller is asked before and after it.
        """
        state = "crmadmin --quiet --status=$(crmadmin --quiet --dc_lookup)"
        asked = server.ssh(f"{state} && crm_simulate --live-check --simulate && {state}", timeout=15)
        return still_to_do(asked.stdout) if asked.rc == 0 else asked.stderr.strip() or "it has no controller"

    def show(self, server: Server) -> str:
        """Return the monitor's view."""
        return server.ssh("crm_mon -1rfA", timeout=30).stdout

    def resting(self, server: Server) -> bool:
        """Look for the mark of a switchover in the cluster's configuration."""
        return "pgha-switchover" in server.ssh("cibadmin --query --scope crm_config").stdout

    def fencing_failed(self, asker: Server, target: Server) -> bool:
        """Look into the fencing history."""
        return "failed" in asker.ssh(f"stonith_admin --history {target.name} --verbose").stdout


class Drbd(Pacemaker):
    """PostgreSQL on one disk that corosync and pacemaker promote."""

    name = "drbd"
    virtual = ("write",)
    deploy_points = ("Install PostgreSQL", "Make the file system, unless there is one", "Configure the cluster")
    places: ClassVar[tuple[str, ...]] = ("/etc/pgha", "/etc/corosync", "/etc/postgresql", "/etc/drbd.d")
    variables: ClassVar[Mapping[str, Any]] = {}
    tablespace = ()
    reads_on_standbys = False

    def asked(self, sql: str, peer: str) -> str:
        """Ask PostgreSQL; a server without it is a standby if its disk has every commit now."""
        whole = "Connected UpToDate/UpToDate"
        said = f'test "$(drbdadm cstate pgha) $(drbdadm dstate pgha)" = "{whole}"'
        return (
            f"if pgrep -x postgres >/dev/null; then ({sql}) && {said} && echo {peer} streaming sync; "
            f'elif test "$(drbdadm role pgha)" = Secondary/Primary && {said}; then echo t; fi'
        )

    def show(self, server: Server) -> str:
        """Return the monitor's view, and the disk's."""
        return server.ssh("crm_mon -1rfA; cat /proc/drbd", timeout=30).stdout


class Shared(Drbd):
    """PostgreSQL on one disk that both servers reach."""

    name = "shared"
    places = Pacemaker.places
    disk: ClassVar[str] = "/dev/disk/by-id/lab-data"

    def asked(self, sql: str, peer: str) -> str:
        """Ask PostgreSQL; a server without it is a standby if it can read the disk, past its kernel's cache."""
        reads = f"dd if={self.disk} of=/dev/null bs=4096 count=1 iflag=direct 2>/dev/null"
        return (
            f"if pgrep -x postgres >/dev/null; then ({sql}) && {reads} && echo {peer} streaming sync; "
            f"elif {reads}; then echo t; fi"
        )

    def show(self, server: Server) -> str:
        """Return the monitor's view, what is mounted, and who has marked the disk."""
        return server.ssh(f"crm_mon -1rfA; mount -t ext4; dumpe2fs -h {self.disk} | grep mmp_", timeout=30).stdout


class San(Shared):
    """The same over iSCSI, where the disk itself can bar a server."""

    name = "san"
    disk = device("data")


class Agents(Stack):
    """Two servers with a failover agent each."""

    # Whoever serves readers is right to. Who may serve them now is not settled between two that do not hear each other,
    # and by VRRP the better one takes an address before the other one has heard of it.
    shared = ("read",)
    virtual = ("write", "read")
    service = "pgha-agent"
    # Before packages are there, and while the second server gets its data.
    deploy_points = ("Install PostgreSQL", "Copy the primary's data")
    shown: ClassVar[tuple[str, ...]] = (
        "ps -eo args",
        "pgha-agent status --json",
        "journalctl --no-pager -o cat -u pgha-agent",
    )
    places: ClassVar[tuple[str, ...]] = (
        "/etc/pgha",
        "/etc/postgresql",
        "/run/pgha-agent",
        "/usr/lib/pgha",
        "/var/lib/pgha-agent",
    )

    def says(self, server: Server) -> dict[str, Any]:
        """Return what an agent says of itself; nothing when it does not answer."""
        answer = server.ssh("pgha-agent status --json", timeout=15)
        try:
            said: dict[str, Any] = json.loads(answer.stdout)
        except ValueError:
            return {}
        return said

    def unsettled(self, servers: Sequence[Server], primary: Server) -> str:
        """Ask both agents: one reigns, the other one may take over from it."""
        said = {server.name: self.says(server) for server in servers}
        return unsettled(said, primary.name)

    def settle(self, servers: Sequence[Server]) -> None:
        """Wait until no agent is at work."""

        def idle() -> bool:
            said = [self.says(server) for server in servers]
            return all(not one or (one["decision"]["action"] == NOTHING and not one["running"]) for one in said)

        with contextlib.suppress(AssertionError):
            wait_until(idle, 10, "the agents have nothing to do")

    def show(self, server: Server) -> str:
        """Return the agent's state and its last words."""
        return server.ssh(f"hostname; pgha-agent status; journalctl --no-pager -n 30 -u {self.service}").stdout

    def resting(self, server: Server) -> bool:
        """Whether the primary offers its reign."""
        return bool(self.says(server).get("offered"))

    def fencing_failed(self, asker: Server, target: Server) -> bool:
        """Ask the agent what came of its last request."""
        return self.says(asker).get("fenced") == "failed"


class Keepalived(Agents):
    """The agent decides, keepalived moves the addresses."""

    name = "keepalived"
    shown = (*Agents.shown, "journalctl --no-pager -o cat -u keepalived")
    places = (*Agents.places, "/etc/keepalived")


class Vote(Agents):
    """The agent decides, asks the vote host, and moves the addresses itself."""

    name = "vote"


NOTHING = "nothing"
ALL = (Pacemaker(), Keepalived(), Vote(), Drbd(), Shared(), San())
STACKS: Mapping[str, Stack] = {stack.name: stack for stack in ALL}


def still_to_do(asked: str) -> str:
    """Return what a cluster manager is at, or would do now.

    :param asked: the state of the controller, what a simulation says of the next transition, and the state again.
    """
    lines = [line.strip() for line in asked.strip().splitlines()] or [""]
    if {lines[0], lines[-1]} != {"S_IDLE"}:
        return f"the controller is in {lines[0]}, then in {lines[-1]}"
    begin, end = lines.index("Executing Cluster Transition:"), lines.index("Revised Cluster Status:")
    return "; ".join(line for line in lines[begin + 1 : end] if line)


def unsettled(said: Mapping[str, Mapping[str, Any]], primary: str) -> str:
    """Return what two agents that said this lack, to be one primary and one standby that may take over."""
    silent = [name for name, words in said.items() if not words]
    if silent:
        return f"the agents of {silent} do not answer"
    wrong: dict[str, Any] = {}
    for name, words in said.items():
        # Each of them sees both sides: a standby that may take over and follows, and a primary that has admitted it.
        wanted = {"role": "primary" if name == primary else "standby", "redundant": True, "paused": False}
        wrong |= {f"{name}.{key}": words.get(key) for key, value in wanted.items() if words.get(key) != value}
    reigns = {words.get("reign") for words in said.values()}
    if len(reigns) != 1:
        wrong["reigns"] = sorted(reigns, key=str)
    return f"the agents have not settled: {wrong}" if wrong else ""


def chosen_stack(environment: Mapping[str, str] | None = None) -> Stack:
    """Return the stack that the environment chooses, as the molecule scenarios do."""
    environment = os.environ if environment is None else environment
    return STACKS[environment.get("PGHA_STACK") or "pacemaker"]
