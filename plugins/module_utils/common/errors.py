# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one error type of the collection: what was run, what it said, what was expected, what to do next.

This module util is private to the collection.
"""

from __future__ import annotations

from typing import Any


class PghaError(Exception):
    """A refusal or a failure that a person has to act on.

    :param message: one sentence that says what is wrong.
    :param ran: the command as an argv list, without secrets.
    :param said: what the command printed (standard error first).
    :param expected: what was expected instead.
    :param next_step: what the operator does next.
    """

    def __init__(
        self,
        message: str,
        *,
        ran: list[str] | None = None,
        said: str | None = None,
        expected: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.ran = ran
        self.said = said
        self.expected = expected
        self.next_step = next_step

    def as_result(self) -> dict[str, Any]:
        """Return the arguments for ``fail_json``; ``msg`` holds everything a person needs, in one text."""
        parts = [self.message]
        if self.ran:
            parts.append("Ran: " + " ".join(self.ran))
        if self.said:
            parts.append("It said: " + self.said.strip())
        if self.expected:
            parts.append("Expected: " + self.expected)
        if self.next_step:
            parts.append("Next: " + self.next_step)
        return {
            "msg": "\n".join(parts),
            "error": {
                "message": self.message,
                "ran": self.ran,
                "said": self.said,
                "expected": self.expected,
                "next_step": self.next_step,
            },
        }


class ParseError(PghaError):
    """A text that a tool printed, or an operator wrote, could not be read; names the place.

    :param where: the place in the text, such as ``line 3`` or ``/crm_mon/nodes/node[1]``.
    """

    def __init__(self, message: str, *, where: str, said: str | None = None) -> None:
        super().__init__(f"{message} (at {where})", said=said)
        self.where = where
