# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for a condition, with a deadline and never for time alone.

This module util is private to the collection.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError

POLL_SECONDS = 0.004
"""Between two looks while clients wait."""


def look_until(
    condition: Callable[[], bool],
    deadline: float,
    otherwise: Callable[[], PghaError],
    seconds: float,
    *,
    clock: Callable[[], float],
    pause: Callable[[float], None],
) -> None:
    """Look again and again until the condition holds; raise what the caller knows best when the deadline has passed.

    :param seconds: the pause between two looks.
    :param clock: what the deadline is measured on.
    """
    while not condition():
        if clock() >= deadline:
            raise otherwise()
        pause(seconds)


def wait_until(condition: Callable[[], bool], deadline: float, what: str, seconds: float = POLL_SECONDS) -> None:
    """Look again and again until the condition holds; a deadline on the monotonic clock ends it.

    :param what: what is waited for, for the error.
    """

    def late() -> PghaError:
        return PghaError(f"Gave up waiting until {what}.")

    look_until(condition, deadline, late, seconds, clock=time.monotonic, pause=time.sleep)
