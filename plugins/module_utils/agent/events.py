# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent tells: one line for each thing that happened, with what was seen, decided and why.

A line goes to the journal, the last ones are kept for ``pgha-agent why``, and the weighty ones go to the alert hooks. A
decision is told when it changes, not at each tick.

This module util is private to the collection.
"""

from __future__ import annotations

import enum
import json
import os
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Action, Decision, Observation, Proof

KEPT = 200
INFO, WARNING, ERROR = 6, 4, 3
PLAIN = re.compile(r"[\w.:/+%-]+\Z")
UNSEEN = ("timing", "boot")
WEIGHTY = {
    Action.STOP,
    Action.ADMIT,
    Action.WITHDRAW,
    Action.GO_ON_ALONE,
    Action.OFFER,
    Action.RESUME,
    Action.YIELD,
    Action.FENCE,
    Action.PROMOTE,
}
"""Decisions that an operator wants to be told of."""


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    :ivar number: counts up; a reader asks for those after the last one that it has.
    :ivar time: seconds since 1970, for people.
    :ivar at: seconds on the agent's own clock, which nobody sets; for differences.
    :ivar kind: a stable word.
    :ivar alert: an operator wants to be told.
    """

    number: int
    time: float
    at: float
    kind: str
    text: str
    alert: bool = False
    more: dict[str, Any] = field(default_factory=dict)

    def as_data(self) -> dict[str, Any]:
        """Return plain data."""
        head = {"number": self.number, "time": round(self.time, 3), "at": round(self.at, 4), "kind": self.kind}
        return head | {"text": self.text, "alert": self.alert} | self.more


def seen(value: Any) -> dict[str, Any]:
    """Return an observation as plain data, without what is as it is at rest."""
    found: dict[str, Any] = {}
    for part in fields(value):
        content = getattr(value, part.name)
        if part.name in UNSEEN or content == _at_rest(part):
            continue
        if is_dataclass(content):
            found[part.name] = seen(content)
        elif isinstance(content, float):
            found[part.name] = round(content, 3)
        else:
            found[part.name] = content.value if isinstance(content, enum.Enum) else content
    return found


def _at_rest(part: Field[Any]) -> Any:
    return MISSING if part.default_factory is not MISSING else part.default


def line_of(kind: str, text: str, more: dict[str, Any]) -> str:
    """Return an event as one line of ``name=value``; what is not plain is quoted as JSON."""
    parts = [kind]
    for name, value in _flat("", {**more, "text": text}):
        said = value if isinstance(value, str) else json.dumps(value)
        parts.append(f"{name}={said if PLAIN.match(said) else json.dumps(said, ensure_ascii=False)}")
    return " ".join(parts)


def _flat(prefix: str, data: dict[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in data.items():
        if value in (None, ""):
            continue
        if isinstance(value, dict):
            found += _flat(f"{prefix}{name}.", value)
        else:
            found.append((prefix + name, value))
    return found


class Printer:
    """Writes lines for the journal. One that cannot be written at once is dropped: the loop waits for no journal."""

    def __init__(self, descriptor: int = 1) -> None:
        self._descriptor = descriptor
        self._dropped = 0
        # A terminal or a file of an operator keeps its mode; what systemd has given is the agent's own.
        if "JOURNAL_STREAM" in os.environ:
            os.set_blocking(descriptor, False)

    def __call__(self, level: int, line: str) -> None:
        """Write one line; the journal reads its level from its head."""
        text = f"<{level}>{line}\n"
        if self._dropped:
            text = f"<{WARNING}>dropped lines={self._dropped}\n{text}"
        try:
            os.write(self._descriptor, text.encode("utf-8", "replace"))
            self._dropped = 0
        except OSError:
            self._dropped += 1


class Journal:
    """Tells what happens, and remembers the last of it.

    :param say: writes a line for the journal.
    :param alert: takes an event for the hooks, at once.
    """

    def __init__(
        self,
        say: Callable[[int, str], None],
        alert: Callable[[dict[str, Any]], None],
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._say, self._alert, self._clock, self._wall = say, alert, clock, wall
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._last: tuple[Action, str, Proof | None] | None = None
        self.number = 0
        self.decided_at = clock()

    def tell(self, kind: str, text: str, *, level: int = INFO, alert: bool = False, **more: Any) -> None:
        """Tell that something happened."""
        self.number += 1
        event = Event(self.number, self._wall(), self._clock(), kind, text, alert, more)
        self._kept.append(event)
        self._say(level, line_of(kind, text, more))
        if alert:
            self._alert(event.as_data())

    def decided(self, decision: Decision, observation: Observation | None) -> None:
        """Tell a decision when it is another one than the last."""
        now = (decision.action, decision.reason, decision.proof)
        if now == self._last:
            return
        self._last, self.decided_at = now, self._clock()
        weighty = decision.action in WEIGHTY or (observation is not None and _alone(observation))
        self.tell(
            "decided",
            decision.text,
            level=WARNING if weighty else INFO,
            alert=weighty,
            action=decision.action.value,
            reason=decision.reason,
            proof=decision.proof.value if decision.proof else None,
            seen=seen(observation) if observation else {},
        )

    def since(self, number: int = 0) -> list[dict[str, Any]]:
        """Return the events after that one, as far as they are kept."""
        return [event.as_data() for event in self._kept if event.number > number]


def _alone(observation: Observation) -> bool:
    """Return whether the other server has been lost, so that each new refusal to act is worth a word."""
    return observation.silent_for > observation.timing.silent
