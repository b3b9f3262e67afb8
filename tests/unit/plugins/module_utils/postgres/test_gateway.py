# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every question to PostgreSQL ends, in whichever thread it was asked."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import psycopg2.extensions
import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.gateway import Session, _limited, _limits


@contextlib.contextmanager
def silent_server() -> Iterator[int]:
    """Take connections and say nothing."""
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        opened.listen(5)
        yield opened.getsockname()[1]


def test_a_server_that_says_nothing_is_given_up() -> None:
    with silent_server() as port:
        began = time.monotonic()
        with pytest.raises(PghaError, match="does not answer"):
            Session(host="127.0.0.1", port=port, user="nobody", patience=0.2)
        assert 0.2 <= time.monotonic() - began < 2


def test_the_end_of_one_thread_s_question_takes_nobody_else_s_limit_away() -> None:
    with silent_server() as port, _limited(60):
        before = _limits.deadline

        def ask() -> None:
            with contextlib.suppress(PghaError):
                Session(host="127.0.0.1", port=port, user="nobody", patience=0.05)

        other = threading.Thread(target=ask)
        other.start()
        other.join(10)
        assert psycopg2.extensions.get_wait_callback() is not None
        assert _limits.deadline == before


def test_a_question_within_another_gives_its_limit_back() -> None:
    with _limited(60):
        before = _limits.deadline
        with _limited(1):
            assert _limits.deadline != before
        assert _limits.deadline == before
    assert _limits.deadline is None
