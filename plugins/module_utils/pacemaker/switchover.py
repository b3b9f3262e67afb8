# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both halves of a switchover under pacemaker: what PostgreSQL does, and what the cluster is told and when.

The danger is a half that dies. The old primary is recorded as left behind before the new one is promoted, and the
record is kept on both servers: whoever is left of the two afterwards, the cluster starts nothing that lacks a commit.

This module util is private to the collection.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner
from ansible_collections.pgha.cluster.plugins.module_utils.common.wait import wait_until
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.gateway import Gateway
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.handover import (
    Address,
    Records,
    Window,
    begin,
    give_up,
    in_background,
    interfaces,
    lock_file,
    take_on,
)
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.gateway import Session
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.handover import APPLICATION, Giver, Taker
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.pooler import Poolers

OWNER = "postgres"
MEET_SECONDS = 60.0
"""How long each half waits for the other one to begin."""
PROOF_SECONDS = 10.0
"""How long the standby waits for the end of the log after the stream has ended. It never promotes later than that."""
RELEASE_SECONDS = 3.0
"""How long the new primary waits for the old one to give its addresses up. It is stopped: no write goes to it."""
PROMOTED_SECONDS = 30.0
"""How long the old primary waits for a promotion: longer than the standby may still begin one."""
RESERVE_SECONDS = 30.0
"""What has to be left of the cluster's rest when the primary stops."""


@dataclass(frozen=True)
class Terms:
    """What both halves are told."""

    primary: str
    standby: str
    mode: str
    data_directory: Path
    bin_directory: Path
    state_directory: Path
    resource: str
    addresses: tuple[Address, ...]
    slots: tuple[str, ...]
    rest: float
    timeout: float
    socket: Mapping[str, Any]
    peer: Mapping[str, Any]
    poolers: Poolers

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Terms:
        """Read a module's parameters."""
        return cls(
            primary=given["primary"],
            standby=given["standby"],
            mode=given["mode"],
            data_directory=Path(given["data_directory"]),
            bin_directory=Path(given["bin_directory"]),
            state_directory=Path(given["state_directory"]),
            resource=given["resource"],
            addresses=tuple(Address(**one) for one in given["addresses"]),
            slots=tuple(given["slots"]),
            rest=float(given["rest"]),
            timeout=float(given["timeout"]),
            socket={"host": given["socket_directory"], "port": given["port"], "user": OWNER},
            peer={
                "host": given["peer_host"],
                "port": given["port"],
                "user": given["user"],
                "passfile": given["password_file"],
                "sslmode": "verify-ca",
                "sslrootcert": given["ca_file"],
                "application_name": APPLICATION,
            },
            poolers=Poolers(given["poolers"]),
        )

    @property
    def resources(self) -> list[str]:
        """What the cluster has to look at anew."""
        return [self.resource, *(address.resource for address in self.addresses)]


class Clock:
    """Notes how long each phase took, in milliseconds."""

    def __init__(self) -> None:
        self.phases: dict[str, int] = {}
        self._since = time.monotonic()

    def note(self, phase: str) -> None:
        """End a phase and begin the next."""
        now = time.monotonic()
        self.phases[phase] = round((now - self._since) * 1000)
        self._since = now


@contextmanager
def _sessions(terms: Terms) -> Iterator[tuple[Session, Session]]:
    with closing(Session(owner=OWNER, **terms.socket)) as local, closing(Session(**terms.peer)) as peer:
        yield local, peer


def give(terms: Terms, run: Runner) -> dict[str, int]:
    """Be the primary that hands over."""
    terms.poolers.check()
    gateway = Gateway(run)
    window = Window(gateway, run, terms.resources)
    records = Records(gateway, terms.resource)
    with _sessions(terms) as (local, peer):
        giver = Giver(local, peer, terms.standby, terms.mode, terms.data_directory)
        clock = Clock()
        giver.check()
        giver.checkpoint(terms.timeout)
        clock.note("checkpoint")
        wait_until(giver.standby_is_ready, time.monotonic() + MEET_SECONDS, f"{terms.standby} is ready", 0.1)
        ends = time.monotonic() + terms.rest
        window.open(terms.rest)
        try:
            giver.checkpoint(terms.timeout)
            if ends - time.monotonic() < RESERVE_SECONDS:
                raise PghaError(
                    "Nothing was stopped: preparing took nearly as long as the cluster rests.",
                    next_step="run the switchover again when there is less load",
                )
            held = interfaces(run, terms.addresses)
            terms.poolers.pause()
            giver.check()
            clock.note("rest")
            _hand_over(terms, giver, clock, run, held=held, ends=ends)
            records.stopped(terms.primary)
        except PghaError:
            terms.poolers.resume()
            _unguard(terms, records)
            window.close()
            raise
    # The new primary lets the cluster go on. If it has died since, this server does.
    try:
        wait_until(lambda: not window.is_open(), ends, "the cluster goes on", 0.5)
    except PghaError:
        terms.poolers.resume()
        window.close()
    return clock.phases


def _hand_over(terms: Terms, giver: Giver, clock: Clock, run: Runner, *, held: Mapping[str, str], ends: float) -> None:
    giver.stop()
    stopped = 0.0

    def promoted() -> bool:
        nonlocal stopped
        if giver.standby_is_promoted():
            return True
        if giver.has_stopped():
            stopped = stopped or time.monotonic()
            # From its own end on: the other one promotes no later than a while after the last it has heard of this one.
            if time.monotonic() - stopped > PROMOTED_SECONDS:
                raise _not_promoted(terms)
        return False

    try:
        wait_until(promoted, ends - RESERVE_SECONDS / 2, "")
    except PghaError as late:
        raise _not_promoted(terms) from late
    clock.note("handover")
    give_up(run, terms.addresses, held)
    # The other half waits for this: never two servers that answer for one address.
    giver.leave()
    clock.note("addresses")
    # The log's last record has arrived; what may still go on here is the copying of old log to an archive.
    wait_until(giver.has_stopped, ends, "PostgreSQL has stopped", 0.05)
    clock.note("end")
    # It stopped in order: nothing here that another one has not.
    lock_file(terms.state_directory).unlink(missing_ok=True)


def _not_promoted(terms: Terms) -> PghaError:
    return PghaError(
        f"Gave up waiting until {terms.standby} was promoted.",
        next_step="the cluster decides now who becomes primary; run the status playbook",
    )


def _unguard(terms: Terms, records: Records) -> None:
    """Let the cluster start this server again, if it stopped in order and the other one cannot have gone on.

    The other one records that this server is left behind before it promotes, and gives up before this one does.
    """
    latest = records.is_latest(terms.primary)
    stopped = not (terms.data_directory / "postmaster.pid").exists()
    if stopped and latest:
        lock_file(terms.state_directory).unlink(missing_ok=True)


def take(terms: Terms, run: Runner) -> dict[str, int]:
    """Be the standby that takes over."""
    terms.poolers.check()
    gateway = Gateway(run)
    records = Records(gateway, terms.resource)
    with _sessions(terms) as (local, peer):
        taker = Taker(local, terms.data_directory, terms.bin_directory, run)
        wait_until(taker.giver_is_there, time.monotonic() + MEET_SECONDS, f"{terms.primary} is ready", 0.1)
        _wait_for_the_stop(terms, taker, peer)
        clock = Clock()
        recorded = in_background(lambda: records.behind(terms.primary))
        try:
            deadline = time.monotonic() + terms.timeout
            wait_until(taker.stream_has_ended, deadline, f"{terms.primary} has stopped")
            deadline = taker.streamed_at + PROOF_SECONDS
            wait_until(taker.has_shutdown_checkpoint, deadline, f"the shutdown checkpoint of {terms.primary} is here")
            recorded()
            # Once more: whoever was held up this long may find that the old primary no longer waits for it.
            wait_until(lambda: time.monotonic() < deadline, deadline, f"{terms.primary} was recorded as left behind")
            clock.note("stop")
        except PghaError as unproven:
            terms.poolers.resume()
            recorded()
            records.latest(terms.primary)
            raise _kept(unproven) from unproven
        # Before the promotion: from then on this is a primary whose data only an orderly stop leaves in order.
        begin(terms.state_directory, OWNER)
        taker.promote(time.monotonic() + PROOF_SECONDS)
        clock.note("promotion")
        with suppress(PghaError):
            wait_until(lambda: not taker.giver_is_there(), time.monotonic() + RELEASE_SECONDS, "the addresses are free")
        take_on(run, terms.addresses)
        terms.poolers.resume()
        clock.note("addresses")
        _settle_in(terms, taker, records)
    _wait_for_the_old_one(terms, records)
    Window(gateway, run, terms.resources).close()
    return clock.phases


def _kept(unproven: PghaError) -> PghaError:
    return PghaError(
        f"Not promoted: {unproven.message}",
        expected="the shutdown checkpoint of the old primary as the last record of the log",
        next_step="the cluster decides who becomes primary; run the status playbook",
    )


def _wait_for_the_stop(terms: Terms, taker: Taker, peer: Session) -> None:
    """Wait until the primary begins to stop: it ends our connection then. Keeps an eye on how far the log has come."""

    def begun() -> bool:
        if peer.has_news() or taker.stream_has_ended():
            return True
        if not taker.giver_is_there():
            raise PghaError(f"{terms.primary} gave up before it stopped.", next_step="see what it says of the reason")
        return False

    wait_until(begun, time.monotonic() + 2 * terms.timeout + terms.rest, f"{terms.primary} stops")


def _settle_in(terms: Terms, taker: Taker, records: Records) -> None:
    """Leave everything as the resource agent does when it promotes."""
    taker.make_slots(list(terms.slots))
    records.latest(terms.standby)
    records.primary(terms.standby)


def _wait_for_the_old_one(terms: Terms, records: Records) -> None:
    """Wait until the old primary has come to its end: the cluster would take one that still stops for a failure."""

    deadline = time.monotonic() + PROMOTED_SECONDS
    try:
        wait_until(lambda: not records.is_primary(terms.primary), deadline, f"{terms.primary} has come to its end", 0.2)
    except PghaError:
        records.stopped(terms.primary)
