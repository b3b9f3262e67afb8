# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What two agents say to each other: their whole state, a few times a second, in signed datagrams.

A datagram may be lost, doubled, late or sent again by a stranger, and clocks may differ. So each one names the newest
one that its sender has received, and it counts only when that was sent a moment ago by the receiver's own clock, in the
receiver's own session. Sessions are numbers that grow with each start of an agent, so that nothing of an old one
counts after the new one was heard.

This module util is private to the collection.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import OrderedDict
from dataclasses import fields
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Heard, Postgres, Role

LARGEST = 2048
_TYPES: dict[str, tuple[type, ...]] = {
    "reign": (int,),
    "received": (int,),
    "role": (str,),
    "postgres": (str,),
    "reach": (bool, type(None)),
}


def seal(words: dict[str, Any], secret: bytes) -> bytes:
    """Return a datagram: the signature, then the words."""
    body = json.dumps(words, separators=(",", ":"), sort_keys=True).encode()
    return hmac.new(secret, body, hashlib.sha256).hexdigest().encode() + body


def unseal(datagram: bytes, secret: bytes) -> dict[str, Any] | None:
    """Return the words of a datagram; nothing when it was not signed with the secret."""
    mark, body = datagram[:64], datagram[64:LARGEST]
    if not hmac.compare_digest(hmac.new(secret, body, hashlib.sha256).hexdigest().encode(), mark):
        return None
    words = json.loads(body)
    return words if isinstance(words, dict) else None


def _state(words: dict[str, Any]) -> Heard:
    """Return what another version of the agent may have spelled with more or fewer words."""
    known: dict[str, Any] = {}
    for one in fields(Heard):
        if one.name in words and one.name != "knows_withdrawn":
            if not isinstance(words[one.name], _TYPES.get(one.name, (bool,))):
                raise ValueError(f"{one.name} is {words[one.name]!r}")
            known[one.name] = words[one.name]
    return Heard(**{**known, "role": Role(known["role"]), "postgres": Postgres(known["postgres"])})


class Talk:
    """One side of the conversation.

    :param session: one higher than at this agent's last start.
    :param window: how old the datagram that is answered may be, in seconds.
    """

    def __init__(self, name: str, peer: str, secret: bytes, session: int, window: float) -> None:
        self._name, self._peer, self._secret, self._session, self._window = name, peer, secret, session, window
        self._number = 0
        self._sent: OrderedDict[int, float] = OrderedDict()
        self._newest = (0, 0)
        self._accepted = (0, 0)
        self._without_grant = 1

    def withdrawn(self) -> None:
        """Note that no message from now on grants anything."""
        self._without_grant = self._number + 1

    def say(self, state: Heard, now: float) -> bytes:
        """Return the next datagram."""
        self._number += 1
        self._sent[self._number] = now
        while self._sent and next(iter(self._sent.values())) < now - self._window:
            self._sent.popitem(last=False)
        words = {**state.__dict__, "role": state.role.value, "postgres": state.postgres.value}
        words |= {"from": self._name, "at": [self._session, self._number], "answers": list(self._newest)}
        return seal(words, self._secret)

    def hear(self, datagram: bytes, now: float) -> Heard | None:
        """Return what the other side says now; nothing for what is not from it, not signed, old, or said again."""
        words = unseal(datagram, self._secret)
        if words is None or words.get("from") != self._peer:
            return None
        session, number = words["at"]
        self._newest = max(self._newest, (session, number))
        answered_session, answered = words["answers"]
        sent = self._sent.get(answered)
        if answered_session != self._session or sent is None or now - sent > self._window:
            return None
        if (session, number) <= self._accepted:
            return None
        self._accepted = (session, number)
        known = answered >= self._without_grant
        return Heard(**{**_state(words).__dict__, "knows_withdrawn": known})
