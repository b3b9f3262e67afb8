# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the agent reaches PostgreSQL, and that its eyes and hands belong together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent import sessions as subject
from ansible_collections.pgha.cluster.plugins.module_utils.agent.eyes import ServerEyes, body
from ansible_collections.pgha.cluster.plugins.module_utils.agent.look import InForce, Waiting, names_of
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Arbiter, Postgres
from ansible_collections.pgha.cluster.plugins.module_utils.agent.probes import Probes
from ansible_collections.pgha.cluster.plugins.module_utils.agent.processes import Postmaster
from ansible_collections.pgha.cluster.plugins.module_utils.agent.sessions import (
    code_of,
    connector,
    pid_file_of,
    socket_of,
)
from ansible_collections.pgha.cluster.plugins.module_utils.agent.watch import Watch
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed

from tests.support.fake_server import FakeProcesses, FakeRunner, FakeSession, Terms, observed, refusal, silence

STOPPED = json.dumps({"running": False, "state": "shut down", "clean": True, "timeline": 1, "checkpoint": 900})


def test_where_postgresql_is() -> None:
    assert socket_of(Terms()) == "/var/run/postgresql/.s.PGSQL.5432"
    assert pid_file_of(Terms()) == Path("/var/run/postgresql/15-main.pid")


def test_a_session_is_the_agent_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}
    monkeypatch.setattr(subject, "Session", lambda **parameters: asked.update(parameters))
    connector(Terms())("pgha", "-c synchronous_commit=local")
    assert asked["host"] == "/var/run/postgresql"
    assert (asked["user"], asked["dbname"]) == ("pgha_agent", "pgha")
    assert asked["options"] == "-c synchronous_commit=local"


def test_what_the_server_said_has_a_code_and_silence_has_none() -> None:
    assert code_of(refusal("57P03")) == "57P03"
    assert code_of(refusal(None)) == ""
    assert code_of(silence()) == ""
    assert code_of(PghaError("anything")) == ""


class Played:
    """Eyes on a server that has stopped."""

    def __init__(self) -> None:
        self.now, self.woken = 100.0, 0
        runner = FakeRunner({"control": Completed(0, STOPPED, "")})
        self.eyes = ServerEyes(
            lambda wake: Watch(
                Terms(),
                ("n1", "n2"),
                FakeProcesses(None),  # type: ignore[arg-type]
                Waiting(),
                runner=runner,
                connect=lambda: FakeSession(lambda *_words: []),
                wake=wake,
                clock=lambda: self.now,
            ),
            lambda wake, silent_for: Probes(
                Terms(stack="keepalived"),
                runner=runner,
                silent_for=silent_for,
                wake=wake,
                clock=lambda: self.now,
                keepalived=lambda: True,
            ),
            clock=lambda: self.now,
        )

    def wake(self) -> None:
        self.woken += 1


def test_a_view_holds_what_was_seen_and_heard() -> None:
    played = Played()
    played.eyes.watch.turn()
    played.eyes.notice("watch", "BACKUP")
    view = played.eyes.look(None)
    assert (view.postgres, view.clean, view.received) == (Postgres.STOPPED, True, 900)
    # Whether the clients' network is reached is asked in a thread, which may or may not have its answer by now.
    assert (view.arbiter, view.answers) == (Arbiter.ALIVE, True)
    assert played.eyes.facts() == {"behind_bytes": None, "complaint": "", "vrrp": "BACKUP"}


def test_the_silence_goes_on_between_two_decisions() -> None:
    played = Played()
    played.now += 7
    assert played.eyes.silent_for() == 7
    played.eyes.look(observed(silent_for=0.5))
    played.now += 2
    assert played.eyes.silent_for() == 2.5


def test_the_loop_is_woken_once_it_looks() -> None:
    played = Played()
    played.eyes.watch.turn()
    assert played.woken == 0
    played.eyes.start(played.wake)
    played.eyes.notice("watch", "MASTER")
    played.eyes.close()
    played.eyes.watch._thread.join(10)
    assert played.woken >= 1


def test_hands_and_eyes_share_what_is_proven(tmp_path: Path) -> None:
    eyes, hands, announcer = body(Terms(run_directory=str(tmp_path)), runner=FakeRunner())
    hands._server.waiting.proven(InForce(Postmaster(1, 1), names_of("n2"), 5))
    assert eyes.watch._waiting.proof is not None
    announcer.settle(observed())
    announcer.stop()
    assert (tmp_path / "write").read_text() == "0\n"
    eyes.close()
