# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who shows clients the way, and when which server holds which address."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.addresses import (
    Addresses,
    Announcer,
    TrackFiles,
    held,
    holds,
    interface_of,
    keeps,
    tracks,
)
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Heard, Observation, Postgres, Record, Role
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed

from tests.support.fake_server import FakeRunner, observed

STANDBY = Heard(3, Role.STANDBY, Postgres.STANDBY)
PRIMARY = Heard(4, Role.PRIMARY, Postgres.PRIMARY)
LISTING = [
    {"ifname": "lo", "addr_info": [{"family": "inet", "local": "127.0.0.1", "prefixlen": 8}]},
    {"ifname": "eth0", "addr_info": [{"family": "inet", "local": "10.0.0.11", "prefixlen": 24}, {"family": "inet6"}]},
]


@dataclass(frozen=True)
class Address:
    ip: str
    prefix: int
    kind: str


WRITE, READ = Address("10.0.0.20", 24, "write"), Address("10.0.0.21", 24, "read")


def former(**changes: Any) -> Observation:
    """Return what an old primary sees that stopped."""
    return observed(Postgres.STOPPED, record=Record(3, Role.PRIMARY, "b", offered=True), **changes)


YIELDED = Record(4, Role.STANDBY, "b", yielded=True)


@pytest.mark.parametrize(
    ("o", "write", "read"),
    [
        (observed(), 0, 50),
        (observed(record=Record(3, Role.PRIMARY, "b", offered=True)), 1, -100),
        (observed(record=Record(3, Role.PRIMARY, "b", yielded=True)), 1, -100),
        # It takes writes and has no right to.
        (observed(role=Role.OUT), 1, -100),
        (observed(role=Role.STANDBY), 1, -100),
        (observed(Postgres.STARTING), 1, -100),
        (observed(Postgres.UNKNOWN), 1, -100),
        # It has won and is not promoted yet.
        (observed(Postgres.STANDBY), 1, -100),
        (observed(Postgres.STANDBY, Role.STANDBY, follows=True), 1, 100),
        (observed(Postgres.STANDBY, Role.STANDBY), 1, -100),
    ],
)
def test_what_keepalived_reads(o: Observation, write: int, read: int) -> None:
    assert tracks(o) == {"write": write, "read": read}


@pytest.mark.parametrize(
    ("o", "kinds"),
    [
        (observed(), {"write", "read"}),
        (observed(follows=True, heard=STANDBY), {"write"}),
        (observed(follows=True, heard=STANDBY, silent_for=9.0), {"write", "read"}),
        (observed(follows=False, heard=STANDBY), {"write", "read"}),
        (observed(Postgres.STANDBY, Role.STANDBY, follows=True, heard=PRIMARY), {"read"}),
        (observed(Postgres.STANDBY, Role.STANDBY), set()),
        (former(heard=STANDBY), set()),
        (observed(Postgres.STARTING, record=YIELDED, heard=STANDBY), set()),
        (observed(Postgres.PRIMARY, Role.OUT, heard=STANDBY), set()),
    ],
)
def test_who_holds_which_address(o: Observation, kinds: set[str]) -> None:
    assert holds(o) == kinds


@pytest.mark.parametrize(
    ("o", "kinds"),
    [
        # Until the new primary is there, the old one refuses; alone, or not heard, it must not.
        (former(heard=STANDBY), {"write"}),
        (former(heard=PRIMARY), set()),
        (former(heard=STANDBY, silent_for=9.0), set()),
        (former(), set()),
        (observed(Postgres.STOPPED, record=YIELDED, heard=STANDBY), {"write"}),
        (observed(Postgres.STOPPED, record=YIELDED, heard=PRIMARY), set()),
        # It serves readers already, who must not come by the write address.
        (observed(Postgres.STANDBY, record=YIELDED, heard=STANDBY), set()),
        (observed(Postgres.STOPPED, Role.STANDBY, heard=STANDBY), set()),
        (observed(Postgres.STOPPED, Role.OUT, heard=STANDBY), set()),
    ],
)
def test_who_may_keep_an_address(o: Observation, kinds: set[str]) -> None:
    assert keeps(o) == kinds


def test_an_address_that_may_be_kept_is_neither_given_up_nor_taken() -> None:
    some, runner = addresses("10.0.0.20")
    assert some.set(frozenset(), frozenset({"write"})) == []
    some, runner = addresses()
    assert some.set(frozenset(), frozenset({"write"})) == []
    assert changes(runner) == []


def test_an_address_from_before_a_restart_is_given_up(tmp_path: Path) -> None:
    some, runner = addresses("10.0.0.20")
    announcer = Announcer(TrackFiles(str(tmp_path)), None, lambda _said: None)
    announcer.carry_out(some)
    assert changes(runner) == []
    announcer.settle(observed(Postgres.STANDBY, Role.STANDBY))
    announcer.carry_out(some)
    assert changes(runner) == ["ip addr del 10.0.0.20/24 dev eth0"]


def test_track_files_are_written_when_something_changes(tmp_path: Path) -> None:
    files = TrackFiles(str(tmp_path))
    files.write({"write": 0, "read": 50})
    before = (tmp_path / "write").stat().st_ino
    files.write({"write": 0, "read": -100})
    assert (tmp_path / "write").stat().st_ino == before
    assert [(tmp_path / name).read_text() for name in ("write", "read")] == ["0\n", "-100\n"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["read", "write"]


def test_the_interface_is_that_of_the_server_s_own_address() -> None:
    listing = json.dumps(LISTING)
    assert interface_of(listing, "10.0.0.11") == "eth0"
    assert interface_of(listing, "10.0.0.12") == ""
    assert held(listing, "eth0") == {"10.0.0.11"}


def test_what_ip_really_prints_is_understood() -> None:
    listing = (Path(__file__).parents[5] / "tests/fixtures/iproute2/6.1/address_show.json").read_text()
    some = [
        (link["ifname"], one["local"]) for link in json.loads(listing) for one in link["addr_info"] if "local" in one
    ]
    assert some
    assert all(interface_of(listing, local) == name and local in held(listing, name) for name, local in some)


def addresses(*present: str) -> tuple[Addresses, FakeRunner]:
    listing = json.loads(json.dumps(LISTING))
    listing[1]["addr_info"] += [{"family": "inet", "local": ip, "prefixlen": 24} for ip in present]
    runner = FakeRunner({"ip -j addr show": Completed(0, json.dumps(listing), "")})
    return Addresses([WRITE, READ], "10.0.0.11", runner), runner


def changes(runner: FakeRunner) -> list[str]:
    return [command for command in runner.ran if command.startswith("ip addr")]


def test_only_what_differs_is_changed_and_an_address_is_given_up_first() -> None:
    some, runner = addresses("10.0.0.21")
    assert some.set(frozenset({"write"})) == ["gave up 10.0.0.21", "took 10.0.0.20"]
    assert changes(runner) == ["ip addr del 10.0.0.21/24 dev eth0", "ip addr add 10.0.0.20/24 dev eth0"]


def test_what_is_right_is_left_alone() -> None:
    some, runner = addresses("10.0.0.20")
    assert some.set(frozenset({"write"})) == []
    assert changes(runner) == []


def test_without_its_own_address_a_server_takes_none() -> None:
    runner = FakeRunner({"ip -j addr show": Completed(0, "[]", "")})
    with pytest.raises(PghaError, match="No interface"):
        Addresses([WRITE], "10.0.0.11", runner).set(frozenset({"write"}))
    assert changes(runner) == []


def test_a_refused_change_is_told_once(tmp_path: Path) -> None:
    some, runner = addresses()
    runner.answers["dev eth0"] = Completed(2, "", "RTNETLINK answers: Operation not permitted")
    told: list[str] = []
    announcer = Announcer(TrackFiles(str(tmp_path)), None, told.append)
    announcer.settle(observed())
    announcer.carry_out(some)
    announcer.carry_out(some)
    assert len(told) == 1
    assert "not permitted" in told[0]
    runner.answers.pop("dev eth0")
    announcer.carry_out(some)
    assert told[1] == "took 10.0.0.20, took 10.0.0.21"


def test_the_announcer_writes_at_once_and_takes_addresses_in_a_thread(tmp_path: Path) -> None:
    some, runner = addresses()
    told: list[str] = []
    announcer = Announcer(TrackFiles(str(tmp_path)), some, told.append)
    assert runner.ran == []
    announcer.settle(observed())
    assert (tmp_path / "write").read_text() == "0\n"
    announcer.stop()
    announcer._thread.join(10)
    assert not announcer._thread.is_alive()
    assert told in ([], ["took 10.0.0.20, took 10.0.0.21"])


def test_a_new_address_is_announced() -> None:
    some, runner = addresses()
    some._announce("10.0.0.20", "eth0")
    assert runner.ran == [f"arping {way} -c 2 -I eth0 10.0.0.20" for way in ("-U", "-A")]
