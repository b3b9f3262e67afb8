# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module around servers and management controllers, on a machine that only remembers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.module_utils.lab import gateway
from ansible_collections.pgha.cluster.plugins.module_utils.lab.gateway import Claims
from ansible_collections.pgha.cluster.plugins.modules import lab_machines
from ansible_collections.pgha.cluster.tests.support.labs import some_lab
from ansible_collections.pgha.cluster.tests.support.modules import module_with


class Machine:
    """Podman, ip and the lab's programs, as far as the module can tell."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.containers: dict[str, str] = {}
        self.addresses: set[str] = set()
        self.power: dict[str, str] = {}
        self.bmc: dict[str, str] = {}
        self.ran: list[str] = []
        self.fails = ""
        self.deaf = False

    def __call__(
        self, argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        words = [Path(argv[0]).name, *argv[1:]]
        if self.fails and self.fails in " ".join(words):
            return Completed(1, "", "broken")
        if words[:2] == ["podman", "ps"]:
            listing = [{"Names": [name], "Id": number} for name, number in self.containers.items()]
            return Completed(0, json.dumps(listing), "")
        if words[:3] == ["ip", "-j", "address"]:
            found = [{"family": "inet", "local": address} for address in self.addresses]
            return Completed(0, json.dumps([{"addr_info": found}]), "")
        if words[-1] == "status":
            state = self.power if words[0] == "server" else self.bmc
            return Completed(0, state.get(words[1], "off"), "")
        self.ran.append(" ".join(words[:3]))
        return Completed(0, "" if self.deaf else self.do(words), "")

    def do(self, words: list[str]) -> str:
        """Carry out what changes something, and print what it would."""
        if "create" in words:
            name = words[words.index("--name") + 1]
            self.containers[name] = f"id-of-{name}"
            return self.containers[name] + "\n"
        if words[:2] == ["podman", "rm"]:
            del self.containers[words[-1]]
        if words[:3] == ["ip", "address", "add"]:
            self.addresses.add(words[3].removesuffix("/32"))
        if words[:3] == ["ip", "address", "delete"]:
            self.addresses.remove(words[3].removesuffix("/32"))
        if words[0] == "server":
            self.power[words[1]] = words[2]
        if words[0] == "bmc":
            self.bmc[words[1]] = {"start": "on", "stop": "off"}[words[2]]
        if words[:2] == ["ip", "link"]:
            place = self.root / "interfaces" / "bmc-demo"
            place.mkdir(parents=True) if "add" in words else place.rmdir()
        return ""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Return a machine on which a lab was claimed and its files were placed."""
    lab = some_lab(root=str(tmp_path))
    Claims(tmp_path).write(lab)
    for server in lab.servers:
        (tmp_path / "demo" / server.name).mkdir()
    for program in ("server", "bmc"):
        (tmp_path / "demo" / program).touch()
    monkeypatch.setattr(gateway, "INTERFACES", tmp_path / "interfaces")
    monkeypatch.setattr("shutil.which", lambda _name: "/usr/bin/podman")
    return Machine(tmp_path)


def bring(machine: Machine, check_mode: bool = False, state: str = "present", **changes: Any) -> dict[str, Any]:
    """Run the module's work."""
    fixed = {
        "name": "demo",
        "root": str(machine.root),
        "image": "image",
        "guest": "",
        "runtime": "crun",
        "shares": 1024,
    }
    params: dict[str, Any] = {**fixed, "only": [], "state": state, **changes}
    return lab_machines.bring(module_with(check_mode, **params), machine)


def test_the_quartet(machine: Machine) -> None:
    assert bring(machine, check_mode=True)["changed"] is True
    assert machine.ran == []
    assert bring(machine)["changed"] is True
    assert bring(machine, check_mode=True)["changed"] is False
    assert bring(machine)["changed"] is False


def test_the_power_button_learns_by_which_id_it_knows_its_server(machine: Machine) -> None:
    bring(machine)
    assert (machine.root / "demo/n1/container_id").read_text() == "id-of-pgha-demo-n1"


def test_a_run_that_was_interrupted_before_the_id_was_written_is_mended(machine: Machine) -> None:
    bring(machine)
    (machine.root / "demo/n2/container_id").unlink()
    bring(machine)
    assert (machine.root / "demo/n2/container_id").read_text() == "id-of-pgha-demo-n2"


def test_the_quartet_of_removal(machine: Machine) -> None:
    bring(machine)
    assert bring(machine, check_mode=True, state="absent")["changed"] is True
    assert len(machine.containers) == 3
    assert bring(machine, state="absent")["changed"] is True
    assert machine.containers == {}
    assert set(machine.bmc.values()) == {"off"}
    assert bring(machine, check_mode=True, state="absent")["changed"] is False
    assert bring(machine, state="absent")["changed"] is False


def test_the_quartet_of_a_single_server_that_goes(machine: Machine) -> None:
    bring(machine)
    gone: dict[str, Any] = {"state": "absent", "only": ["n2"]}
    assert bring(machine, check_mode=True, **gone)["changed"] is True
    assert len(machine.containers) == 3
    assert bring(machine, **gone)["changed"] is True
    assert set(machine.containers) == {"pgha-demo-n1", "pgha-demo-v1"}
    assert machine.bmc["n2"] == "off"
    assert bring(machine, check_mode=True, **gone)["changed"] is False
    assert bring(machine, **gone)["changed"] is False


def test_a_step_that_fails_is_named_and_the_others_still_end(machine: Machine) -> None:
    machine.fails = "n2 on"
    with pytest.raises(PghaError, match="Could not power on n2"):
        bring(machine)
    assert machine.power == {"n1": "on", "v1": "on"}
    machine.fails = ""
    assert bring(machine)["steps"] == ["power on n2", "start the BMC of n2"]


def test_steps_that_change_nothing_are_a_failure(machine: Machine) -> None:
    machine.deaf = True
    with pytest.raises(PghaError, match="still to do is make bmc-demo"):
        bring(machine)


def test_without_a_claim_there_is_nothing_to_make_and_nothing_to_remove(machine: Machine) -> None:
    (machine.root / "demo/lab.json").unlink()
    with pytest.raises(PghaError, match="not reserved"):
        bring(machine)
    assert bring(machine, check_mode=True)["steps"] == ["make every server of the lab"]
    assert bring(machine, state="absent")["changed"] is False


def test_a_silent_podman_is_an_error_and_not_an_empty_lab(machine: Machine) -> None:
    machine.fails = "podman ps"
    with pytest.raises(PghaError, match="podman did not answer"):
        bring(machine, state="absent")
