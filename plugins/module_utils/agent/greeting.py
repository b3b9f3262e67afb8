# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL's first words on a connection: enough to tell who is there, and nothing that a relay could say by itself.

A relay takes a connection before it knows whether anybody is behind it. PostgreSQL answers a request for TLS with one
byte, and a startup packet with a message; only that counts as an answer.

This module util is private to the collection.
"""

from __future__ import annotations

import enum
import socket
import struct

SSL_REQUEST = struct.pack("!II", 8, 80877103)
STARTING_CODE, FULL_CODE = "57P03", "53300"
NO_DATABASE_CODE = "3D000"


class Answer(enum.Enum):
    """What came of a connection to a port."""

    POSTGRES = "postgres"
    """PostgreSQL itself has answered."""
    CLOSED = "closed"
    """Somebody took the connection and ended it without PostgreSQL's answer."""
    TAKEN = "taken"
    """The connection is there, and nothing came of it: a machine that hangs takes connections, too."""
    REFUSED = "refused"
    """The machine is there, and nobody listens."""
    NONE = "none"
    """No sign of life."""


class Greeting(enum.Enum):
    """What a server says to a client that wants to begin a session."""

    READY = "ready"
    STARTING = "starting"
    """It runs, and takes no connection yet or no further one."""
    ABSENT = "absent"
    """Nobody listens."""
    REFUSED = "refused"
    """It answers, and does not let this client in."""
    SILENT = "silent"


def startup(user: str, database: str) -> bytes:
    """Return the packet that begins a session (protocol 3.0)."""
    words = b"".join(word.encode() + b"\0" for word in ("user", user, "database", database)) + b"\0"
    return struct.pack("!II", len(words) + 8, 196608) + words


def code_of(message: bytes) -> str:
    """Return the SQLSTATE of an error message, which no language changes; nothing when it is no such message."""
    if message[:1] != b"E":
        return ""
    fields = (field.decode("ascii", "replace") for field in message[5:].split(b"\0") if field)
    return next((field[1:] for field in fields if field[0] == "C"), "")


def greeting_of(message: bytes) -> Greeting:
    """Judge the first message of a server."""
    if message[:1] == b"E":
        return Greeting.STARTING if code_of(message) in (STARTING_CODE, FULL_CODE) else Greeting.REFUSED
    return Greeting.READY if message[:1] == b"R" else Greeting.SILENT


def _message(opened: socket.socket) -> bytes:
    """Read one message: a letter, its length, its fields."""
    found = b""
    while len(found) < 5 or len(found) < 1 + struct.unpack("!I", found[1:5])[0]:
        part = opened.recv(4096)
        if not part:
            break
        found += part
    return found


def first_message(place: str, user: str, database: str, seconds: float) -> bytes | None:
    """Ask a server on a socket of the file system for a session; None when nobody listens, empty when it is silent."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as opened:
        opened.settimeout(seconds)
        try:
            opened.connect(place)
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        except OSError:
            # A queue of connections that nobody takes.
            return b""
        try:
            opened.sendall(startup(user, database))
            return _message(opened)
        except OSError:
            return b""


def greet(place: str, user: str, database: str, seconds: float) -> Greeting:
    """Tell what a server on a socket of the file system says to this client."""
    message = first_message(place, user, database, seconds)
    return Greeting.ABSENT if message is None else greeting_of(message)


def knock(host: str, port: int, seconds: float) -> Answer:
    """Tell whether PostgreSQL answers at an address; each of the two halves may take that long."""
    try:
        opened = socket.create_connection((host, port), timeout=seconds)
    except ConnectionRefusedError:
        return Answer.REFUSED
    except OSError:
        return Answer.NONE
    with opened:
        try:
            opened.settimeout(seconds)
            opened.sendall(SSL_REQUEST)
            said = opened.recv(1)
        except (ConnectionResetError, BrokenPipeError):
            return Answer.CLOSED
        except OSError:
            return Answer.TAKEN
    # S and N are its answers; E is that of a server that is out of something.
    if said in (b"S", b"N", b"E"):
        return Answer.POSTGRES
    return Answer.TAKEN if said else Answer.CLOSED
