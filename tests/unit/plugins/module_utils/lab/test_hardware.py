# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers with a kernel of their own: what stands against them, and what carries them."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.lab.files import directories
from ansible_collections.pgha.cluster.plugins.module_utils.lab.hardware import LEAST_MEMORY
from ansible_collections.pgha.cluster.plugins.module_utils.lab.plan import Mould, create_argv, lab_problems
from ansible_collections.pgha.cluster.tests.support.labs import server, some_lab

DATA = {"name": "data", "megabytes": 256}
SHARED = {"name": "all", "megabytes": 64, "shared": True}


def machine(name: str = "n1", number: int = 11, **changes: Any) -> dict[str, Any]:
    """Return a machine the way the filter lab_servers gives it."""
    return server(name, number) | {"kind": "machine", "memory": 1024, "disks": [DATA]} | changes


def test_an_ordinary_machine_has_no_problem() -> None:
    assert lab_problems(some_lab(servers=[machine(), machine("n2", 12), server("v1", 19)])) == []


@pytest.mark.parametrize(
    ("servers", "problem"),
    [
        ([machine(kind="vm")], "lab_kind 'vm' of n1: use one of container, machine"),
        ([machine(kind="container")], "n1 has disks, which only a machine can have"),
        ([machine(memory=LEAST_MEMORY - 1)], "n1 has 511 MiB of memory, a machine needs 512"),
        ([machine(disks=[DATA, DATA])], "n1 has two disks that are called data"),
        ([machine(disks=[DATA | {"name": "a,b"}])], "'a,b' of n1 is no name of a disk"),
        ([machine(disks=[DATA | {"megabytes": 0}])], "the disk data of n1 holds 0 MiB"),
        ([machine(disks=[DATA | {"name": f"d{number}"} for number in range(8)])], "n1 has 8 disks"),
        (
            [machine(disks=[SHARED]), machine("n2", 12, disks=[SHARED | {"megabytes": 65}])],
            "the shared disk all has two sizes",
        ),
    ],
)
def test_wrong_hardware_is_named(servers: list[dict[str, Any]], problem: str) -> None:
    assert [text for text in lab_problems(some_lab(servers=servers)) if problem in text]


def test_a_release_without_a_kernel_to_boot_is_refused() -> None:
    problems = lab_problems(some_lab(release="trixie", servers=[machine(), server("v1", 19)]))
    assert len(problems) == 1
    assert "n1 is a machine, and trixie has no user-mode-linux" in problems[0]


def argv_of(**changes: Any) -> tuple[str, ...]:
    """Return the command that makes one machine."""
    lab = some_lab(servers=[machine(**changes)])
    return create_argv(lab, lab.servers[0], Mould("image", "crun", 1024, "disk"))


def test_a_machine_is_made_with_its_hull_and_not_with_systemd() -> None:
    argv = argv_of(memory=768, disks=[DATA, SHARED])
    assert argv[argv.index("image") + 1 :] == (
        *("/lab/hull", "--memory", "768", "--number", "0", "--disk", "data:256:own", "--disk", "all:64:shared"),
    )
    assert "--systemd=always" not in argv
    volumes = [word for before, word in itertools.pairwise(argv) if before == "--volume"]
    assert "disk:/lab/base:ro" in volumes
    assert "/var/lib/pgha-lab/demo/disks:/lab/shared" in volumes
    assert "/var/lib/pgha-lab/demo/n1/journal:/lab/journal" in volumes
    assert "/var/lib/pgha-lab/demo/n1/hardware:/lab/guest/root/usr/lib/pgha-lab/hardware:ro" in volumes
    assert "/lab/memory:rw,exec,size=832m" in argv


def test_a_disk_of_ones_own_goes_with_the_server_and_a_shared_one_with_the_lab() -> None:
    assert not [word for word in argv_of() if word.endswith(":/lab/shared")]
    assert ("disks", 0o700) in directories(some_lab(servers=[machine(disks=[SHARED])]))
    assert ("disks", 0o700) not in directories(some_lab(servers=[machine()]))
