# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pure parts of a lab's power button, and of its management controllers' switch."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

PROJECT = Path(__file__).parents[4]
FIXTURES = PROJECT / "tests/fixtures"
CONTAINER = "3c9ea3fa5575f2434daa3ae5bb3277b33cc0aec9b9fc6f9eb417f2ff0d425084"


@pytest.fixture(scope="module", autouse=True)
def programs_on_path() -> Iterator[None]:
    """Let the programs find each other, as they do in a lab's directory."""
    sys.path.insert(0, str(PROJECT / "roles/lab/files"))
    yield
    sys.path.pop(0)


@pytest.fixture(scope="module")
def machine() -> ModuleType:
    return importlib.import_module("machine")


def test_the_freezer_of_cgroups_v1(machine: ModuleType) -> None:
    text = (FIXTURES / "kernel/6.18/cgroup_hybrid").read_text()
    assert machine.freezer_of(text, CONTAINER) == (
        f"/sys/fs/cgroup/freezer/libpod_parent/libpod-{CONTAINER}/freezer.state",
        "FROZEN",
        "THAWED",
    )


@pytest.mark.parametrize(
    ("line", "path"),
    [
        (f"0::/libpod_parent/libpod-{CONTAINER}/init.scope", f"libpod_parent/libpod-{CONTAINER}"),
        (f"0::/machine.slice/libpod-{CONTAINER}.scope/container", f"machine.slice/libpod-{CONTAINER}.scope"),
    ],
)
def test_the_freezer_of_cgroups_v2_is_the_containers_and_not_a_services(
    machine: ModuleType, line: str, path: str
) -> None:
    assert machine.freezer_of(line + "\n", CONTAINER) == (f"/sys/fs/cgroup/{path}/cgroup.freeze", "1", "0")


def test_the_freezer_of_another_container_is_never_taken(machine: ModuleType) -> None:
    with pytest.raises(machine.RefusedError):
        machine.freezer_of((FIXTURES / "kernel/6.18/cgroup_hybrid").read_text(), "f" * 64)


def test_the_hosts_end_of_a_cable(machine: ModuleType) -> None:
    assert machine.host_index((FIXTURES / "iproute2/6.1/link_show.txt").read_text()) == 544
    with pytest.raises(machine.RefusedError):
        machine.host_index("1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536")


def test_a_program_that_fails_is_refused_with_what_it_said(machine: ModuleType) -> None:
    with pytest.raises(machine.RefusedError, match=r"ls .* failed: .*/no/such/file"):
        machine.run("ls", "/no/such/file")


def test_a_missing_file_reads_as_empty(machine: ModuleType, tmp_path: Path) -> None:
    assert machine.read(str(tmp_path), "nothing") == ""


def test_a_stopped_process_is_told_from_a_sleeping_one_whatever_its_name() -> None:
    bmc = importlib.import_module("bmc")
    sleeping = (FIXTURES / "kernel/6.18/stat_sleeping").read_text()
    assert not bmc.is_stopped(sleeping)
    assert bmc.is_stopped(sleeping.replace(") S ", ") T "))
    assert not bmc.is_stopped("1 (a) T b) S 1 1")


def test_a_server_that_the_lab_does_not_have(
    machine: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = importlib.import_module("server")
    monkeypatch.setattr(server, "LAB", str(tmp_path))
    (tmp_path / "n1/cut").mkdir(parents=True)
    assert not server.Server("n1").is_on()
    assert server.describe(server.Server("n1")) == "off"
    for name in ("n2", "..", "/etc", ""):
        with pytest.raises(machine.RefusedError):
            server.Server(name)


def test_power_is_on_while_a_start_is_under_way(
    machine: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = importlib.import_module("server")
    monkeypatch.setattr(server, "LAB", str(tmp_path))
    (tmp_path / "n1/cut").mkdir(parents=True)
    n1 = server.Server("n1")
    with n1.lock("starting"):
        assert n1.is_on()
    assert not n1.is_on()


def test_a_process_that_is_not_the_containers_is_no_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A process number from before a reboot may belong to anybody: hitting it would be a disaster."""
    server = importlib.import_module("server")
    monkeypatch.setattr(server, "LAB", str(tmp_path))
    (tmp_path / "n1/cut").mkdir(parents=True)
    (tmp_path / "n1/pid").write_text(str(os.getpid()))
    (tmp_path / "n1/container_id").write_text(CONTAINER)
    n1 = server.Server("n1")
    assert not n1.is_on()
    n1.off()


def test_an_unknown_request_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    server = importlib.import_module("server")
    monkeypatch.setattr(server, "LAB", str(tmp_path))
    (tmp_path / "n1/cut").mkdir(parents=True)
    assert server.main(["n1", "explode"]) == 1
    assert server.main([]) == 2


@pytest.fixture
def n1(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[ModuleType, ModuleType]:
    """Return the programs bmc and server of a lab with one server, which is off."""
    bmc, server = importlib.import_module("bmc"), importlib.import_module("server")
    for program in (bmc, server):
        monkeypatch.setattr(program, "LAB", str(tmp_path))
    for name in ("cut", "bmc"):
        (tmp_path / "n1" / name).mkdir(parents=True)
    return bmc, server


def test_a_management_controller_that_lies_says_done_and_does_nothing(
    n1: tuple[ModuleType, ModuleType], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bmc, server = n1
    monkeypatch.setattr(server.Server, "is_on", lambda _self: True)
    monkeypatch.setattr(server, "power", lambda *_words: pytest.fail("the power was switched"))
    assert bmc.main(["n1", "lie"]) == 0
    for words, told in (([], "power:1"), (["set", "power", "0"], "power:0"), (["set", "reset", "1"], "power:0")):
        assert server.main(["n1", *words]) == 0 if words else True
        assert server.main(["n1", "get", "power"]) == 0
        assert capsys.readouterr().out.strip() == told
    bmc.Bmc("n1").behave("")
    server.main(["n1", "get", "power"])
    assert capsys.readouterr().out.strip() == "power:1"


def test_a_management_controller_that_refuses_switches_nothing_and_tells_the_truth(
    n1: tuple[ModuleType, ModuleType], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bmc, server = n1
    monkeypatch.setattr(server, "power", lambda *_words: pytest.fail("the power was switched"))
    bmc.main(["n1", "refuse"])
    assert server.main(["n1", "set", "power", "0"]) == 1
    assert "refuses" in capsys.readouterr().err
    assert server.main(["n1", "get", "power"]) == 0
    assert capsys.readouterr().out.strip() == "power:0"


def test_the_power_cord_asks_no_management_controller(
    n1: tuple[ModuleType, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    bmc, server = n1
    pulled: list[str] = []
    monkeypatch.setattr(server, "power", lambda _server, wanted: pulled.append(wanted))
    for mode in ("lie", "refuse"):
        bmc.main(["n1", mode])
        assert server.main(["n1", "off"]) == 0
    assert pulled == ["off", "off"]
