# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hands of the tests: waiting, and what a lab's server is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.lab import Answer, Lab, LabError, patient, run, wait_until
from ansible_collections.pgha.cluster.tests.support.labs import some_lab


class Clock:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def time(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


def test_waiting_returns_what_was_found() -> None:
    clock = Clock()
    found = wait_until(lambda: "yes" if clock.now > 3 else "", 5, "a yes", clock=clock.time, pause=clock.pause)
    assert found == "yes"
    assert clock.now < 4


def test_waiting_ends_at_the_deadline_and_says_what_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGHA_TEST_PATIENCE", raising=False)
    clock = Clock()
    with pytest.raises(AssertionError, match="not within 5 seconds: a yes; last seen: ''"):
        wait_until(lambda: "", 5, "a yes", clock=clock.time, pause=clock.pause)
    assert clock.now > 5


def test_between_two_questions_as_much_time_goes_by_as_one_takes() -> None:
    clock, asked = Clock(), []

    def question() -> bool:
        asked.append(clock.now)
        clock.now += 2
        return len(asked) == 3

    wait_until(question, 60, "the third", clock=clock.time, pause=clock.pause)
    assert asked == [0, 4, 8]


def test_a_slow_machine_has_one_knob() -> None:
    assert patient(10, {}) == 10
    assert patient(10, {"PGHA_TEST_PATIENCE": "2.5"}) == 25


class Programs:
    """The lab's two programs, with the state that they would keep."""

    def __init__(self) -> None:
        self.words = {"on"}
        self.said: list[str] = []
        self.fails = ""

    def __call__(self, argv: Sequence[str], *, timeout: float, stdin: str | None = None) -> Answer:
        if argv[0] == "ssh":
            self.said.append(f"ssh {argv[-1]}")
            return Answer(0 if "on" in self.words else 255, "", "")
        program, words = Path(argv[0]).name, list(argv[2:])
        if words != ["status"]:
            self.said.append(" ".join([program, *words]))
        if self.fails and self.fails in words:
            return Answer(1, "", "refused")
        if program == "server":
            self._obey(words)
        return Answer(0, " ".join(sorted(self.words)) if words == ["status"] else "", "")

    def _obey(self, words: list[str]) -> None:
        if words[0] == "off":
            self.words = {word for word in self.words if word.startswith("cut:")} | {"off"}
        changes = {"on": ({"on"}, {"off"}), "freeze": ({"frozen"}, set()), "thaw": (set(), {"frozen"})}
        add, remove = changes.get(words[0], (set(), set()))
        if words[0] in ("cut", "plug"):
            add, remove = ({f"cut:{words[1]}"}, set()) if words[0] == "cut" else (set(), {f"cut:{words[1]}"})
        self.words = (self.words - remove) | add


@pytest.fixture
def programs() -> Programs:
    """Return programs of a healthy server."""
    return Programs()


@pytest.fixture
def lab(tmp_path: Path, programs: Programs) -> Lab:
    """Return a lab whose programs are faked."""
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo/lab.json").write_text(json.dumps(some_lab().as_claim()))
    return Lab("demo", tmp_path, programs)


def test_a_lab_that_does_not_exist_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"playbooks/lab\.yml"):
        Lab("demo", tmp_path)


def test_a_lab_knows_its_servers(lab: Lab) -> None:
    assert [server.name for server in lab] == ["n1", "n2", "v1"]
    assert lab.release == "bookworm"
    assert lab["n1"].addresses["public"] == "10.78.0.11"


def test_a_program_that_refuses_is_the_labs_error_and_no_test_result(lab: Lab, programs: Programs) -> None:
    programs.fails = "freeze"
    with pytest.raises(LabError, match="freeze: refused"):
        lab["n1"].freeze()


def test_commands_go_over_ssh_with_the_labs_own_known_hosts(lab: Lab) -> None:
    seen: list[Sequence[str]] = []

    def record(argv: Sequence[str], *, timeout: float, stdin: str | None = None) -> Answer:
        seen.append(argv)
        return Answer(0, "n1\n", "")

    lab["n1"].runner = record
    assert lab["n1"].must("hostname", network="public") == "n1"
    assert seen[0][-2:] == ["root@10.78.0.11", "hostname"]
    assert f"UserKnownHostsFile={lab.directory}/known_hosts" in seen[0]
    assert "StrictHostKeyChecking=yes" in seen[0]


def test_a_command_that_has_to_succeed_and_does_not(lab: Lab) -> None:
    lab["n1"].runner = lambda *_args, **_options: Answer(3, "", "no such thing")
    with pytest.raises(AssertionError, match="exit status 3: no such thing"):
        lab["n1"].must("false")


def test_an_answer_that_does_not_come_is_an_answer() -> None:
    assert run(["sleep", "5"], timeout=0.1).rc == 124
    assert run(["echo", "x"], timeout=5).stdout == "x\n"


def test_power_is_back_and_the_server_has_booted_after_a_power_cut(lab: Lab, programs: Programs) -> None:
    with faults.power_cut(lab["n1"]):
        assert not lab["n1"].is_on()
    assert programs.said == ["server off", "server on", "ssh true"]


def test_a_fault_is_undone_when_the_test_fails(lab: Lab) -> None:
    with pytest.raises(ZeroDivisionError), faults.frozen(lab["n1"]):
        assert lab["n1"].is_frozen()
        raise ZeroDivisionError
    assert not lab["n1"].is_frozen()


def test_a_frozen_server_that_was_fenced_is_not_thawed(lab: Lab, programs: Programs) -> None:
    with faults.frozen(lab["n1"]):
        lab["n1"].power_cut()
    assert "server thaw" not in programs.said


def test_all_cables_are_restored_also_after_half_of_them_failed(lab: Lab, programs: Programs) -> None:
    with faults.cables_cut(lab["n1"]):
        assert lab["n1"].cuts() == {"public", "replication", "management"}
    assert lab["n1"].cuts() == set()
    programs.fails = "replication"
    with pytest.raises(LabError), faults.cables_cut(lab["n1"], "public", "replication"):
        raise AssertionError("never reached")
    assert lab["n1"].cuts() == set()


BMC_FAULTS = [
    (faults.bmc_dead, "bmc stop"),
    (faults.bmc_silent, "bmc hang"),
    (faults.bmc_refusing, "bmc refuse"),
    (faults.bmc_lying, "bmc lie"),
]


@pytest.mark.parametrize(("fault", "said"), BMC_FAULTS)
def test_management_controllers_come_back(fault, said: str, lab: Lab, programs: Programs) -> None:  # type: ignore[no-untyped-def]
    with fault(lab["n1"], lab["n2"]):
        assert programs.said == [said, said]
    assert programs.said == [said, said, "bmc start", "bmc start"]


def test_healing_undoes_whatever_is_left(lab: Lab, programs: Programs) -> None:
    programs.words = {"on", "frozen", "cut:public"}
    lab.heal()
    assert programs.words == {"on"}


def answering(lab: Lab, *answers: str) -> list[str]:
    """Let a server answer commands one after the other, the last one for ever; return what it is told."""
    said: list[str] = []
    left = list(answers)

    def run_it(argv: Sequence[str], *, timeout: float, stdin: str | None = None) -> Answer:
        said.append(" ".join(filter(None, (argv[-1], (stdin or "").strip()))))
        return Answer(0, left.pop(0) if len(left) > 1 else left[0], "")

    lab["n1"].runner = run_it
    return said


def test_a_killed_service_is_over_when_it_runs_anew(lab: Lab) -> None:
    said = answering(lab, "12", "", "0", "12", "34")
    with faults.service_struck(lab["n1"], "agent", "KILL"):
        assert said[-1] == "systemctl kill --signal KILL agent"
        asked = len(said)
    # Not while it is gone, nor while it is the old one.
    assert len([one for one in said[asked:] if one.startswith("systemctl show")]) == 3
    assert said[-1].endswith("|| systemctl kill --signal CONT agent")


def test_a_service_that_does_not_run_cannot_be_struck(lab: Lab) -> None:
    said = answering(lab, "0")
    with (
        pytest.raises(AssertionError, match="agent does not run on n1"),
        faults.service_struck(lab["n1"], "agent", "KILL"),
    ):
        raise NotImplementedError
    assert len(said) == 1


def test_a_stopped_service_runs_again_also_when_the_test_fails(lab: Lab) -> None:
    said = answering(lab, "")
    with pytest.raises(ZeroDivisionError), faults.service_stopped(lab["n1"], "agent"):
        raise ZeroDivisionError
    assert said == ["systemctl stop agent", "systemctl start agent"]


def test_vrrp_is_blocked_the_ways_that_are_asked_for_and_free_again(lab: Lab) -> None:
    said = answering(lab, "")
    with faults.vrrp_blocked(lab["n1"], "input"):
        assert said[0].count("112") == 1
        assert "hook input" in said[0]
        assert "hook output" not in said[0]
    assert said[-1] == "nft delete table inet pgha_fault"


def test_servers_are_parted_on_every_network_and_both_ways(lab: Lab) -> None:
    said = answering(lab, "")
    with faults.parted(lab["n1"], lab["n2"], also=["10.99.0.100"]):
        for address in ("10.99.0.100", *lab["n2"].addresses.values()):
            assert said[0].count(f"{address},") + said[0].count(f"{address} }}") == 2
        assert "ip saddr" in said[0]
        assert "ip daddr" in said[0]
    assert said[-1] == "nft delete table inet pgha_fault"


def test_a_network_is_dead_on_the_interface_that_has_its_address(lab: Lab) -> None:
    said = answering(lab, "2: eth7    inet 10.99.0.11/24 scope global eth7")
    with faults.network_dead(lab["n1"], "public"):
        assert said[0].endswith(f"show to {lab['n1'].addresses['public']}")
        assert "iifname eth7" in said[1]
        assert "oifname eth7" in said[1]
    assert said[-1] == "nft delete table inet pgha_fault"


def test_the_console_needs_no_cable(lab: Lab) -> None:
    seen: list[Sequence[str]] = []

    def record(argv: Sequence[str], *, timeout: float, stdin: str | None = None) -> Answer:
        seen.append(argv)
        return Answer(0, "", "")

    lab["n1"].runner = record
    lab["n1"].console("true")
    assert seen == [["podman", "exec", "pgha-demo-n1", "sh", "-c", "true"]]
