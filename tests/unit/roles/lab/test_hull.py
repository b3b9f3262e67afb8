# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure parts of the hardware around a server with a kernel of its own."""

from __future__ import annotations

import importlib
import json
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

PROJECT = Path(__file__).parents[4]
ADDRESSES = json.dumps(
    [
        {"ifname": "lo", "address": "00:00:00:00:00:00", "addr_info": [{"family": "inet", "local": "127.0.0.1"}]},
        {
            "ifname": "eth1",
            "address": "02:aa:00:00:00:02",
            "addr_info": [{"family": "inet", "local": "10.78.1.11", "prefixlen": 24}, {"family": "inet6"}],
        },
        {
            "ifname": "eth0",
            "address": "02:aa:00:00:00:01",
            "addr_info": [{"family": "inet", "local": "10.78.0.11", "prefixlen": 24}],
        },
    ]
)
BOOT = "VFS: Mounted root (ext4 filesystem) on device 98:0.\n"


@pytest.fixture(scope="module")
def hull() -> Iterator[ModuleType]:
    """Return the program, which lies beside the others of a lab."""
    sys.path.insert(0, str(PROJECT / "roles/lab/files"))
    yield importlib.import_module("hull")
    sys.path.pop(0)


def test_the_guest_gets_the_cards_of_the_container(hull: ModuleType) -> None:
    cards = hull.cards_of(ADDRESSES)
    assert [(card.name, card.address) for card in cards] == [("eth0", "10.78.0.11/24"), ("eth1", "10.78.1.11/24")]
    lines = hull.guest_batch(cards, "10.78.0.1")
    assert lines.index("link set dev vec1 name eth1") < lines.index("address add 10.78.1.11/24 brd + dev eth1")
    assert lines[-1] == "route add default via 10.78.0.1"
    argv = hull.kernel_argv("n1", 768, cards, [])
    assert "vec0:transport=tap,ifname=tap-eth0,mac=02:aa:00:00:00:01,depth=128,gro=1" in argv
    assert "mem=768M" in argv


def test_the_container_keeps_neither_address_nor_hardware_address(hull: ModuleType) -> None:
    """Two cards with one hardware address: a bridge keeps what is meant for the guest."""
    lines = hull.bridge_batch(hull.cards_of(ADDRESSES)[0])
    assert "address flush dev eth0" in lines
    assert "link set dev eth0 address 06:aa:00:00:00:01" in lines


def test_a_network_without_a_way_out(hull: ModuleType) -> None:
    assert hull.gateway_of("[]") == ""
    assert hull.gateway_of('[{"dst": "default", "gateway": "10.78.0.1"}]') == "10.78.0.1"
    assert not [line for line in hull.guest_batch([], "") if "route" in line]


def test_machines_spread_over_the_processors_there_are(hull: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen: list[set[int]] = []
    monkeypatch.setattr(hull.os, "sched_getaffinity", lambda _pid: {4, 2})
    monkeypatch.setattr(hull.os, "sched_setaffinity", lambda _pid, processors: chosen.append(processors))
    for number in range(3):
        hull.stay_on(number)
    assert chosen == [{2}, {4}, {2}]


def test_disks_come_in_their_order_and_a_shared_one_is_not_locked(hull: ModuleType) -> None:
    disks = [hull.disk_of("data:256:own"), hull.disk_of("all:64:shared")]
    argv = hull.kernel_argv("n1", 768, [], disks)
    assert "ubd1=/lab/own/data.img,,data" in argv
    assert "ubd2c=/lab/shared/all.img,,all" in argv


def test_a_disk_is_made_once_and_keeps_what_is_on_it(
    hull: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(hull, "LAB", tmp_path)
    (tmp_path / "own").mkdir()
    disk = hull.disk_of("data:2:own")
    hull.make_disk(disk)
    assert disk.path.stat().st_size == 2 * 2**20
    disk.path.write_bytes(b"data")
    hull.make_disk(disk)
    assert disk.path.read_bytes() == b"data"


@pytest.mark.parametrize(
    ("words", "off"),
    [
        ("reboot: Power down\n", True),
        ("reboot: System halted\n", True),
        ("reboot: Restarting system\n", False),
        ("sysrq: Resetting\n", False),
        ("Kernel panic - not syncing: VFS\nRebooting in 1 seconds..\n", False),
    ],
)
def test_a_guest_that_powers_off_stays_off_and_any_other_end_is_a_restart(
    hull: ModuleType, words: str, off: bool
) -> None:
    assert hull.ended(BOOT + words) is off


def test_a_kernel_that_does_not_boot_is_not_tried_for_ever(hull: ModuleType) -> None:
    with pytest.raises(RuntimeError, match="did not boot"):
        hull.ended("Kernel panic - not syncing: VFS: Unable to mount root fs\n")


def test_a_button_that_nobody_hears_yet_is_no_failure(
    hull: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(hull, "CONTROL", tmp_path)
    hull.press_button(38, None)
    assert list(tmp_path.iterdir()) == []


def test_a_button_that_is_pressed_is_what_a_keyboard_has_for_it(
    hull: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(hull, "CONTROL", tmp_path)
    (tmp_path / "guest").mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as console:
        console.bind(str(tmp_path / "guest/mconsole"))
        heard: list[bytes] = []

        def answer() -> None:
            request, origin = console.recvfrom(1024)
            heard.append(request)
            console.sendto(b"ok", origin)

        kernel = threading.Thread(target=answer)
        kernel.start()
        hull.press_button(38, None)
        kernel.join()
    magic, version, length, text = struct.unpack("=III512s", heard[0])
    assert (magic, version, text[:length]) == (0xCAFEBABE, 2, b"cad")
