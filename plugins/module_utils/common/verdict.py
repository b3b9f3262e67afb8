# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Verdicts: safe, unsafe or unknown, each with its reasons as values. Unknown blocks like unsafe.

This module util is private to the collection.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


class Value(enum.Enum):
    """The three answers a check may give."""

    SAFE = "safe"
    UNSAFE = "unsafe"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Reason:
    """Why a verdict is what it is.

    :ivar code: a stable name for programs, such as ``device_missing``.
    :ivar message: one sentence for a person.
    :ivar value: the verdict that this reason alone would give.
    """

    code: str
    message: str
    value: Value


@dataclass(frozen=True)
class Verdict:
    """The worst of its reasons: one unsafe makes it unsafe, else one unknown makes it unknown."""

    reasons: tuple[Reason, ...]

    @property
    def value(self) -> Value:
        """Without any reason the verdict is unknown: nobody has looked."""
        values = {reason.value for reason in self.reasons}
        for worst in (Value.UNSAFE, Value.UNKNOWN, Value.SAFE):
            if worst in values:
                return worst
        return Value.UNKNOWN

    @property
    def blocks(self) -> bool:
        """True unless safe."""
        return self.value is not Value.SAFE

    def as_result(self) -> dict[str, Any]:
        """Return plain data for a module's result."""
        return {
            "verdict": self.value.value,
            "reasons": [
                {"code": reason.code, "message": reason.message, "verdict": reason.value.value}
                for reason in self.reasons
            ],
        }


def safe(code: str, message: str) -> Reason:
    """A reason that speaks for it."""
    return Reason(code, message, Value.SAFE)


def unsafe(code: str, message: str) -> Reason:
    """A reason that forbids it."""
    return Reason(code, message, Value.UNSAFE)


def unknown(code: str, message: str) -> Reason:
    """A reason why nobody can tell; blocks."""
    return Reason(code, message, Value.UNKNOWN)


def judge(reasons: Iterable[Reason]) -> Verdict:
    """Make a verdict of reasons."""
    return Verdict(tuple(reasons))
