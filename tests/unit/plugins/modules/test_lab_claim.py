# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reserving a lab, and refusing before anything is made."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.lab.gateway import Machine
from ansible_collections.pgha.cluster.plugins.modules import lab_claim
from ansible_collections.pgha.cluster.tests.support.labs import lab_options, server
from ansible_collections.pgha.cluster.tests.support.modules import module_with


class Able(Machine):
    """A machine that can carry a lab, with what a test takes from it."""

    def __init__(self, **changes: Any) -> None:
        self.values: dict[str, Any] = {"root": True, "routes": [], "podman": {}, "namespaces": True, "free": 9999}
        self.values["taps"] = True
        self.values |= changes

    def is_root(self) -> bool:
        return bool(self.values["root"])

    def routes(self) -> list[ipaddress.IPv4Network]:
        return list(self.values["routes"])

    def podman_networks(self) -> dict[str, list[ipaddress.IPv4Network]]:
        return dict(self.values["podman"])

    def makes_namespaces(self) -> bool:
        return bool(self.values["namespaces"])

    def makes_taps(self) -> bool:
        return bool(self.values["taps"])

    def free_mebibytes(self, directory: str) -> int:
        return int(self.values["free"])


def claim(root: Path, machine: Machine | None = None, check_mode: bool = False, **changes: Any) -> dict[str, Any]:
    """Run the module's work."""
    params = {"name": "demo", "root": str(root), "space": 4096, "drop": [], **lab_options(), **changes}
    return lab_claim.claim(module_with(check_mode, **params), machine or Able())


def test_the_quartet(tmp_path: Path) -> None:
    assert claim(tmp_path, check_mode=True)["changed"] is True
    assert list(tmp_path.iterdir()) == []
    assert claim(tmp_path)["changed"] is True
    assert claim(tmp_path, check_mode=True)["changed"] is False
    assert claim(tmp_path)["changed"] is False


def test_the_result_tells_the_whole_lab(tmp_path: Path) -> None:
    result = claim(tmp_path)
    assert result["lab"]["directory"] == f"{tmp_path}/demo"
    assert result["lab"]["bmc_interface"] == "bmc-demo"
    assert result["runtime"] in ("runc", "crun")


@pytest.mark.parametrize(
    ("machine", "message"),
    [
        (Able(root=False), "only root"),
        (Able(namespaces=False), "no network namespaces"),
        (Able(free=100), "100 MiB are free"),
        (Able(routes=[ipaddress.IPv4Network("10.78.1.0/24")]), "a route to 10.78.1.0/24"),
        (Able(podman={"podman": [ipaddress.IPv4Network("10.78.0.0/16")]}), "podman's network podman"),
    ],
)
def test_a_machine_that_cannot_carry_it_is_left_as_it_was(tmp_path: Path, machine: Machine, message: str) -> None:
    with pytest.raises(PghaError, match=message):
        claim(tmp_path, machine)
    assert list(tmp_path.iterdir()) == []


def test_wrong_settings_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(PghaError, match="lab_name"):
        claim(tmp_path, name="../etc")
    assert list(tmp_path.iterdir()) == []


def test_its_own_routes_and_a_filled_disk_do_not_stand_against_an_existing_lab(tmp_path: Path) -> None:
    claim(tmp_path)
    machine = Able(routes=[ipaddress.IPv4Network("10.78.1.0/24")], free=0)
    assert claim(tmp_path, machine)["changed"] is False


def test_subnets_of_another_lab_are_refused_with_its_name(tmp_path: Path) -> None:
    claim(tmp_path)
    with pytest.raises(PghaError, match="belongs to the lab demo"):
        claim(tmp_path, name="second")
    assert claim(tmp_path, name="second", **lab_options("10.79"))["changed"] is True


MACHINE = {"kind": "machine", "disks": [{"name": "data", "megabytes": 256, "shared": False}]}


def test_a_machine_without_taps_carries_containers_and_no_kernels(tmp_path: Path) -> None:
    with pytest.raises(PghaError, match="no /dev/net/tun"):
        claim(tmp_path, Able(taps=False), servers=[server("n1", 11) | MACHINE])
    assert claim(tmp_path, Able(taps=False))["changed"] is True


def test_the_quartet_of_a_lab_with_machines_and_its_hardware_stays(tmp_path: Path) -> None:
    machines: dict[str, Any] = {"servers": [server("n1", 11) | MACHINE]}
    assert claim(tmp_path, check_mode=True, **machines)["changed"] is True
    assert claim(tmp_path, **machines)["changed"] is True
    assert claim(tmp_path, check_mode=True, **machines)["changed"] is False
    assert claim(tmp_path, **machines)["changed"] is False
    with pytest.raises(PghaError, match="another kind, memory or disks"):
        claim(tmp_path, servers=[server("n1", 11)])


def test_an_existing_lab_with_other_settings_is_not_touched(tmp_path: Path) -> None:
    claim(tmp_path)
    before = (tmp_path / "demo/lab.json").read_text()
    with pytest.raises(PghaError, match="exists with other settings: its release is bookworm, not trixie"):
        claim(tmp_path, release="trixie")
    assert (tmp_path / "demo/lab.json").read_text() == before


def test_a_broken_claim_is_named(tmp_path: Path) -> None:
    claim(tmp_path)
    (tmp_path / "demo/lab.json").write_text("{}")
    with pytest.raises(PghaError, match=r"no claim of a lab.*lab\.json"):
        claim(tmp_path)


def test_a_lab_grows_and_loses_only_what_is_named(tmp_path: Path) -> None:
    claim(tmp_path)
    larger = [*lab_options()["servers"], server("n3", 13)]
    assert claim(tmp_path, check_mode=True, servers=larger)["changed"] is True
    assert claim(tmp_path, servers=larger)["changed"] is True
    assert claim(tmp_path, servers=larger)["changed"] is False
    with pytest.raises(PghaError, match="it has n3, too"):
        claim(tmp_path)
    assert "n3" in (tmp_path / "demo/lab.json").read_text()
    assert claim(tmp_path, drop=["n3"])["changed"] is True
    assert "n3" not in (tmp_path / "demo/lab.json").read_text()
    assert claim(tmp_path, drop=["n3"])["changed"] is False
