# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench of a stack with one disk on paper: what it tells which server, in which order, and what it reads."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.vars.manager import VariableManager
from ansible_collections.pgha.cluster.tests.bench import commits, disk, raw, resync
from ansible_collections.pgha.cluster.tests.bench.figures import MEGABYTE, Resync
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster, Look
from ansible_collections.pgha.cluster.tests.support.drbd import FIXTURES
from ansible_collections.pgha.cluster.tests.support.lab import Answer, Lab, Server
from ansible_collections.pgha.cluster.tests.support.playbooks import PROJECT
from ansible_collections.pgha.cluster.tests.support.stacks import STACKS
from ansible_collections.pgha.cluster.tests.support.trial import Book

PGBENCH = """pgbench (15.14 (Debian 15.14-0+deb12u1))
transaction type: <builtin: TPC-B (sort of)>
number of transactions actually processed: 17939
latency average = 4.458 ms
initial connection time = 45.758 ms
tps = 896.967014 (without initial connection time)
"""


def shows(name: str) -> str:
    """Return what a kernel shows of the disks in some state."""
    return (FIXTURES / f"{name}.txt").read_text(encoding="utf-8")


ALONE, BUSY, ALIKE = shows("ahead-n1"), shows("syncing-n1"), shows("primary-n1")
UNSURE = ALONE.replace("Outdated C r", "DUnknown C s")


class OnPaper(Cluster):
    """Two servers of which n1 is primary; they write down what they are told and answer what a test says.

    :ivar answers: what a command is answered whose text holds the key; of several answers each time the next one.
    """

    def __init__(self, answers: Mapping[str, Sequence[str]], stack: str = "drbd") -> None:
        super().__init__("paper", "10.99", "bookworm", Path("/nonexistent"), stack=STACKS[stack])
        self.said: list[str] = []
        self.answers = {key: list(values) for key, values in answers.items()}
        self.two = [self._server(number) for number in (1, 2)]

    def _server(self, number: int) -> Server:
        def runner(argv: Sequence[str], *, timeout: float, stdin: str | None = None) -> Answer:
            program = Path(argv[0]).name
            words = argv[-1] if program == "ssh" else f"{program} {argv[-1]}"
            self.said.append(f"n{number}: {words}" + (f" <<< {stdin}" if "psql" in words else ""))
            found = next((values for key, values in self.answers.items() if key in words), [""])
            return Answer(0, found.pop(0) if len(found) > 1 else found[0], "")

        addresses = {network: f"10.99.{one}.1{number}" for one, network in enumerate(("public", "replication"))}
        record = {"name": f"n{number}", "addresses": addresses | {"management": f"10.99.2.1{number}"}}
        return Server(Path("/lab"), record | {"bmc_address": ""}, runner)

    @property
    def lab(self) -> Lab:
        raise AssertionError("no lab is needed for this")

    def servers(self) -> list[Server]:
        return self.two

    def primary(self) -> Server:
        return self.two[0]

    def look(self, server: Server) -> Look:
        raise AssertionError("nobody is asked for its role")

    def wait_whole(self, deadline: float = 0) -> None:
        self.said.append("whole")

    def place_of(self, *words: str) -> list[int]:
        """Return when such words were said first, for each of them."""
        return [next(at for at, one in enumerate(self.said) if word in one) for word in words]


def test_a_primary_writes_alone_when_the_other_disk_is_barred_and_its_own_writes_go_on() -> None:
    seen = [resync.state(OnPaper({"proc": [said]}).primary()) for said in (ALIKE, UNSURE, ALONE)]
    assert [resync.barred(one) for one in seen] == [False, False, True]


def looked(*looks: tuple[float, str]) -> str:
    """Return what the watching program prints."""
    return "".join(f"{json.dumps(look)}\n" for look in looks)


def test_a_resync_lasts_from_the_connection_until_the_disks_are_alike() -> None:
    assert resync.lasted(looked((3, ALONE), (41.5, BUSY), (42, BUSY), (44, ALIKE))) == 2.5
    with pytest.raises(ValueError, match="never seen connected"):
        resync.lasted(looked((3, ALONE)))


def watching(directory: Path, said: str, seconds: str) -> subprocess.CompletedProcess[str]:
    """Run the program that watches, on a file in the kernel's place."""
    (directory / "drbd").write_text(said, encoding="utf-8")
    program = resync.WATCH.replace("/proc/drbd", str(directory / "drbd"))
    argv = [sys.executable, "-", seconds]
    return subprocess.run(argv, input=program, capture_output=True, text=True, check=False, timeout=30)


def test_the_watch_ends_when_the_disks_are_alike(tmp_path: Path) -> None:
    done = watching(tmp_path, ALIKE, "20")
    assert (done.returncode, resync.lasted(done.stdout)) == (0, 0)


def test_the_watch_does_not_wait_for_ever_and_says_what_it_saw(tmp_path: Path) -> None:
    done = watching(tmp_path, BUSY, "0.1")
    assert done.returncode == 1
    assert "SyncSource" in done.stderr


COUNTED = '[{}, {"stats64": {"rx": {"bytes": %d}}}]'


def test_the_standby_is_off_and_barred_while_so_much_is_written_and_can_be_fenced_when_it_comes_back() -> None:
    cluster = OnPaper(
        {
            "cat /proc/drbd": [ALIKE, UNSURE, ALONE],
            "python3 -": [looked((0, ALONE), (50, BUSY), (52, ALIKE))],
            "ip -json": [COUNTED % (102 * MEGABYTE)],
        }
    )
    one = resync.resynced(cluster, 100)
    assert (one.written, round(one.lacking, 2), one.received, one.seconds) == (100, 100.07, 102, 2)
    order = ("whole", "CHECKPOINT", "n2: ", "n1: dd ", "ip -json", "n1: rm ")
    assert cluster.place_of(*order) == sorted(cluster.place_of(*order))
    told = [word for word in cluster.said if word.startswith(("n2: bmc", "n2: server", "n1: dd"))]
    assert [word.split(" if=")[0] for word in told[:5]] == [
        *("n2: bmc lie", "n2: server off", "n1: dd", "n2: bmc start", "n2: server on")
    ]
    assert cluster.said.index(told[2]) - cluster.said.index(told[1]) == 4, (
        "three looks, until the third shows it barred"
    )


def test_what_was_written_elsewhere_is_no_measurement() -> None:
    with pytest.raises(AssertionError, match=r"128 MB were written, and n2 lacks 100\.1 MB"):
        resync.resynced(OnPaper({"proc": [ALONE]}), 128)


def test_the_commits_are_those_that_pgbench_counts() -> None:
    assert commits.rate_of(PGBENCH) == pytest.approx(896.967014)
    with pytest.raises(ValueError, match="no transactions: it was broken off"):
        commits.rate_of("it was broken off")


def rated() -> OnPaper:
    """Return a cluster on which all three were measured, twice each."""
    cluster = OnPaper({"ls /usr/lib": ["15"], "psql": ["1"], "protocol": [PGBENCH]})
    cluster.followers = lambda primary: ["n2 streaming sync"]  # type: ignore[method-assign]
    found = dict(commits.measured(commits.Place(cluster), 2))
    assert found == dict.fromkeys((commits.REPLICATED, commits.ALONE, commits.STREAMED), [896.967014] * 2)
    return cluster


def test_the_same_is_asked_of_all_three_on_the_same_server() -> None:
    cluster = rated()
    assert not [one for one in cluster.said if one.startswith("n2: ") and "pgbench" in one]
    measured = [one for one in cluster.said if "/bin/pgbench" in one]
    assert len(set(measured)) == 2
    assert measured == measured[:3] * 3


def test_no_disk_is_overwritten_before_the_cluster_has_ended_on_both_servers() -> None:
    cluster = rated()
    ended = [one[:3] for one in cluster.said if "systemctl stop" in one]
    assert ended == ["n2:", "n1:"], "the standby first, so that nothing moves"
    made = [at for at, one in enumerate(cluster.said) if "mkfs" in one]
    assert [cluster.said[at][:3] for at in made] == ["n1:", "n2:"]
    assert made[0] > max(at for at, one in enumerate(cluster.said) if "systemctl stop" in one)
    order = ("n1: set -e", "initdb", "n2: set -e", "pg_basebackup", "synchronous_standby_names")
    assert cluster.place_of(*order) == sorted(cluster.place_of(*order))


@pytest.mark.parametrize(("stack", "tables"), [("drbd", ["deploy", "resync", "commits"]), ("shared", ["deploy"])])
def test_a_second_disk_is_measured_where_there_is_one(
    stack: str, tables: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    monkeypatch.setattr(raw, "fresh", lambda cluster: made.append(cluster.playbooks.variables["lab_disk_megabytes"]))
    monkeypatch.setattr(disk, "outages", lambda *_: "deploy")
    monkeypatch.setattr(disk, "caught_up", lambda *_: "resync")
    monkeypatch.setattr(disk, "committed", lambda *_: "commits")
    monkeypatch.setenv("PGHA_TEST_PATIENCE", "2")
    assert list(disk.tables(OnPaper({}, stack), Book(Path("/nonexistent")), 3)) == tables
    assert made == [1024], "one lab, with larger disks than the usual one's"


def test_each_amount_is_measured_as_often_as_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "resynced", lambda _cluster, megabytes: Resync(megabytes, megabytes, megabytes, 1, 9))
    lines = disk.caught_up(OnPaper({}), 2).splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [["1", "MB"], ["16", "MB"], ["128", "MB"]]


@pytest.mark.parametrize(("given", "megabytes"), [({}, 256), ({"lab_disk_megabytes": 1024}, 1024)])
def test_the_lab_takes_the_size_of_its_disks_from_the_command_line(given: dict[str, int], megabytes: int) -> None:
    loader = DataLoader()
    inventory = InventoryManager(loader, [str(PROJECT / "inventories" / "lab_drbd")])
    variables = VariableManager(loader, inventory)
    variables._extra_vars = given
    for name in ("n1", "n2"):
        found = variables.get_vars(host=inventory.get_host(name))
        assert Templar(loader, found).template(found["lab_disks"]) == [{"name": "data", "megabytes": megabytes}]
