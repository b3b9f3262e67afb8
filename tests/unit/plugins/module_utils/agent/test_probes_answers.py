# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent makes of single answers: of pings, of the vote host, of VRRP."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.greeting import Answer
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Arbiter
from ansible_collections.pgha.cluster.plugins.module_utils.agent.probes import (
    answered,
    arbiter_of_relay,
    arbiter_of_vrrp,
    ping,
    reach_of,
    runs,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed

from tests.support.fake_server import FakeRunner

NO_REPLY, NO_NETWORK = Completed(1, "", ""), Completed(2, "", "Network is unreachable")


@pytest.mark.parametrize(
    ("pings", "reach"),
    [((), None), ((True,), True), ((False, True), True), ((False, None), False), ((None,), False)],
)
def test_whether_clients_are_reached(pings: tuple[bool | None, ...], reach: bool | None) -> None:
    assert reach_of(pings) is reach


@pytest.mark.parametrize(
    ("pings", "there"),
    [((True, False), True), ((False, False), False), ((False, None), False), ((None, None), None), ((), None)],
)
def test_a_question_that_could_not_be_sent_proves_no_silence(
    pings: tuple[bool | None, ...], there: bool | None
) -> None:
    assert answered(pings) is there


@pytest.mark.parametrize(
    ("answer", "arbiter"),
    [
        (Answer.POSTGRES, Arbiter.ALIVE),
        (Answer.CLOSED, Arbiter.GONE),
        # A vote host that hangs is none that says no (S3).
        (Answer.TAKEN, Arbiter.SILENT),
        (Answer.REFUSED, Arbiter.SILENT),
        (Answer.NONE, Arbiter.SILENT),
    ],
)
def test_the_vote_host_s_word(answer: Answer, arbiter: Arbiter) -> None:
    assert arbiter_of_relay(answer) is arbiter


@pytest.mark.parametrize(
    ("state", "keepalived", "reach", "arbiter"),
    [
        ("BACKUP", True, True, Arbiter.ALIVE),
        ("BACKUP", True, False, Arbiter.ALIVE),
        ("MASTER", True, True, Arbiter.GONE),
        ("MASTER", True, False, Arbiter.SILENT),
        ("MASTER", True, None, Arbiter.SILENT),
        ("MASTER", False, True, Arbiter.SILENT),
        ("BACKUP", False, True, Arbiter.SILENT),
        ("FAULT", True, True, Arbiter.SILENT),
        ("STOP", True, True, Arbiter.SILENT),
        ("", True, True, Arbiter.SILENT),
    ],
)
def test_vrrp_s_word(state: str, keepalived: bool, reach: bool | None, arbiter: Arbiter) -> None:
    assert arbiter_of_vrrp(state, keepalived, reach) is arbiter


@pytest.mark.parametrize(
    ("done", "found"),
    [(Completed(0, "", ""), True), (NO_REPLY, False), (NO_NETWORK, None), (PghaError("no answer"), None)],
)
def test_a_ping(done: Completed | PghaError, found: bool | None) -> None:
    assert ping("10.0.0.1", FakeRunner({"10.0.0.1": done})) is found


def test_whether_keepalived_runs(tmp_path: Path) -> None:
    pid_file, place = tmp_path / "keepalived.pid", tmp_path / "77"
    place.mkdir()
    assert not runs(pid_file, "keepalived", tmp_path)
    pid_file.write_text("77\n")
    assert not runs(pid_file, "keepalived", tmp_path)
    (place / "comm").write_text("keepalived\n")
    assert runs(pid_file, "keepalived", tmp_path)
    (place / "comm").write_text("bash\n")
    assert not runs(pid_file, "keepalived", tmp_path)
