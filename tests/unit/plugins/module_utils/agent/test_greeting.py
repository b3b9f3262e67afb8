# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL's first words, and what only sounds like them."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.greeting import (
    SSL_REQUEST,
    Answer,
    Greeting,
    code_of,
    first_message,
    greet,
    greeting_of,
    knock,
    startup,
)

STARTING = b"E\0\0\0\x3eSFATAL\0VFATAL\0C57P03\0Mle syst\xc3\xa8me d\xc3\xa9marre\0\0"
SECONDS = 0.2


def test_the_packet_that_begins_a_session() -> None:
    packet = startup("pgha_agent", "postgres")
    assert packet[:8] == len(packet).to_bytes(4, "big") + b"\0\3\0\0"
    assert packet[8:] == b"user\0pgha_agent\0database\0postgres\0\0"


@pytest.mark.parametrize(
    ("message", "greeting"),
    [
        (b"R\0\0\0\x08\0\0\0\0", Greeting.READY),
        (STARTING, Greeting.STARTING),
        (STARTING.replace(b"57P03", b"53300"), Greeting.STARTING),
        (STARTING.replace(b"57P03", b"28000"), Greeting.REFUSED),
        (b"", Greeting.SILENT),
        (b"HTTP/1.1 400", Greeting.SILENT),
    ],
)
def test_the_first_message(message: bytes, greeting: Greeting) -> None:
    assert greeting_of(message) is greeting


def test_an_error_s_code_is_read_in_any_language() -> None:
    assert code_of(STARTING) == "57P03"
    assert code_of(b"R\0\0\0\x08") == ""


@contextlib.contextmanager
def listening(opened: socket.socket, answer: Callable[[socket.socket], None]) -> Iterator[None]:
    """Take connections until the end of the test, and answer each."""
    opened.listen(5)

    def take() -> None:
        with contextlib.suppress(OSError):
            while True:
                taken = opened.accept()[0]
                answer(taken)
                taken.close()

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    try:
        yield
    finally:
        opened.shutdown(socket.SHUT_RDWR)
        opened.close()
        thread.join(5)


def say(word: bytes) -> Callable[[socket.socket], None]:
    def answer(taken: socket.socket) -> None:
        if taken.recv(100) == SSL_REQUEST and word:
            taken.sendall(word)

    return answer


def wait_for_the_end(taken: socket.socket) -> None:
    while taken.recv(100):
        pass


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (say(b"S"), Answer.POSTGRES),
        (say(b"N"), Answer.POSTGRES),
        (say(b"H"), Answer.TAKEN),
        # A relay with nobody behind it.
        (say(b""), Answer.CLOSED),
        (lambda taken: None, Answer.CLOSED),
        # One that hangs.
        (wait_for_the_end, Answer.TAKEN),
    ],
)
def test_only_postgresql_s_own_word_is_an_answer(answer: Callable[[socket.socket], None], found: Answer) -> None:
    opened = socket.socket()
    opened.bind(("127.0.0.1", 0))
    with listening(opened, answer):
        assert knock("127.0.0.1", opened.getsockname()[1], SECONDS) is found


def test_a_port_on_which_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert knock("127.0.0.1", taken.getsockname()[1], SECONDS) is Answer.REFUSED


def test_an_address_that_does_not_exist() -> None:
    assert knock("256.0.0.1", 5432, SECONDS) is Answer.NONE


def test_a_server_that_starts_says_so(tmp_path: Path) -> None:
    place = str(tmp_path / "socket")
    opened = socket.socket(socket.AF_UNIX)
    opened.bind(place)

    def answer(taken: socket.socket) -> None:
        taken.recv(100)
        # In two parts, as a network may deliver it.
        taken.sendall(message[:7])
        taken.sendall(message[7:])

    message = STARTING[:1] + (len(STARTING) - 1).to_bytes(4, "big") + STARTING[5:]
    with listening(opened, answer):
        assert greet(place, "pgha_agent", "postgres", SECONDS) is Greeting.STARTING
        assert first_message(place, "pgha_agent", "postgres", SECONDS) == message


def test_a_server_that_hangs_and_one_that_is_not_there(tmp_path: Path) -> None:
    place = str(tmp_path / "socket")
    opened = socket.socket(socket.AF_UNIX)
    opened.bind(place)
    with listening(opened, wait_for_the_end):
        assert greet(place, "pgha_agent", "postgres", SECONDS) is Greeting.SILENT
    assert greet(place, "pgha_agent", "postgres", SECONDS) is Greeting.ABSENT
    assert greet(str(tmp_path / "none"), "pgha_agent", "postgres", SECONDS) is Greeting.ABSENT
