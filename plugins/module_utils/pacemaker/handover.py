# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A switchover that pacemaker only watches: it rests for a moment, is told what has changed, and looks for itself.

Left to pacemaker, the pause is the sum of a stop, two promotions' worth of notifications and the agent's whole
seconds of waiting. So the servers do it between themselves, and the cluster rests meanwhile. The rest ends by itself:
it is a property with a rule, in force until a time of day, so that nothing which dies in the middle leaves a cluster
that watches nothing.

This module util is private to the collection.
"""

from __future__ import annotations

import datetime
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import cib, parse
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.gateway import Gateway

WINDOW = "pgha-switchover"
LOCK = "PGSQL.lock"
MODE = "rep_mode.in_force"
ALONE = "synchronous_standby_names = ''\n"
AGENT = "/usr/lib/ocf/resource.d/heartbeat/IPaddr2"
SETTLE_SECONDS = 60.0
QUICK_SECONDS = 20.0
# How the resource agent calls what it records of each server; the first is lasting, the others last until a reboot.
DATA, STATE, SCORE, BASELINE = "data-status", "status", "master", "master-baseline"
LATEST, BEHIND, PRIMARY = "LATEST", "DISCONNECT", "PRI"


@dataclass(frozen=True)
class Address:
    """An address that follows the primary.

    :ivar resource: the resource that keeps it.
    """

    resource: str
    ip: str
    prefix: int


def window_xml(until: datetime.datetime) -> str:
    """Return the property that lets the cluster rest until then."""
    end = until.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return (
        f'<cluster_property_set id="{WINDOW}">'
        f'<rule id="{WINDOW}-rule" score="INFINITY" boolean-op="and">'
        f'<date_expression id="{WINDOW}-until" operation="lt" end="{end}"/></rule>'
        f'<nvpair id="{WINDOW}-maintenance" name="maintenance-mode" value="true"/></cluster_property_set>'
    )


def window_end(root: ET.Element) -> str:
    """Return until when the cluster rests for a switchover; empty when it does not."""
    path = f"configuration/crm_config/cluster_property_set[@id='{WINDOW}']/rule/date_expression"
    found = root.find(path)
    return "" if found is None else found.get("end", "")


class Window:
    """The cluster's rest.

    :param resources: what the cluster has to look at anew before it goes on.
    """

    def __init__(self, gateway: Gateway, run: Runner, resources: Sequence[str]) -> None:
        self._gateway = gateway
        self._run = run
        self._resources = resources

    def is_open(self) -> bool:
        """Return whether the cluster rests for a switchover."""
        return bool(window_end(cib.read(self._gateway.query_cib())))

    def open(self, seconds: float) -> None:
        """Let the cluster rest, for so many seconds at most, and wait until it has nothing under way."""
        until = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
        argv = ["cibadmin", "--create", "--scope=crm_config", f"--xml-text={window_xml(until)}"]
        done = self._run(argv, timeout=QUICK_SECONDS)
        if done.rc != 0:
            raise PghaError(
                "The cluster did not take the order to rest.",
                ran=argv,
                said=done.stderr or done.stdout,
                next_step="is another switchover under way? The status playbook says so",
            )
        try:
            self._gateway.settle(SETTLE_SECONDS)
            if 'maintenance-mode="true"' not in self._gateway.must_monitor():
                raise PghaError(
                    "The cluster does not rest, though it was told to.",
                    next_step="compare the clocks of the servers: they differ by more than the rest is long",
                )
        except PghaError:
            self._delete()
            raise

    def close(self) -> None:
        """Let the cluster look for itself, and then go on."""
        for resource in self._resources:
            self._gateway.clean(resource, None, refresh=True)
        self._gateway.settle(SETTLE_SECONDS)
        self._delete()

    def _delete(self) -> None:
        argv = ["cibadmin", "--delete", "--scope=crm_config", f'--xml-text=<cluster_property_set id="{WINDOW}"/>']
        done = self._run(argv, timeout=QUICK_SECONDS)
        if done.rc != 0 and self.is_open():
            raise PghaError(
                "The cluster's rest could not be ended; it ends by itself.", ran=argv, said=done.stderr or done.stdout
            )


class Records:
    """What the resource agent remembers of each server, in the names that it uses for one resource."""

    def __init__(self, gateway: Gateway, resource: str) -> None:
        self._gateway = gateway
        self._resource = resource

    def _full(self, name: str) -> str:
        return f"{name}-{self._resource}" if name == SCORE else f"{self._resource}-{name}"

    def _set(self, node: str, name: str, value: str | None, lifetime: str) -> None:
        self._gateway.set_attribute(node, self._full(name), value, lifetime)

    def _read(self, node: str) -> tuple[Mapping[str, str], Mapping[str, str]]:
        return parse.parse_attributes(cib.read(self._gateway.query_cib())).get(node, ({}, {}))

    def is_latest(self, node: str) -> bool:
        """Return whether a server is recorded as one that has the last commits."""
        lasting, _transient = self._read(node)
        return lasting.get(self._full(DATA)) == LATEST

    def is_primary(self, node: str) -> bool:
        """Return whether a server is recorded as the primary."""
        _lasting, transient = self._read(node)
        return transient.get(self._full(STATE)) == PRIMARY

    def behind(self, node: str) -> None:
        """Record that a server has not the last commits: it must not be promoted by itself any more."""
        self._set(node, DATA, BEHIND, "forever")

    def latest(self, node: str) -> None:
        """Record that a server has the last commits."""
        self._set(node, DATA, LATEST, "forever")

    def stopped(self, node: str) -> None:
        """Record that the old primary is down, as the agent does when it demotes."""
        self._set(node, SCORE, "-INFINITY", "reboot")
        self._set(node, STATE, "STOP", "reboot")
        self._set(node, BASELINE, None, "reboot")

    def primary(self, node: str) -> None:
        """Record who is primary, as the agent does when it promotes."""
        self._set(node, SCORE, "1000", "reboot")
        self._set(node, STATE, PRIMARY, "reboot")


def interfaces(run: Runner, addresses: Sequence[Address]) -> dict[str, str]:
    """Return on which interface this server holds each address; those that it does not hold are left out."""
    found = {}
    for address in addresses:
        argv = ["ip", "-oneline", "address", "show", "to", address.ip]
        words = run(argv, timeout=QUICK_SECONDS).stdout.split()
        if len(words) > 1:
            found[address.ip] = words[1]
    return found


def give_up(run: Runner, addresses: Sequence[Address], held: Mapping[str, str]) -> None:
    """Give addresses up, without the agent's tenth of a second each: clients wait for this.

    :param held: on which interface this server holds each of them.
    """
    for address in addresses:
        if address.ip in held:
            argv = ["ip", "address", "delete", f"{address.ip}/{address.prefix}", "dev", held[address.ip]]
            done = run(argv, timeout=QUICK_SECONDS)
            if done.rc != 0:
                raise PghaError(f"The address {address.ip} could not be given up.", ran=argv, said=done.stderr)


def take_on(run: Runner, addresses: Sequence[Address]) -> None:
    """Take addresses and announce them, through their own agent, all at once."""

    def one(address: Address) -> None:
        env = {
            "OCF_ROOT": "/usr/lib/ocf",
            "OCF_RESOURCE_INSTANCE": address.resource,
            "OCF_RESKEY_ip": address.ip,
            "OCF_RESKEY_cidr_netmask": str(address.prefix),
        }
        # It goes on announcing in the background for a second, and whoever reads its output waits for the end of that.
        argv = ["sh", "-c", 'exec "$0" "$@" >/dev/null 2>&1', AGENT, "start"]
        done = run(argv, timeout=QUICK_SECONDS, env=env)
        if done.rc != 0:
            raise PghaError(
                f"The address {address.ip} could not be taken.",
                ran=[AGENT, "start"],
                said=f"exit status {done.rc}",
                next_step="the cluster tries it again by itself; see 'journalctl -t IPaddr2'",
            )

    with ThreadPoolExecutor(len(addresses) or 1) as pool:
        for _done in pool.map(one, addresses):
            pass


def in_background(work: Callable[[], None]) -> Callable[[], None]:
    """Begin some work now; return what waits for its end and raises its error."""
    pool = ThreadPoolExecutor(1)
    future = pool.submit(work)
    pool.shutdown(wait=False)
    return future.result


def lock_file(directory: Path) -> Path:
    """Return the agent's guard: where it lies, the server was primary and did not stop in order."""
    return directory / LOCK


def begin(directory: Path, owner: str) -> None:
    """Leave a primary's files, as the agent does before it promotes: its guard, and that commits wait for nobody."""
    guard, mode = lock_file(directory), directory / MODE
    guard.touch()
    mode.write_text(ALONE, encoding="ascii")
    for file in (guard, mode):
        shutil.chown(file, owner, owner)
