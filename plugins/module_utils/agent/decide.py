# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one decision of the failover agent: pure, without a clock, without I/O.

Whatever is not known counts against acting (S3). The rules are in ``docs/adr/failover-agent.md``; each is a property
that the tests hold against every observation, and against whole histories of two servers.

This module util is private to the collection.
"""

from __future__ import annotations

from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import (
    Action,
    Arbiter,
    Decision,
    Fenced,
    Observation,
    Postgres,
    Proof,
    Role,
)

SWITCHOVER, FAILOVER = "switchover", "failover"
SEEN_OFF = "failover_seen_off"
"""As a failover, by an operator who has seen with their own eyes that the other server has no power."""
DOUBT = "this server was cut off itself, or its agent has just started"


def rest(reason: str, text: str) -> Decision:
    """Do nothing, and say why."""
    return Decision(Action.NOTHING, reason, text)


def why_not_hand(o: Observation) -> str:
    """Return why this primary cannot let the other server take over now; nothing when it can."""
    heard = o.heard
    if heard is None or not o.fresh:
        return "the other server's agent does not answer"
    if not o.record.waits or not heard.eligible or heard.reign != o.record.reign:
        return "the other server is not known to have every commit"
    if heard.role is not Role.STANDBY or heard.postgres is not Postgres.STANDBY or not heard.healthy:
        return "PostgreSQL on the other server is no running standby"
    if heard.paused:
        return "the agent of the other server is paused"
    if heard.reach is False:
        return "the other server does not reach the clients' network either"
    return ""


def decide(o: Observation) -> Decision:
    """Return what to do now, and why."""
    if o.paused:
        return rest("paused", "the agent is paused: pgha-agent resume")
    newer = _newer_reign(o)
    if newer is not None:
        return newer
    return {Role.PRIMARY: _primary, Role.STANDBY: _standby, Role.OUT: _out}[o.record.role](o)


def _newer_reign(o: Observation) -> Decision | None:
    heard, record = o.heard, o.record
    if heard is None or not o.fresh or heard.reign <= record.reign:
        return None
    if heard.role is Role.PRIMARY:
        if o.postgres is Postgres.PRIMARY or (record.role is Role.PRIMARY and o.postgres is not Postgres.STOPPED):
            return Decision(Action.STOP, "superseded", f"the other server reigns as number {heard.reign}")
        return Decision(Action.FOLLOW, "newer_reign", f"the other server reigns as number {heard.reign}")
    if heard.yielded and heard.reign == record.reign + 1 and record.role is Role.STANDBY:
        # Only ever given to a server that had every commit, and the one that gave it never comes back by itself.
        return Decision(Action.PROMOTE, "yielded", "the old primary has given its reign up", Proof.STOPPED)
    return rest("unknown_reign", f"the other server knows of reign {heard.reign} and does not hold it itself")


def _primary(o: Observation) -> Decision:
    if o.postgres is Postgres.STOPPED:
        return _stopped_primary(o)
    if o.postgres is Postgres.STARTING:
        return rest("starting", "PostgreSQL is starting or stopping")
    if o.record.boot != o.boot:
        return Decision(Action.STOP, "started_by_itself", "PostgreSQL was started in this boot, and not by the agent")
    if o.record.offered:
        return Decision(Action.OFFER, "stopping", "PostgreSQL is being stopped for the other server")
    if o.postgres is Postgres.STANDBY:
        return Decision(Action.PROMOTE, "unfinished", "this server has won the reign and is not promoted yet")
    if _cut_off(o):
        return Decision(
            Action.STOP,
            "cut_off",
            "neither the other server nor the arbiter is reached, and the other one may take over",
        )
    cause = _cause_to_hand(o)
    if cause:
        refusal = why_not_hand(o)
        if not refusal:
            return Decision(Action.OFFER, *cause)
        if o.wanted == SWITCHOVER:
            return rest("cannot_hand", refusal)
    if o.postgres is Postgres.UNKNOWN:
        return rest("hanging", "PostgreSQL runs and does not answer")
    return _partner(o)


def _cut_off(o: Observation) -> bool:
    """Nobody is reached, and the other server may take over: this one stops before. It could acknowledge nothing.

    With a fence device, too: one that lies would leave two servers that call themselves primary.
    """
    silent = o.silent_for > o.timing.lonely and not o.follows
    return o.record.waits and silent and o.arbiter is Arbiter.SILENT


def _cause_to_hand(o: Observation) -> tuple[str, str] | None:
    if o.wanted == SWITCHOVER:
        return "switchover", "an operator wants the other server as primary"
    if not o.healthy and o.unhealthy_for > o.timing.ailing:
        return "ailing", "PostgreSQL here does not do its work"
    if o.reach is False and o.unreached_for > o.timing.unreachable:
        return "unreachable", "clients cannot reach this server"
    return None


def _partner(o: Observation) -> Decision:
    """A primary that works: the other server shall be able to take over, or writes not wait for it in vain."""
    heard, record = o.heard, o.record
    known = heard is not None and o.fresh
    with_us = known and heard is not None and heard.role is Role.STANDBY and heard.reign == record.reign
    if o.handing and known and not with_us:
        return Decision(Action.WITHDRAW, "not_its_standby", "the other server is no standby of this reign now")
    if o.follows and (with_us or not known):
        return _followed(o, with_us)
    if o.strict:
        return rest("strict", "the standby is away, and writes wait for it")
    if not record.waits:
        if o.waiting is not False:
            return Decision(Action.GO_ON_ALONE, "alone", "commits wait for nobody")
        return rest("alone", "the standby is away, and this server is the only one with the last commits")
    return _let_go(o)


def _followed(o: Observation, with_us: bool) -> Decision:
    if not with_us:
        return rest("deaf", "the other server follows, and its agent does not answer")
    if not o.record.waits or o.waiting is not True:
        return Decision(Action.WAIT_FOR_PEER, "followed", "the other server follows: let commits wait for it")
    if not o.caught_up:
        return rest("catching_up", "the other server does not have all of the older commits yet")
    if not o.handing:
        return Decision(Action.ADMIT, "caught_up", "the other server has every commit and may take over")
    return rest("redundant", "the other server has every commit and may take over")


def _let_go(o: Observation) -> Decision:
    """The standby does not follow and commits wait for it: make sure that it cannot take over, then go on."""
    heard = o.heard
    if heard is not None and o.fresh:
        # One whose PostgreSQL was stopped, for a restart as well, need not be waited for.
        if heard.postgres is Postgres.STANDBY and o.unfollowed_for <= o.timing.lagging:
            return rest("patience", "the standby does not follow since a moment")
        if o.handing:
            return Decision(Action.WITHDRAW, "not_following", "the standby does not follow")
        if heard.knows_withdrawn and not heard.eligible:
            return Decision(Action.GO_ON_ALONE, "withdrawn", "the standby knows that it may not take over")
        return rest("withdrawing", "the standby has not said yet that it knows")
    if o.silent_for <= o.timing.lonely:
        return rest("patience", "the standby says nothing since a moment")
    if o.arbiter is Arbiter.SILENT:
        return rest("no_arbiter", "neither the standby nor the arbiter is reached: this server may be the one cut off")
    if o.doubtful:
        return rest("doubtful", f"{DOUBT}: the standby may have taken over, and only it can say")
    if o.fenced is Fenced.OFF:
        return Decision(Action.GO_ON_ALONE, "standby_off", "the standby is proven to have no power")
    return _fence(o, "standby_lost", "the standby is lost, and writes wait for it")


def _fence(o: Observation, reason: str, text: str) -> Decision:
    if not o.fencing:
        return rest("no_fencing", f"{text}; nothing can power it off")
    if o.fenced is Fenced.UNDER_WAY:
        return rest("fencing", f"{text}; it is being powered off")
    return Decision(Action.FENCE, reason, text)


def _stopped_primary(o: Observation) -> Decision:
    if o.record.offered:
        return _offering(o)
    if o.wanted in (FAILOVER, SEEN_OFF) and not o.fresh:
        return _by_order(o)
    returned = o.record.boot != o.boot
    if returned and not o.fresh:
        return rest(
            "returned", "this server was primary before its last boot; only the other one can say what came after"
        )
    heard = o.heard
    if o.fresh and heard is not None and heard.role is Role.PRIMARY:
        return rest("two_records", "both servers have a record of the same reign: failover by an operator")
    if _cut_off(o):
        return rest("cut_off", "neither the other server nor the arbiter is reached, and the other one may take over")
    if not why_not_hand(o):
        return Decision(Action.OFFER, "stopped", "PostgreSQL here is down, and the other server has every commit")
    text = "the other server has begun no reign" if returned else "nobody was given this reign"
    return Decision(Action.START_PRIMARY, "own_reign", text, Proof.UNTOUCHED)


def _offering(o: Observation) -> Decision:
    heard = o.heard
    if heard is not None and o.fresh and heard.taking and heard.eligible and heard.reign == o.record.reign:
        return Decision(Action.YIELD, "taken", "the other server takes over")
    if o.offered_for > o.timing.offer or (o.fresh and why_not_hand(o)):
        return Decision(Action.RESUME, "not_taken", f"nobody takes over: {why_not_hand(o) or 'it does not ask'}")
    return rest("offering", "PostgreSQL is stopped, and the other server may ask for the reign")


def _standby(o: Observation) -> Decision:
    if o.postgres is Postgres.PRIMARY:
        return Decision(Action.STOP, "not_its_reign", "PostgreSQL takes writes here, and this server is a standby")
    if o.postgres is Postgres.STOPPED:
        return Decision(Action.START_STANDBY, "standby_down", "PostgreSQL here is a standby and does not run")
    if o.wanted in (FAILOVER, SEEN_OFF):
        return _by_order(o)
    if o.fresh:
        word = "taking" if o.taking else "following"
        return rest(word, "the other server's agent answers")
    if not o.may_take_over:
        return rest("not_admitted", "it is not known whether this server has every commit")
    return _succession(o)


def _succession(o: Observation) -> Decision:
    """The primary's agent is silent, and every commit waits for this server: all else must say that it is gone, too."""
    for applies, reason, text in (
        (o.silent_for <= o.timing.silent, "patience", "the primary says nothing since a moment"),
        (o.follows, "receives", "the primary's agent is silent, and its log still arrives"),
        (o.answers, "answers", "the primary's agent is silent, and its PostgreSQL answers"),
        (o.reach is False, "unreachable", "clients could not reach this server"),
        (o.arbiter is Arbiter.SILENT, "no_arbiter", "the arbiter does not answer: this server may be the one cut off"),
        (o.arbiter is Arbiter.ALIVE, "seen_by_arbiter", "the arbiter still sees the primary"),
        (o.doubtful, "doubtful", f"{DOUBT}: the primary may have gone on alone, and only it can say"),
        (o.postgres is not Postgres.STANDBY or not o.healthy, "not_ready", "PostgreSQL here is no working standby"),
    ):
        if applies:
            return rest(reason, text)
    if o.fencing and o.fenced is Fenced.OFF:
        return Decision(Action.PROMOTE, "primary_off", "the primary is proven to have no power", Proof.OFF)
    if not o.fencing and o.strict:
        text = "the primary is gone, and cannot acknowledge a commit without this server"
        return Decision(Action.PROMOTE, "primary_gone", text, Proof.CANNOT_ACKNOWLEDGE)
    return _fence(o, "primary_lost", "the primary is lost")


def _out(o: Observation) -> Decision:
    if o.postgres is Postgres.PRIMARY:
        return Decision(Action.STOP, "not_proven", "PostgreSQL takes writes here, and its data is not proven")
    return rest("out", "the data here is not proven to be a copy of the primary's: rebuild_standby.yml")


def _by_order(o: Observation) -> Decision:
    """An operator wants this server as primary, whatever commits only the other one has."""
    heard = o.heard
    if heard is not None and o.fresh:
        if heard.role is Role.PRIMARY:
            return rest("not_needed", "the other server's agent answers and holds the reign: switchover.yml")
    elif o.fencing and o.fenced is not Fenced.OFF and o.wanted != SEEN_OFF:
        return _fence(o, "by_order", "an operator wants this server as primary")
    action = Action.START_PRIMARY if o.record.role is Role.PRIMARY else Action.PROMOTE
    return Decision(action, "by_order", "an operator wants this server as primary", Proof.OPERATOR)
