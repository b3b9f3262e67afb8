# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking the agent: nobody there, a broken answer."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent import client


def test_nobody_is_there(tmp_path: Path) -> None:
    with pytest.raises(client.SilentError, match="does not answer"):
        client.ask(str(tmp_path), "status")


def answered(directory: Path, answer: bytes) -> None:
    """Play an agent that answers one request like this."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(directory / "control"))
    listener.listen(1)

    def serve() -> None:
        with listener, listener.accept()[0] as opened:
            opened.recv(65536)
            opened.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()


@pytest.mark.parametrize("answer", [b"", b'{"half": '])
def test_an_answer_that_breaks_off_is_none(tmp_path: Path, answer: bytes) -> None:
    answered(tmp_path, answer)
    with pytest.raises(client.SilentError, match="broken its answer off"):
        client.ask(str(tmp_path), "status")


@pytest.mark.parametrize(
    ("answer", "error"),
    [(b'{"refused": "no"}\n', client.RefusedError), (b'{"refused": "no", "denied": true}\n', client.DeniedError)],
)
def test_a_refusal_is_raised(tmp_path: Path, answer: bytes, error: type[Exception]) -> None:
    answered(tmp_path, answer)
    with pytest.raises(error, match="no"):
        client.ask(str(tmp_path), "pause")


def test_an_agent_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "SECONDS", 0.1)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(tmp_path / "control"))
        listener.listen(1)
        with pytest.raises(client.SilentError, match="timed out"):
            client.ask(str(tmp_path), "status")
