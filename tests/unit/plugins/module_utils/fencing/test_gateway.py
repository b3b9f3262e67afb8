# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fence device is asked, how, and what its silence means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.module_utils.fencing import gateway

PARAMS = {"ip": "10.0.2.111", "username": "admin", "ipmitool_path": "/etc/pgha/fencing/fence-n1.ipmitool"}
CAPTURED = Path(__file__).parents[4] / "fixtures" / "ipmitool" / "1.8.19"
PLUGS = "1,n2\n3,n1\n4,\nbroken\n"


class Rack:
    """A power strip that lists its plugs, and an ipmitool that may hang."""

    def __init__(self, *, listing: str = PLUGS, hangs: str = "") -> None:
        self.listing = listing
        self.hangs = hangs
        self.asked: list[tuple[list[str], str]] = []

    def __call__(
        self, argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        words = stdin or ""
        self.asked.append((list(argv), words))
        assert env is None
        if self.hangs and (self.hangs in words or self.hangs in argv):
            raise PghaError(f"{argv[0]} gave no answer within {timeout:g} seconds.")
        if "action=list" in words:
            return Completed(0 if self.listing else 1, self.listing, "")
        return Completed(0, "Status: ON" if words else "Get GUID command failed", "")


def test_a_device_names_its_plug() -> None:
    asked = gateway.ask("fence_apc", {"ip": "10.0.2.5", "plug": "3"}, Rack())
    assert (asked.power, asked.names) == ("on", frozenset({"3", "n1"}))


@pytest.mark.parametrize(
    ("params", "listing", "names"),
    [
        ({"port": "3"}, PLUGS, {"3", "n1"}),
        ({"plug": "4"}, PLUGS, {"4"}),
        ({"plug": "9"}, PLUGS, set()),
        ({"plug": "3"}, "", set()),
        ({}, PLUGS, set()),
        ({"plug": "3", "separator": ";"}, "3;n1\n", {"3", "n1"}),
    ],
)
def test_names_of_plugs(params: dict[str, str], listing: str, names: set[str]) -> None:
    assert gateway.names("fence_apc", params, Rack(listing=listing)) == names


def test_a_controller_that_hangs_on_its_identity_is_unproven_and_no_error() -> None:
    asked = gateway.ask("fence_ipmilan", PARAMS, Rack(hangs="guid"))
    assert (asked.power, asked.guid) == ("on", "")


def test_a_device_that_hangs_on_its_list_is_unproven_and_no_error() -> None:
    asked = gateway.ask("fence_apc", {"plug": "3"}, Rack(hangs="action=list"))
    assert (asked.power, asked.names) == ("on", frozenset())


def test_a_disk_is_asked_for_nothing_but_a_key() -> None:
    rack = Rack()
    asked = gateway.ask("fence_scsi", {"devices": "/dev/x", "key": "a1", "pcmk_reboot_action": "off"}, rack)
    assert (asked.power, asked.disk) == ("on", True)
    assert rack.asked == [(["/usr/sbin/fence_scsi"], "devices=/dev/x\nkey=a1\naction=status\n")]


def test_a_device_that_hangs_has_no_power_state() -> None:
    asked = gateway.ask("fence_apc", {"plug": "3"}, Rack(hangs="action=status"))
    assert asked.power == ""
    assert "no answer within" in asked.said


@pytest.mark.parametrize(
    ("agent", "lanplus", "interface"),
    [
        ("fence_ipmilan", {}, "lan"),
        ("fence_ipmilan", {"lanplus": "1"}, "lanplus"),
        ("fence_ilo5", {}, "lanplus"),
        ("fence_ilo5", {"lanplus": "0"}, "lan"),
    ],
)
def test_the_identity_is_asked_as_the_agent_would_speak(agent: str, lanplus: dict[str, str], interface: str) -> None:
    rack = Rack()
    gateway.guid(agent, {**PARAMS, **lanplus, "privlvl": "operator"}, rack)
    argv = rack.asked[0][0]
    assert argv[argv.index("-I") + 1] == interface
    assert argv[argv.index("-L") + 1] == "operator"


def test_the_clusters_own_parameters_do_not_reach_the_agent() -> None:
    rack = Rack()
    gateway.ask("fence_apc", {"plug": "3", "pcmk_delay_base": "5s"}, rack)
    assert rack.asked
    assert not any("pcmk_" in words for _argv, words in rack.asked)


@pytest.mark.parametrize(
    ("answer", "rc", "guid"),
    [("mc_guid.txt", 0, "3f2504e0-4f89-11d3-9a0c-0305e82c3301"), ("mc_guid-refused.txt", 1, "")],
)
def test_the_identity_that_ipmitool_prints(answer: str, rc: int, guid: str) -> None:
    def ipmitool(
        argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        return Completed(rc, (CAPTURED / answer).read_text(encoding="utf-8"), "")

    assert gateway.guid("fence_ipmilan", PARAMS, ipmitool) == guid
