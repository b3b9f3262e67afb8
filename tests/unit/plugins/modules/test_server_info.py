# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a server says of itself, in one answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent import gateway as agent
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import info
from ansible_collections.pgha.cluster.plugins.modules import server_info
from ansible_collections.pgha.cluster.tests.support.module_process import run_module

LINKS = [
    {"ifname": "lo", "addr_info": [{"local": "127.0.0.1", "scope": "host"}, {"local": "::1", "scope": "host"}]},
    {"ifname": "eth0", "addr_info": [{"local": "10.0.0.11", "scope": "global"}, {"local": "fe80::1", "scope": "link"}]},
    {"ifname": "down"},
]
NOTHING = {"name": "n1", "manager": "agent", "postgres": None, "unit": None}
NOTHING |= {"drbd": None, "shared_disk": None, "fence_devices": None}


class Tools:
    """Answers for the tools of a server."""

    def __init__(self, rc: int = 0) -> None:
        self.rc = rc
        self.calls: list[Sequence[str]] = []
        self.ends = ""

    def __call__(self, argv: Sequence[str], **_options: Any) -> Completed:
        self.calls.append(argv)
        if argv[0] == "ip":
            return Completed(self.rc, json.dumps(LINKS), "no netlink")
        if argv[0] == "ss":
            return Completed(self.rc, self.ends, "no netlink")
        return Completed(self.rc, "LoadState=loaded\nActiveState=active\n", "no bus")


@pytest.fixture(autouse=True)
def _no_agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_info, "which", lambda program: f"/usr/bin/{program}")
    monkeypatch.setattr(agent, "look", lambda _run, name="": {"cluster_running": False, "asked": name})


def look(**asked: Any) -> dict[str, Any]:
    result = server_info.work({**NOTHING, **asked}, Tools())
    assert result["changed"] is False
    found: dict[str, Any] = result["server"]
    return found


def test_what_is_not_asked_is_not_said() -> None:
    assert look() == {
        "postgres": {},
        "crm": {"cluster_running": False, "asked": "n1"},
        "addresses": ["10.0.0.11", "fe80::1"],
    }


def test_each_question_has_its_answer(tmp_path: Path) -> None:
    where = {"data_directory": str(tmp_path), "bin_directory": str(tmp_path), "port": 5432, "owner": ""}
    found = look(postgres={**where, "socket_directory": str(tmp_path)}, shared_disk="/nowhere", fence_devices=[])
    assert (found["postgres"]["role"], found["disk"]["seen"], found["fencing"]) == ("none", False, {})
    # Of an agent that does not answer nobody knows what it would fence with.
    assert look(drbd="pgha")["disk"]["installed"] is False


def test_whoever_decides_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the state and of the fence devices, the answers are about the same moment."""
    asked: list[str] = []

    def answer(_run: object, name: str = "") -> dict[str, Any]:
        asked.append(name)
        return {"cluster_running": False}

    monkeypatch.setattr(agent, "look", answer)
    assert look(fence_devices=[])["fencing"] == {}
    assert asked == ["n1"]


def test_a_bare_server_says_what_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    """A deploy asks it before it installs anything there, also the programs that would answer."""
    monkeypatch.setenv("PATH", "/nowhere")
    result = run_module("server_info", {"name": "n1", "manager": "pacemaker"})
    assert (result["server"]["addresses"], result["server"]["crm"]["cluster_running"]) == ([], False)


def test_addresses_that_cannot_be_read_are_an_error() -> None:
    with pytest.raises(PghaError, match="addresses") as refused:
        server_info.addresses(Tools(rc=1))
    assert "no netlink" in str(refused.value.said)


@pytest.mark.parametrize(
    ("ends", "unheard"),
    [
        (["0.0.0.0:5432", "[::]:5432"], []),
        (["*:5432"], []),
        (["127.0.0.1:5432", "[::1]:5432"], ["10.0.0.11", "fe80::1"]),
        (["10.0.0.11:5432"], ["fe80::1"]),
        (["[fe80::1]%eth0:5432", "[fe80::2%eth0]:5432"], ["10.0.0.11"]),
        ([], ["10.0.0.11", "fe80::1"]),
    ],
)
def test_an_address_is_heard_where_something_listens_on_it_or_on_all(ends: list[str], unheard: list[str]) -> None:
    tools = Tools()
    tools.ends = "".join(f"LISTEN 0      200    {end}    0.0.0.0:*\n" for end in ends)
    assert server_info.unheard(tools, 5432, ["10.0.0.11", "fe80::1"]) == unheard
    with pytest.raises(PghaError, match="sockets"):
        server_info.unheard(Tools(rc=1), 5432, [])


def test_only_a_postgresql_that_runs_is_asked_where_it_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    for running in (True, False):
        monkeypatch.setattr(info, "look", lambda _given, running=running: {"running": running})
        assert look(postgres={"port": 5432}).get("unheard") == (["10.0.0.11", "fe80::1"] if running else None)


def test_a_unit_with_its_directory_is_the_primary(tmp_path: Path) -> None:
    tools = Tools()
    found = server_info.unit({"unit": "nginx", "directory": "/proc"}, tools)
    assert found["role"] == "primary"
    assert tools.calls == [["systemctl", "show", "--property=LoadState,ActiveState", "nginx.service"]]
    assert look(unit={"unit": "nginx", "directory": str(tmp_path)})["postgres"]["role"] == "outside the cluster"
    assert (
        look(unit={"unit": "nginx", "directory": str(tmp_path / "none")})["postgres"]["role"] == "outside the cluster"
    )


def test_a_systemd_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PghaError, match="does not say what nginx is"):
        server_info.unit({"unit": "nginx", "directory": str(tmp_path)}, Tools(rc=1))


def test_a_server_of_postgresql_runs_no_unit() -> None:
    unit, postgres = {"unit": "x", "directory": "/"}, {"data_directory": "/", "bin_directory": "/"}
    result = run_module("server_info", {"name": "n1", "manager": "pacemaker", "unit": unit, "postgres": postgres})
    assert "mutually exclusive" in result["msg"]
