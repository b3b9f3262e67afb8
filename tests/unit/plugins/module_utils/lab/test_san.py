# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks over iSCSI: what stands against them, who serves and who has them, and how an inventory knows them."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.pgha.cluster.plugins.module_utils.lab import san
from ansible_collections.pgha.cluster.plugins.module_utils.lab.model import Lab, lab_of
from ansible_collections.pgha.cluster.plugins.module_utils.lab.plan import Mould, create_argv, lab_problems
from ansible_collections.pgha.cluster.tests.support.labs import server, some_lab

INVENTORY = Path(__file__).parents[5] / "inventories" / "lab_san" / "hosts.yml"
SERVED = {"name": "data", "server": "s1"}


def machine(name: str, number: int, *disks: dict[str, Any]) -> dict[str, Any]:
    return server(name, number) | {"kind": "machine", "memory": 512, "disks": list(disks)}


def lab(served: dict[str, Any] | None = None, **changes: Any) -> Lab:
    """Return two servers with one disk of a third one; that one may be changed."""
    storage = machine("s1", 18, {"name": "data", "megabytes": 256}) | changes
    one = machine("n1", 11, served or SERVED)
    return some_lab(servers=[one, machine("n2", 12, SERVED), storage, server("v1", 19)])


def test_a_disk_that_is_served_is_no_problem() -> None:
    assert lab_problems(lab()) == []
    assert lab_of(lab().as_claim()) == lab()


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (lab({**SERVED, "megabytes": 256}), "the disk data of n1 is served by s1: shared and megabytes are said there"),
        (lab({**SERVED, "shared": True}), "shared and megabytes are said there"),
        (lab({**SERVED, "server": "s2"}), "the disk data of n1 is served by s2, which is no machine of the lab"),
        (lab({**SERVED, "server": "v1"}), "the disk data of n1 is served by v1, which is no machine of the lab"),
        (lab({**SERVED, "name": "other"}), "the disk other of n1 is served by s1, which has no disk other of its own"),
        (lab({**SERVED, "name": "thirteen-long"}), "its name may have up to 12 letters"),
        (lab(addresses={"public": "10.78.0.18"}), "s1 has no address in the network replication"),
        (lab(disks=[{"name": "data", "megabytes": 1, "shared": True}]), "s1, which has no disk data of its own"),
    ],
)
def test_what_cannot_be_served_is_named(wrong: Lab, problem: str) -> None:
    assert [text for text in lab_problems(wrong) if problem in text], lab_problems(wrong)


def test_the_disk_is_served_to_those_that_name_it_and_to_nobody_else() -> None:
    one, _two, storage, vote = lab().servers
    commands = san.files(lab(), storage)["san"]
    assert "udev_path=/dev/disk/by-id/lab-data" in commands
    assert [name in commands for name in ("acls/iqn.2026-01.internal.pgha:n1/", ":n2/", ":v1/")] == [True, True, False]
    # Whoever logs in before is refused, and comes back under another name in the registrations.
    assert commands.splitlines()[-1].endswith("/np/10.78.1.18:3260")
    assert san.files(lab(), vote) == {}
    reaching = san.files(lab(), one)
    assert reaching["initiatorname"] == "InitiatorName=iqn.2026-01.internal.pgha:n1\n"
    assert "--targetname iqn.2026-01.internal.pgha:data --portal 10.78.1.18:3260,1 --login" in reaching["san"]
    assert san.device("data") in reaching["san"]


def test_a_disk_that_is_served_is_not_built_in() -> None:
    argv = create_argv(lab(), lab().servers[0], Mould("image", "crun", 1024, "disk"))
    assert "--disk" not in argv
    volumes = [word for before, word in itertools.pairwise(argv) if before == "--volume"]
    assert "/var/lib/pgha-lab/demo/n1/san:/lab/guest/san:ro" in volumes
    assert any(word.endswith("/lab/guest/root/etc/iscsi/initiatorname.iscsi:ro") for word in volumes)


def test_the_inventory_knows_the_disk_by_the_name_that_its_serial_number_makes() -> None:
    hosts = yaml.safe_load(INVENTORY.read_text(encoding="utf-8"))["all"]["children"]["pgha_database"]["hosts"]
    assert {host["pgha_disk"] for host in hosts.values()} == {san.device("data")}
    assert len(san.device("data").rpartition("-")[2]) == len(san.device("a-longer-one").rpartition("-")[2]) == 33
