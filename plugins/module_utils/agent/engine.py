# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent without its eyes and hands: keeps the record, the conversation and how long things have been as they are.

The same engine runs on a server and in the simulation of two servers; only what stands around it differs.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from ansible_collections.pgha.cluster.plugins.module_utils.agent.decide import decide, rest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import (
    Action,
    Arbiter,
    Decision,
    Fenced,
    Heard,
    Observation,
    Postgres,
    Record,
    Role,
    Timing,
)
from ansible_collections.pgha.cluster.plugins.module_utils.agent.record import after, told
from ansible_collections.pgha.cluster.plugins.module_utils.agent.talk import Talk
from ansible_collections.pgha.cluster.plugins.module_utils.agent.view import View
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError


class Terms(Protocol):
    """What an engine has to know of its cluster."""

    @property
    def name(self) -> str: ...
    @property
    def peer(self) -> str: ...
    @property
    def strict(self) -> bool: ...
    @property
    def fencing(self) -> bool: ...
    @property
    def timing(self) -> Timing: ...


@dataclass
class Since:
    """For how long something has been so."""

    began: dict[str, float] = field(default_factory=dict)

    def note(self, what: str, is_so: bool, now: float) -> float:
        """Return for how many seconds it has been so."""
        if not is_so:
            self.began.pop(what, None)
            return 0.0
        return now - self.began.setdefault(what, now)


class Engine:
    """One agent's mind.

    :param boot: the kernel's boot.
    :param session: one higher than at this agent's last start.
    :param store: keeps the record; has it on disk when it returns.
    """

    def __init__(
        self,
        terms: Terms,
        record: Record,
        *,
        boot: str,
        session: int,
        secret: bytes,
        store: Callable[[Record], None],
        now: float,
    ) -> None:
        self._terms, self._boot, self._store = terms, boot, store
        self._talk = Talk(terms.name, terms.peer, secret, session, terms.timing.fresh)
        self._since = Since()
        self._handing = self._fence_asked = False
        self._doubtful, self._ticked_at = True, now
        self._heard_at = now
        self.record = record
        self.heard: Heard | None = None
        self.observation: Observation | None = None
        self.decision: Decision = rest("begins", "the agent has just started")

    def silent_for(self, now: float) -> float:
        """Return for how many seconds the other agent has said nothing that counts."""
        return now - self._heard_at

    def hear(self, datagram: bytes, now: float) -> bool:
        """Take a datagram; return whether it counts."""
        try:
            heard = self._talk.hear(datagram, now)
        except (ValueError, KeyError, TypeError):
            # Signed, and of no shape that this version knows: as if nothing had been said.
            return False
        if heard is None:
            return False
        if self._handing:
            heard = replace(heard, knows_withdrawn=False)
        self.heard, self._heard_at, self._fence_asked, self._doubtful = heard, now, False, False
        self._keep(told(self.record, heard, self._boot))
        return True

    def tick(self, view: View, now: float) -> Decision:
        """Decide; what follows from it for the record is on disk when this returns."""
        self._mistrust(view, now)
        o = self._observe(view, now)
        decision = decide(o)
        self._keep(after(self.record, decision, o))
        if decision.action is Action.ADMIT:
            self._handing = True
        elif decision.action in (Action.WITHDRAW, Action.GO_ON_ALONE, Action.YIELD, Action.STOP, Action.FOLLOW):
            self._take_back()
        if decision.action is Action.FENCE:
            self._fence_asked = True
        self.observation, self.decision = o, decision
        return decision

    def message(self, now: float) -> bytes:
        """Return what to send to the other agent."""
        o, record = self.observation, self.record
        if o is None:
            raise PghaError("The agent has not looked at anything yet.")
        o = replace(o, record=record)
        state = Heard(
            reign=record.reign,
            role=record.role,
            postgres=o.postgres,
            waits=record.waits,
            eligible=record.role is Role.STANDBY and o.may_take_over,
            offered=record.offered,
            yielded=record.yielded,
            taking=o.taking,
            granting=record.role is Role.PRIMARY and record.waits and self._handing,
            healthy=o.healthy,
            reach=o.reach,
            paused=o.paused,
            received=o.received,
            clean=o.clean,
        )
        return self._talk.say(state, now)

    def command(self, word: str, now: float) -> None:
        """Carry out what a playbook has judged before: begin a cluster here, or say what the data here is.

        :raises PghaError: it does not fit to what the servers know.
        """
        look = "run the status playbook"
        if word == "init_primary":
            if self.record.reign:
                raise PghaError("This server knows a reign already.", next_step=look)
            self._keep(Record(1, Role.PRIMARY, self._boot))
        elif word == "leave":
            if self.record.role is Role.PRIMARY and not self.record.yielded:
                raise PghaError("This server is the primary.", next_step=look)
            self._keep(Record(self.record.reign, Role.OUT, self._boot))
        elif word == "join":
            heard = self.heard
            if heard is None or self.silent_for(now) > self._terms.timing.fresh or heard.role is not Role.PRIMARY:
                raise PghaError("The agent of the primary does not answer.", next_step=look)
            if self.record.role is Role.PRIMARY:
                raise PghaError("This server is the primary.", next_step=look)
            self._keep(Record(heard.reign, Role.STANDBY, self._boot))
        else:
            raise PghaError(f"The agent knows no command {word}.")

    def _mistrust(self, view: View, now: float) -> None:
        """Note whether this server itself was the one that nobody reached."""
        if now - self._ticked_at > self._terms.timing.cut_off:
            # It was asleep: nothing that it has not heard meanwhile was not said.
            self._heard_at, self._doubtful = now, True
        self._ticked_at = now
        alone = self.silent_for(now) > self._terms.timing.fresh and view.arbiter is Arbiter.SILENT
        if self._since.note("cut off", alone, now) > self._terms.timing.cut_off:
            self._doubtful = True

    def _keep(self, record: Record) -> None:
        if record != self.record:
            self._store(record)
            self.record = record

    def _take_back(self) -> None:
        if self._handing:
            self._talk.withdrawn()
        self._handing = False

    def _observe(self, view: View, now: float) -> Observation:
        since = self._since
        stopped = self.record.offered and view.postgres is Postgres.STOPPED
        return Observation(
            strict=self._terms.strict,
            fencing=self._terms.fencing,
            timing=self._terms.timing,
            boot=self._boot,
            record=self.record,
            postgres=view.postgres,
            healthy=view.healthy,
            unhealthy_for=since.note("unhealthy", not view.healthy, now),
            reach=view.reach,
            unreached_for=since.note("unreached", view.reach is False, now),
            follows=view.follows,
            unfollowed_for=since.note("unfollowed", not view.follows, now),
            waiting=view.waiting,
            caught_up=view.caught_up,
            received=view.received,
            clean=view.clean,
            heard=self.heard,
            silent_for=self.silent_for(now),
            answers=view.answers,
            arbiter=view.arbiter,
            fenced=view.fenced if self._fence_asked else Fenced.NOT_ASKED,
            offered_for=since.note("offered", stopped, now),
            paused=view.paused,
            wanted=view.wanted,
            handing=self._handing,
            doubtful=self._doubtful,
        )
