# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd is told."""

from __future__ import annotations

import socket
import uuid
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.supervisor import Supervisor


def listener(address: str) -> socket.socket:
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    opened.bind(address)
    opened.settimeout(2)
    return opened


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_hears_each_word(tmp_path: Path, abstract: bool) -> None:
    place = f"@pgha-{uuid.uuid4()}" if abstract else str(tmp_path / "notify")
    with listener("\0" + place[1:] if abstract else place) as opened:
        supervisor = Supervisor({"NOTIFY_SOCKET": place, "WATCHDOG_USEC": "3000000"})
        supervisor.ready()
        supervisor.status("one\nline")
        supervisor.status("one\nline")
        supervisor.alive()
        supervisor.stopping()
        said = [opened.recv(1000).decode() for _word in range(4)]
        assert said == ["READY=1", "STATUS=one line", "WATCHDOG=1", "STOPPING=1"]
        assert supervisor.watchdog == 3.0
        supervisor.close()


def test_nothing_happens_without_systemd(tmp_path: Path) -> None:
    supervisor = Supervisor({"WATCHDOG_USEC": "3000000"})
    supervisor.ready()
    assert supervisor.watchdog == 0
    # It is gone: no reason to fail.
    gone = Supervisor({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    gone.alive()
    gone.close()


def test_a_listener_that_does_not_read_holds_nobody_up(tmp_path: Path) -> None:
    place = str(tmp_path / "notify")
    with listener(place) as opened:
        supervisor = Supervisor({"NOTIFY_SOCKET": place})
        for _word in range(5000):
            supervisor.alive()
        assert opened.recv(100) == b"WATCHDOG=1"
        supervisor.close()
