# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keepalived writes into its pipe, in its order and nothing of it lost."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.notices import FIFO, UNKNOWN, Notices
from hypothesis import given
from hypothesis import strategies as st

STATES = st.sampled_from(["MASTER", "BACKUP", "FAULT", "STOP"])


@pytest.fixture
def keepalived(tmp_path: Path) -> Iterator[int]:
    """keepalived's end, opened as keepalived opens it."""
    os.mkfifo(tmp_path / FIFO)
    pipe = os.open(tmp_path / FIFO, os.O_RDWR | os.O_NONBLOCK)
    yield pipe
    os.close(pipe)


def line(instance: str, state: str) -> bytes:
    return f'INSTANCE "{instance}" {state} 100\n'.encode()


def test_every_change_is_told_in_its_order_and_once(tmp_path: Path, keepalived: int) -> None:
    with contextlib.closing(Notices(tmp_path)) as notices:
        assert notices.read() == []
        for state in ("BACKUP", "MASTER"):
            os.write(keepalived, line("watch", state))
        os.write(keepalived, line("write", "FAULT"))
        assert notices.read() == [("watch", "BACKUP"), ("watch", "MASTER"), ("write", "FAULT")]
        assert notices.read() == []


def test_the_next_start_knows_what_was_said_last_and_hears_what_was_said_meanwhile(
    tmp_path: Path, keepalived: int
) -> None:
    with contextlib.closing(Notices(tmp_path)) as notices:
        assert notices.last() == []
        os.write(keepalived, line("watch", "MASTER") + line("watch", "BACKUP"))
        notices.keep(notices.read())
    os.write(keepalived, line("watch", "MASTER"))
    with contextlib.closing(Notices(tmp_path)) as again:
        assert again.last() == [("watch", "BACKUP")]
        assert again.read() == [("watch", "MASTER")]


def test_what_keepalived_has_said_before_it_ended_is_still_there(tmp_path: Path) -> None:
    with contextlib.closing(Notices(tmp_path)) as notices:
        pipe = os.open(tmp_path / FIFO, os.O_RDWR | os.O_NONBLOCK)
        os.write(pipe, line("watch", "STOP"))
        os.close(pipe)
        assert notices.read() == [("watch", "STOP")]


def test_of_a_pipe_that_was_full_nobody_knows_the_last_word(tmp_path: Path, keepalived: int) -> None:
    with contextlib.closing(Notices(tmp_path)) as notices:
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(keepalived, line("watch", "MASTER"))
        found = notices.read()
        assert found == [("watch", UNKNOWN)]
        notices.keep(found)
        assert notices.last() == [("watch", UNKNOWN)]
        # It says the next one all the same.
        os.write(keepalived, line("watch", "BACKUP"))
        assert notices.read() == [("watch", "BACKUP")]


def test_what_is_no_word_of_an_instance_is_left_out_and_leaves_no_file(tmp_path: Path, keepalived: int) -> None:
    with contextlib.closing(Notices(tmp_path)) as notices:
        os.write(keepalived, b'GROUP "all" MASTER 100\nINSTANCE "../x" MASTER 100\nINSTANCE "a b" MASTER 1\nnonsense\n')
        notices.keep(notices.read())
        assert notices.last() == []
        assert [path.name for path in tmp_path.iterdir()] == [FIFO]


def test_nobody_else_may_write_into_it(tmp_path: Path) -> None:
    with contextlib.closing(Notices(tmp_path)):
        assert (tmp_path / FIFO).stat().st_mode & 0o777 == 0o600


@given(st.lists(st.tuples(st.sampled_from(["watch", "read"]), STATES), max_size=20), st.integers(1, 5))
def test_the_last_state_is_the_one_that_was_written_last(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, str]], at_once: int
) -> None:
    place = tmp_path_factory.mktemp("run")
    with contextlib.closing(Notices(place)) as notices:
        told: list[tuple[str, str]] = []
        for number, change in enumerate(changes, 1):
            os.write(notices.pipe, line(*change))
            if number % at_once == 0:
                told += notices.read()
        told += notices.read()
        notices.keep(told)
        assert told == changes
        assert dict(notices.last()) == dict(changes)
