# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control socket: who may look, who may change, and what a bad caller cannot do."""

from __future__ import annotations

import json
import os
import selectors
import socket
import stat
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent import client
from ansible_collections.pgha.cluster.plugins.module_utils.agent.control import (
    CALLERS,
    LONGEST,
    PATIENCE_SECONDS,
    Control,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError

LARGE = "x" * 3_000_000


def refuse(_request: dict[str, Any]) -> dict[str, Any]:
    raise PghaError("Not now.", next_step="wait")


@pytest.fixture
def control(tmp_path: Path) -> Iterator[Control]:
    """A control socket that a thread serves as the agent's loop does."""
    served = Control(
        tmp_path,
        {"status": lambda request: {"seen": request}, "large": lambda _request: {"text": LARGE}, "bad": refuse},
        {"pause": lambda _request: {"paused": True}},
    )
    ended = threading.Event()
    thread = threading.Thread(target=serve, args=(served, ended), daemon=True)
    thread.start()
    yield served
    ended.set()
    thread.join(5)
    served.close()


def serve(control: Control, ended: threading.Event) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(control.listener, selectors.EVENT_READ)
        while not ended.is_set():
            for key, _mask in selector.select(0.02):
                if key.fileobj is control.listener:
                    for fresh in control.accept(0):
                        selector.register(fresh, selectors.EVENT_READ)
                elif waits_for := control.serve(key.fileobj):  # type: ignore[arg-type]
                    selector.modify(key.fileobj, waits_for)
                else:
                    selector.unregister(key.fileobj)
                    control.drop(key.fileobj)  # type: ignore[arg-type]


def raw(control: Control, said: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as opened:
        opened.settimeout(5)
        opened.connect(str(control.path))
        opened.sendall(said)
        opened.shutdown(socket.SHUT_WR)
        found = b""
        while part := opened.recv(65536):
            found += part
        return found


def test_a_request_is_answered(control: Control) -> None:
    answer = client.ask(str(control.path.parent), "status", since=3)
    assert answer == {"seen": {"verb": "status", "since": 3}}


def test_only_owner_and_group_may_open_it(control: Control) -> None:
    assert stat.S_IMODE(control.path.stat().st_mode) == 0o660


def test_root_may_change_things(control: Control) -> None:
    assert client.ask(str(control.path.parent), "pause") == {"paused": True}


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is needed")
def test_another_user_may_look_and_change_nothing(control: Control) -> None:
    # As a member of the group could: the file lets him in, and the kernel says who he is.
    for place in (control.path, *control.path.parents):
        if place != Path("/"):
            place.chmod(stat.S_IMODE(place.stat().st_mode) | (0o777 if place == control.path else 0o711))
    code = (
        "import os, socket, sys; os.setresuid(65534, 65534, 65534); s = socket.socket(socket.AF_UNIX);"
        "s.connect(sys.argv[1]); s.sendall(sys.argv[2].encode() + b'\\n'); print(s.recv(9999).decode())"
    )

    def as_nobody(verb: str) -> dict[str, Any]:
        argv = [sys.executable, "-c", code, str(control.path), json.dumps({"verb": verb})]
        done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=20)
        return dict(json.loads(done.stdout))

    assert "seen" in as_nobody("status")
    denied = as_nobody("pause")
    assert denied["denied"] is True
    assert "Only root" in denied["refused"]


@pytest.mark.parametrize("said", [b"{}\n", b"nonsense\n", b"[]\n", b"\xff\n", b'{"verb": []}\n', b"[" * 50000 + b"\n"])
def test_what_is_no_request_gets_an_answer_that_says_so(control: Control, said: bytes) -> None:
    assert "refused" in json.loads(raw(control, said))


def test_an_unknown_verb_is_refused(control: Control) -> None:
    with pytest.raises(client.RefusedError, match="knows no 'dance'"):
        client.ask(str(control.path.parent), "dance")


def test_an_error_is_told_with_the_next_step(control: Control) -> None:
    with pytest.raises(client.RefusedError, match=r"Not now\.\nNext: wait"):
        client.ask(str(control.path.parent), "bad")


def test_an_answer_larger_than_any_buffer_arrives_whole(control: Control) -> None:
    assert client.ask(str(control.path.parent), "large") == {"text": LARGE}


def test_half_a_line_and_an_endless_one_get_nothing(control: Control) -> None:
    assert raw(control, b'{"verb": "status"}') == b""
    with pytest.raises(OSError, match=r"reset|Broken"):
        raw(control, b"x" * (20 * LONGEST))
    assert "seen" in client.ask(str(control.path.parent), "status")


def test_one_who_says_nothing_is_dropped_in_time_and_too_many_are_not_let_in(tmp_path: Path) -> None:
    lone = Control(tmp_path, {}, {})
    callers = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _number in range(CALLERS)]
    for caller in callers:
        caller.connect(str(lone.path))
    accepted = lone.accept(0)
    assert len(accepted) == CALLERS
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one_more:
        one_more.connect(str(lone.path))
        assert lone.accept(0) == []
        assert one_more.recv(1) == b""
    assert lone.late(PATIENCE_SECONDS) == []
    assert set(lone.late(PATIENCE_SECONDS + 1)) == set(accepted)
    for caller in callers:
        caller.close()
    lone.close()
    assert not lone.path.exists()


def test_what_a_killed_agent_left_behind_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as old:
        old.bind(str(tmp_path / "control"))
    fresh = Control(tmp_path, {}, {})
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.connect(str(fresh.path))
        assert struct.unpack("3i", fresh.accept(0)[0].getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    fresh.close()
