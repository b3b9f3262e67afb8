# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hand: what it does as root for an agent that may not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent import hand as subject
from ansible_collections.pgha.cluster.plugins.module_utils.agent.hand import (
    control,
    fence,
    follow,
    kill,
    plugs_of,
    work,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import files

from tests.support.fake_server import FakeRunner

FIXTURES = Path(__file__).parents[5] / "tests/fixtures/postgres"
OFF, ON, SILENT, DONE = Completed(2, "", ""), Completed(0, "", ""), Completed(1, "", "timed out"), Completed(0, "", "")


@pytest.fixture
def config(tmp_path: Path) -> dict[str, Any]:
    data = tmp_path / "main"
    (data / "global").mkdir(parents=True)
    (data / "global/pg_control").touch()
    return {
        "peer": "n2",
        "data_directory": str(data),
        "bin_directory": str(tmp_path),
        "conninfo": "host=10.0.0.12",
        "slot": "pgha_n1",
    }


def test_a_stopped_server_is_made_to_follow(config: dict[str, Any]) -> None:
    data = Path(config["data_directory"])
    (data / "recovery.signal").touch()
    follow(config)
    text = (data / "postgresql.auto.conf").read_text()
    assert "primary_conninfo = 'host=10.0.0.12'" in text
    assert "primary_slot_name = 'pgha_n1'" in text
    assert "recovery_target_timeline = 'latest'" in text
    assert (data / "standby.signal").exists()
    assert not (data / "recovery.signal").exists()
    assert (data / "postgresql.auto.conf").stat().st_mode & 0o777 == 0o600


def test_a_server_that_runs_is_not_changed(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "served", lambda _data: True)
    with pytest.raises(PghaError, match="runs"):
        follow(config)
    assert not (Path(config["data_directory"]) / "standby.signal").exists()


@pytest.mark.parametrize("state", ["empty", "half rewound"])
def test_what_is_no_whole_data_directory_is_not_started(config: dict[str, Any], state: str) -> None:
    data = Path(config["data_directory"])
    if state == "empty":
        (data / "global/pg_control").unlink()
    else:
        data.with_name("main.pgha-rewind.json").write_text(json.dumps({"inode": data.stat().st_ino}))
    with pytest.raises(PghaError):
        follow(config)
    assert not (data / "standby.signal").exists()


@pytest.mark.parametrize("version", ["15", "17"])
@pytest.mark.parametrize(
    ("name", "clean"), [("stopped-primary", True), ("crashed-primary", False), ("crashed-standby", False)]
)
def test_what_a_stopped_server_is(config: dict[str, Any], version: str, name: str, clean: bool) -> None:
    (Path(config["bin_directory"]) / "pg_controldata").touch()
    printed = (FIXTURES / version / f"controldata-{name}.txt").read_text()
    told = control(config, FakeRunner({config["data_directory"]: Completed(0, printed, "")}))
    assert (told["running"], told["clean"]) == (False, clean)
    assert told["checkpoint"] > 0


def test_without_control_data_a_server_is_not_stopped_in_order(config: dict[str, Any]) -> None:
    assert control(config) == {"running": False, "state": "", "clean": False, "timeline": 0, "checkpoint": 0}


def test_of_a_server_that_runs_nothing_else_is_told(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "served", lambda _data: True)
    assert control(config)["running"] is True
    assert control(config)["clean"] is False


def test_what_works_in_the_directory_is_ended(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        monkeypatch.setattr(files, "processes", lambda _data: [] if sleeper.poll() else [sleeper.pid])
        kill(config)
        assert sleeper.wait(10) != 0


DEVICES = [
    {"name": "spare", "server": "n2", "agent": "fence_b", "level": 2, "params": {"ip": "b", "pcmk_delay_max": "5"}},
    {"name": "bmc", "server": "n2", "agent": "fence_a", "level": 1, "params": {"pcmk_host_map": "n1:1;n2:2"}},
    {"name": "own", "server": "n1", "agent": "fence_a", "level": 1, "params": {}},
]


class Power:
    """Fence agents that answer by name and action, one answer after the other; the last one stays."""

    def __init__(self, **answers: list[Completed]) -> None:
        self.answers, self.asked, self.words = answers, list[str](), list[str]()

    def __call__(self, argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Any = None) -> Completed:
        action = (stdin or "").rpartition("action=")[2].strip()
        key = f"{argv[0].rpartition('/')[2]}_{action}"
        assert len(argv) == 1, "a parameter on a command line can be read by every user"
        self.asked.append(key)
        self.words.append(stdin or "")
        found = self.answers[key]
        return found.pop(0) if len(found) > 1 else found[0]


def pause(seconds: float) -> None:
    """Wait for nothing."""


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "OFF_SECONDS", 0.05)


def test_devices_are_those_of_the_other_server_in_the_order_of_their_levels() -> None:
    levels = plugs_of(DEVICES, "n2")
    assert [[plug.name for plug in level] for level in levels] == [["bmc"], ["spare"]]
    assert levels[0][0].params["plug"] == "2"


def test_off_is_off_when_the_device_says_so_itself() -> None:
    power = Power(fence_a_off=[DONE], fence_a_status=[ON, SILENT, OFF])
    fence(plugs_of(DEVICES, "n2"), "off", power, pause)
    assert power.asked == ["fence_a_off", "fence_a_status", "fence_a_status", "fence_a_status"]


@pytest.mark.parametrize(
    "first",
    [
        {"fence_a_off": [SILENT]},
        {"fence_a_off": [DONE], "fence_a_status": [ON]},
        {"fence_a_off": [DONE], "fence_a_status": [SILENT]},
    ],
)
def test_a_level_that_fails_or_lies_is_followed_by_the_next(first: dict[str, list[Completed]]) -> None:
    power = Power(**first, fence_b_off=[DONE], fence_b_status=[OFF])
    fence(plugs_of(DEVICES, "n2"), "off", power, pause)
    assert power.asked[-2:] == ["fence_b_off", "fence_b_status"]
    assert all("pcmk" not in words for words in power.words)


def test_a_level_needs_each_of_its_devices() -> None:
    both = [{**DEVICES[0], "level": 1}, DEVICES[1]]
    power = Power(fence_a_off=[DONE], fence_a_status=[OFF], fence_b_off=[DONE], fence_b_status=[ON])
    with pytest.raises(PghaError) as failed:
        fence(plugs_of(both, "n2"), "off", power, pause)
    assert failed.value.said == "spare: the power is on"


def test_without_a_device_nothing_is_off() -> None:
    with pytest.raises(PghaError):
        fence(plugs_of(DEVICES, "n3"), "off", Power(), pause)


def test_status_switches_nothing() -> None:
    power = Power(fence_a_status=[OFF])
    fence(plugs_of(DEVICES, "n2"), "status", power, pause)
    assert power.asked == ["fence_a_status"]
    with pytest.raises(PghaError):
        fence(plugs_of(DEVICES[1:], "n2"), "status", Power(fence_a_status=[ON]), pause)


def test_power_on_is_not_asked_for_proof() -> None:
    power = Power(fence_a_on=[DONE])
    fence(plugs_of(DEVICES, "n2"), "on", power, pause)
    assert power.asked == ["fence_a_on"]


@pytest.fixture
def placed(config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    became: list[str] = []
    for name, content in (("CONFIG", config), ("DEVICES", [])):
        (tmp_path / name).write_text(json.dumps(content))
        monkeypatch.setattr(subject, name, tmp_path / name)
    monkeypatch.setattr(subject, "become", became.append)
    return became


def test_what_concerns_postgresql_is_done_as_its_user(placed: list[str]) -> None:
    assert json.loads(work(["control"]))["running"] is False
    assert work(["follow"]) == ""
    assert work(["kill"]) == ""
    assert placed == ["postgres"] * 3


@pytest.mark.parametrize(
    "words", [[], ["shell"], ["control", "/etc"], ["fence"], ["fence", "reboot"], ["fence", "off", "n1"]]
)
def test_no_other_word_does_anything(placed: list[str], words: list[str]) -> None:
    with pytest.raises(PghaError, match="does not know"):
        work(words)
    assert placed == []


def test_a_failure_is_an_exit_status(
    placed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["hand", "fence", "off"])
    assert subject.main() == 1
    assert "there is no device" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["hand", "control"])
    assert subject.main() == 0
