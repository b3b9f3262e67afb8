# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the failover agent knows, sees, says and decides. Values only.

Two servers, each with an agent. A *reign* is the time in which one server is primary; each has a number, and a server
that takes over counts one up. The rules that these values carry are in ``docs/adr/failover-agent.md``.

This module util is private to the collection.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Role(enum.StrEnum):
    """What a server may be in the reign that it knows of. Lasting."""

    PRIMARY = "primary"
    STANDBY = "standby"
    OUT = "out"
    """Its data is not proven to be a copy of the primary's: PostgreSQL is not started there."""


class Postgres(enum.StrEnum):
    """What PostgreSQL on a server is now."""

    PRIMARY = "primary"
    STANDBY = "standby"
    STARTING = "starting"
    """It runs and takes no connection yet: recovery after a crash, or a slow start or stop."""
    STOPPED = "stopped"
    """No process of it runs."""
    UNKNOWN = "unknown"
    """It runs and does not answer."""


class Arbiter(enum.StrEnum):
    """What the third party says of the other server: the vote host, or VRRP together with the ping targets."""

    ALIVE = "alive"
    GONE = "gone"
    """The third party answers, and the other server's PostgreSQL does not answer it."""
    SILENT = "silent"
    """The third party does not answer, so this server may be the one that is cut off (S3)."""


class Fenced(enum.StrEnum):
    """What came of the last request to power the other server off, in this silence of it."""

    NOT_ASKED = "not asked"
    UNDER_WAY = "under way"
    OFF = "off"
    """The device says that the power is off, and nothing of the server answers any more."""
    FAILED = "failed"


class Action(enum.StrEnum):
    """What an agent may do, one thing at a time."""

    NOTHING = "nothing"
    START_PRIMARY = "start as primary"
    START_STANDBY = "start as standby"
    STOP = "stop"
    """PostgreSQL here must not go on; it is stopped at once."""
    WAIT_FOR_PEER = "wait for the standby"
    """Let every commit wait for the other server from now on, and prove it; then it may take over."""
    ADMIT = "admit"
    """Tell the other server that it has every commit and may take over."""
    WITHDRAW = "withdraw"
    """Take back the other server's leave to take over."""
    GO_ON_ALONE = "go on alone"
    """Let commits wait for nobody. Only when the other server cannot take over any more."""
    OFFER = "offer"
    """Stop PostgreSQL here and let the other server take over."""
    RESUME = "resume"
    """Take an offer back that nobody has taken up."""
    YIELD = "yield"
    """Give the reign up for good."""
    FENCE = "fence"
    PROMOTE = "promote"
    FOLLOW = "follow"
    """Note a newer reign of the other server."""


class Proof(enum.StrEnum):
    """Why a server may become primary (S1)."""

    STOPPED = "stopped"
    """The old primary has stopped and given its reign up for good, and has said so."""
    OFF = "off"
    """The fence device says that the old primary has no power, and nothing of it answers."""
    CANNOT_ACKNOWLEDGE = "cannot acknowledge"
    """Every commit of the old primary waits for this server, and only this server could release it from that."""
    UNTOUCHED = "untouched"
    """The reign is this server's own, and nobody else can have begun another one."""
    OPERATOR = "operator"
    """An operator has asked for it by name, and taken what may be lost."""


@dataclass(frozen=True)
class Record:
    """What a server must not forget. On disk before anything is done or said that follows from it.

    :ivar reign: the newest reign that this server knows of.
    :ivar boot: the kernel's boot in which this was written.
    :ivar waits: primary: the other server may take over, or may still believe so, and every commit waits for it.
    :ivar eligible: standby: the primary of this reign waits for this server. Only true in the boot in which it was
        written: a server that was powered off has to be admitted anew.
    :ivar offered: primary: stopped or stopping, and the other server may ask for the reign.
    :ivar yielded: this reign was given to the other server for good, whether or not that one has begun it.
    """

    reign: int = 0
    role: Role = Role.OUT
    boot: str = ""
    waits: bool = False
    eligible: bool = False
    offered: bool = False
    yielded: bool = False


@dataclass(frozen=True)
class Heard:
    """The last message of the other agent, accepted as fresh when it came.

    :ivar reign: the newest reign that it knows of.
    :ivar taking: it asks for the reign that this server offers.
    :ivar granting: it is primary, its commits wait for this server, and this server has all of them.
    :ivar eligible: it is a standby that may take over; already false when the grant was from before its last boot.
    :ivar knows_withdrawn: it has sent this after it had read a message of ours without a grant.
    :ivar healthy: its PostgreSQL does what its role wants.
    :ivar reach: it reaches the clients' network; None when nothing tells.
    :ivar received: how far its log reaches, in bytes; of a stopped primary, where its last checkpoint begins.
    :ivar clean: it is stopped, and stopped in order.
    """

    reign: int
    role: Role
    postgres: Postgres
    waits: bool = False
    eligible: bool = False
    offered: bool = False
    yielded: bool = False
    taking: bool = False
    granting: bool = False
    knows_withdrawn: bool = False
    healthy: bool = True
    reach: bool | None = None
    paused: bool = False
    received: int = 0
    clean: bool = False


@dataclass(frozen=True)
class Timing:
    """How long things may take, in seconds.

    :ivar fresh: a message counts as the other server's state for this long.
    :ivar lonely: the primary fences a standby that has said nothing for this long and does not follow.
    :ivar silent: a standby counts its primary as lost after this long without a word. Longer than ``lonely``, so that
        of two servers that lost sight of each other the primary acts first.
    :ivar lagging: a standby that has not followed for this long, though its agent answers, is let go.
    :ivar offer: an offer that nobody takes up is taken back after this long.
    :ivar ailing: PostgreSQL that answers and does not work (a dead disk) is given up after this long.
    :ivar unreachable: a primary that clients cannot reach is given up after this long.
    :ivar cut_off: a server that has reached neither the other one nor the arbiter for this long does not trust a fence
        device alone.
    :ivar tail: a standby that takes over waits this long for the last bytes of a primary that stopped in order.
    """

    fresh: float = 1.0
    lonely: float = 2.0
    silent: float = 2.5
    lagging: float = 1.5
    offer: float = 5.0
    ailing: float = 5.0
    unreachable: float = 3.0
    cut_off: float = 2.0
    tail: float = 1.0


@dataclass(frozen=True)
class Observation:
    """All that a decision rests upon.

    :ivar strict: the primary never goes on without the standby.
    :ivar fencing: the other server has a fence device.
    :ivar boot: the kernel's boot now.
    :ivar healthy: PostgreSQL here does what its role wants: a primary's test writes into every tablespace succeed.
    :ivar unhealthy_for: for how long not, in seconds.
    :ivar reach: this server reaches the clients' network; None when nothing tells.
    :ivar unreached_for: for how long not, in seconds.
    :ivar follows: primary: the other server streams from here; standby: streams, and something arrived lately.
    :ivar unfollowed_for: for how long not, in seconds.
    :ivar waiting: primary: commits wait for the other server, proven in force. None when nobody can tell now.
    :ivar caught_up: primary: the other server has everything from before commits began to wait.
    :ivar received: how far the log of this server reaches, in bytes; when it is stopped, where its last checkpoint
        begins.
    :ivar clean: PostgreSQL is stopped, and stopped in order.
    :ivar heard: the other agent's last message; None when it has never said anything to this process.
    :ivar silent_for: how long ago that was, in seconds; since the start of this process when it was never.
    :ivar answers: the other server's PostgreSQL answers at one of its addresses, asked anew in this silence.
    :ivar offered_for: how long ago PostgreSQL here was stopped to offer it, in seconds.
    :ivar wanted: an operator's request: ``switchover`` (on the primary) or ``failover`` (on the server to promote).
    :ivar handing: this process has admitted the other server and not withdrawn that since.
    :ivar doubtful: since the other agent was last heard, this server was cut off from the arbiter, too, or asleep: what
        the other one did then, only that one can say, for a fence device may lie.
    """

    strict: bool
    fencing: bool
    boot: str
    record: Record
    postgres: Postgres
    healthy: bool = True
    unhealthy_for: float = 0.0
    reach: bool | None = None
    unreached_for: float = 0.0
    follows: bool = False
    unfollowed_for: float = 0.0
    waiting: bool | None = None
    caught_up: bool = False
    received: int = 0
    clean: bool = False
    heard: Heard | None = None
    silent_for: float = 0.0
    answers: bool = False
    arbiter: Arbiter = Arbiter.SILENT
    fenced: Fenced = Fenced.NOT_ASKED
    offered_for: float = 0.0
    paused: bool = False
    wanted: str = ""
    handing: bool = False
    doubtful: bool = True
    timing: Timing = field(default_factory=Timing)

    @property
    def fresh(self) -> bool:
        """Whether the other agent's last message counts as its state now."""
        return self.heard is not None and self.silent_for <= self.timing.fresh

    @property
    def may_take_over(self) -> bool:
        """Whether the primary of this reign waits for this server, as far as this server knows."""
        return self.record.eligible and self.record.boot == self.boot

    @property
    def taking(self) -> bool:
        """Whether this server asks for the reign that the other one offers."""
        heard, record = self.heard, self.record
        if heard is None or not self.fresh or self.paused or not self.healthy or self.reach is False:
            return False
        offered = heard.role is Role.PRIMARY and heard.offered and heard.postgres is Postgres.STOPPED
        able = record.role is Role.STANDBY and self.postgres is Postgres.STANDBY and self.may_take_over
        if not offered or not able or heard.reign != record.reign:
            return False
        # The last bytes are on their way: with them, the old primary can follow without being rebuilt.
        return not heard.clean or self.received > heard.received or self.unfollowed_for > self.timing.tail


@dataclass(frozen=True)
class Decision:
    """What to do now, and why.

    :ivar reason: a stable word for programs.
    :ivar text: one sentence for a person.
    :ivar proof: why this server may become primary; with :attr:`Action.PROMOTE` and :attr:`Action.START_PRIMARY`.
    """

    action: Action
    reason: str
    text: str
    proof: Proof | None = None
