# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two agents that run: they hear each other, bear garbage, answer, hand over, and their end moves nothing."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent import service
from ansible_collections.pgha.cluster.plugins.module_utils.agent.client import RefusedError
from ansible_collections.pgha.cluster.plugins.module_utils.agent.daemon import build
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Action, Fenced, Postgres
from ansible_collections.pgha.cluster.plugins.module_utils.agent.notices import FIFO
from ansible_collections.pgha.cluster.plugins.module_utils.agent.operation import Follower
from ansible_collections.pgha.cluster.plugins.module_utils.agent.service import Service
from ansible_collections.pgha.cluster.tests.support.agents import (
    RunningAgent,
    agents,
    pair_settings,
    played_pair,
    start_agent,
    wait_until,
)


def is_so(agent: RunningAgent, **wanted: Any) -> bool:
    try:
        status = agent.status()
    except RefusedError:
        return False
    return all(status[name] == value for name, value in wanted.items())


def hears(agent: RunningAgent) -> bool:
    try:
        return bool(agent.status()["peer_state"]["fresh"])
    except RefusedError:
        return False


def must_become(agent: RunningAgent, **wanted: Any) -> None:
    wait_until(lambda: is_so(agent, **wanted), f"{agent.server.name}: {wanted}")


def must_found_a_cluster(one: RunningAgent, two: RunningAgent) -> None:
    wait_until(lambda: hears(one) and hears(two), "both hear each other")
    one.ask("init")
    must_become(one, role="primary", write=True)
    wait_until(lambda: (two.status()["peer_state"]["heard"] or {})["role"] == "primary", "n2 knows the primary")
    two.ask("join")
    must_become(one, redundant=True)
    must_become(two, redundant=True, role="standby", eligible=True)


def test_two_agents_found_a_cluster_and_hand_it_over(tmp_path: Path) -> None:
    with agents(tmp_path) as (one, two):
        must_found_a_cluster(one, two)
        said: list[str] = []
        follower = Follower(one.ask, said.append)
        assert follower.follow("switchover", 10) == 0
        assert follower.result["primary"] == "n2"
        assert follower.result["milliseconds"] < 5000
        assert follower.result["phases"][0]["kind"] == "asked"
        assert any("offer" in line for line in said)
        must_become(two, role="primary", reign=2, write=True, redundant=True)
        must_become(one, role="standby", reign=2, postgres="standby", wanted="")
        assert Action.OFFER in one.server.done
        assert Action.FENCE not in one.server.done + two.server.done


def test_a_signed_word_of_a_stranger_and_garbage_are_not_heard(tmp_path: Path) -> None:
    with agents(tmp_path) as (one, two):
        must_found_a_cluster(one, two)
        must_survive_garbage(two)
        assert hears(two)
        two.stop()
        wait_until(lambda: not hears(one), "n1 notices the silence")
        silent = one.status()["peer_state"]["silent_for"]
        must_survive_garbage(one)
        assert one.status()["peer_state"]["silent_for"] >= silent


def must_survive_garbage(agent: RunningAgent) -> None:
    """From the peer's own address, so that nothing but the signature is in the way."""
    source = "127.0.0.32" if agent.server.name == "n1" else "127.0.0.31"
    before = agent.status()["reign"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind((source, 0))
        for garbage in (b"", b"\0" * 4000, b"{}", b"0" * 64 + b'{"reign": 99}', b"\xff" * 65, b"0" * 64 + b"[" * 1900):
            opened.sendto(garbage, agent.listen)
    assert agent.status()["reign"] == before
    assert agent.thread.is_alive()


def test_other_secrets_do_not_understand_each_other(tmp_path: Path) -> None:
    datas = pair_settings(tmp_path)
    datas[1]["secret"] = "another secret of more than 32 characters"
    running = [start_agent(data, server) for data, server in zip(datas, played_pair(), strict=True)]
    try:
        wait_until(lambda: all((Path(agent.run_directory) / "control").exists() for agent in running), "they listen")
        wait_until(lambda: is_so(running[0], role="out"), "it has looked")
        wait_until(lambda: running[0].status()["peer_state"]["silent_for"] > 1.0, "a second has passed")
        assert running[0].status()["peer_state"]["heard"] is None
    finally:
        for agent in running:
            agent.stop()


def test_a_restart_moves_nothing_and_goes_on_from_there(tmp_path: Path) -> None:
    with agents(tmp_path) as running:
        one, two = running
        must_found_a_cluster(one, two)
        done = list(one.server.done)
        one.stop()
        assert one.server.postgres is Postgres.PRIMARY
        data = pair_settings(tmp_path)[0]
        data["listen"], data["peers"] = [list(one.listen)], [list(two.listen)]
        running[0] = again = start_agent(data, one.server)
        must_become(again, role="primary", reign=1, write=True, redundant=True)
        assert one.server.postgres is Postgres.PRIMARY
        assert set(one.server.done[len(done) :]) <= {Action.WAIT_FOR_PEER}
        sessions = [re.search(r"session=(\d+)", line) for agent in (one, again) for line in agent.lines]
        before, after = (int(found.group(1)) for found in sessions if found)
        assert before < after


def test_a_pause_keeps_hands_still_and_outlives_a_restart(tmp_path: Path) -> None:
    with agents(tmp_path) as running:
        one, two = running
        must_found_a_cluster(one, two)
        two.ask("pause")
        must_become(two, paused=True)
        two.server.postgres = Postgres.STOPPED
        two.stop()
        data = pair_settings(tmp_path)[1]
        data["listen"], data["peers"] = [list(two.listen)], [list(one.listen)]
        running[1] = again = start_agent(data, two.server)
        must_become(again, paused=True, postgres="stopped")
        assert again.status()["decision"]["reason"] == "paused"
        again.ask("resume")
        must_become(again, paused=False, postgres="standby")


def test_a_lost_standby_is_fenced_beside_the_loop(tmp_path: Path) -> None:
    with agents(tmp_path) as (one, two):
        must_found_a_cluster(one, two)
        one.server.fenced = Fenced.OFF
        two.stop()
        two.server.postgres = Postgres.STOPPED
        wait_until(lambda: Action.GO_ON_ALONE in one.server.done, "n1 goes on alone")
        assert one.server.done.index(Action.FENCE) < one.server.done.index(Action.GO_ON_ALONE)
        kinds = [event["kind"] for event in one.ask("events")["events"]]
        assert "begun" in kinds
        assert "done" in kinds


def test_a_record_that_cannot_be_kept_is_said_and_nobody_is_told_anything(tmp_path: Path) -> None:
    data = pair_settings(tmp_path)[0]
    server = played_pair()[0]
    agent = start_agent(data, server)
    try:
        wait_until(lambda: is_so(agent, role="out"), "it has looked")
        state = Path(data["state_directory"])
        # A file where the draft of the record has to be written, as good as a full disk, for root too.
        (state / ".record.json.new").mkdir()
        with pytest.raises(RefusedError, match="record"):
            agent.ask("init")
        assert agent.status()["role"] == "out"
        (state / ".record.json.new").rmdir()
        agent.ask("init")
        must_become(agent, role="primary", write=True)
    finally:
        agent.stop()


def test_what_eyes_see_wakes_the_loop_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with agents(tmp_path) as (one, two):
        must_found_a_cluster(one, two)
        # From here on nothing but a wake-up lets the loop look within the time that this test waits.
        monkeypatch.setattr(service, "TICK_SECONDS", 600.0)
        two.server.postgres = Postgres.STOPPED

        def started() -> bool:
            two.server.wake()
            return two.server.postgres is Postgres.STANDBY

        wait_until(started, "it was started again")


def test_notices_reach_the_eyes_and_the_service_is_what_build_makes(tmp_path: Path) -> None:
    with agents(tmp_path) as (one, _two):
        wait_until(lambda: is_so(one, role="out"), "it has looked")
        with (Path(one.run_directory) / FIFO).open("w", encoding="ascii") as keepalived:
            keepalived.write('INSTANCE "watch" MASTER 100\n')
        wait_until(lambda: one.server.notices == [("watch", "MASTER")], "the eyes are told")
        assert isinstance(one.service, Service)
        assert callable(build)


def test_an_offer_gives_the_write_address_up_before_postgresql_stops(tmp_path: Path) -> None:
    with agents(tmp_path) as (one, two):
        must_found_a_cluster(one, two)
        before = len(one.server.settled)
        assert Follower(one.ask, lambda _line: None).follow("switchover", 10) == 0
        first = next(o for o in one.server.settled[before:] if o.record.offered)
        assert first.postgres is Postgres.PRIMARY


def test_addresses_that_cannot_be_written_are_said_and_hinder_no_decision(tmp_path: Path) -> None:
    with agents(tmp_path) as (one, two):
        one.server.places_full = True
        must_found_a_cluster(one, two)
        assert one.status()["error"] == "the agent cannot write its address files: no space left"
        assert len([line for line in one.lines if line.startswith("failed")]) == 1
        one.server.places_full = False
        must_become(one, error="")
