# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both halves of a switchover when something goes wrong: who may start afterwards, and who may not (S1)."""

from __future__ import annotations

import contextlib
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import handover, switchover
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import files
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.pooler import Poolers
from ansible_collections.pgha.cluster.tests.support.fake_pacemaker import FakePacemaker, fixture

STANDING = (False, "streaming", "sync", 0)
SHUTDOWN = "rmgr: XLOG len (rec/tot): 114/114, tx: 0, lsn: 0/030001D0, prev 0/030001A8, desc: CHECKPOINT_SHUTDOWN redo"
COMMIT = "rmgr: Transaction len (rec/tot): 34/34, tx: 741, lsn: 0/030001D0, prev 0/03000170, desc: COMMIT"


class Session:
    """What PostgreSQL answers; statements are recognised by a word of theirs."""

    def __init__(self, answers: Mapping[str, Callable[[], Any]], *, ended: bool = False) -> None:
        self.answers = answers
        self.ended = ended
        self.asked: list[str] = []

    def ask(self, statement: str, values: tuple[Any, ...] = (), *, seconds: float = 5) -> list[Any]:
        self.asked.append(statement)
        for word, answer in self.answers.items():
            if word in statement:
                return [answer()]
        return []

    def has_news(self) -> bool:
        return self.ended

    def close(self) -> None:
        pass


class Cluster(FakePacemaker):
    """A cluster that takes the window for granted and keeps what is recorded."""

    printed = ""

    def __init__(self, record: str) -> None:
        super().__init__(fixture("3.0", "cib-healthy.xml"), fixture("3.0", "crm_mon-healthy.xml"))
        self.monitor = (self.monitor or "").replace('maintenance-mode="false"', 'maintenance-mode="true"')
        self._crm_attribute(
            ["", "--node=pm-t1", "--name=postgresql-data-status", f"--update={record}", "--lifetime=forever"], "", {}
        )

    def __call__(self, argv: Any, **more: Any) -> Completed:
        if argv[0].endswith(("pg_waldump", "ip", "sh")):
            self.calls.append(list(argv))
            return Completed(0, self.printed, "")
        return super().__call__(argv, **more)

    def _cibadmin(self, argv: list[str], stdin: str, env: Mapping[str, str]) -> Completed:
        return Completed(0, "", "") if "--query" not in argv else super()._cibadmin(argv, stdin, env)

    def record(self, node: str) -> str:
        found = ET.fromstring(self.cib).find(
            f"configuration/nodes/node[@uname='{node}']/instance_attributes/nvpair[@name='postgresql-data-status']"
        )
        return "" if found is None else found.get("value", "")


@pytest.fixture
def terms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> switchover.Terms:
    # What these tests let pass. What must come in time keeps its own limit: a machine may be busy.
    for name in ("PROMOTED_SECONDS", "RELEASE_SECONDS"):
        monkeypatch.setattr(switchover, name, 0.2)
    (tmp_path / handover.LOCK).touch()
    return switchover.Terms(
        primary="pm-t1",
        standby="pm-t2",
        mode="sync",
        data_directory=tmp_path / "data",
        bin_directory=Path("/bin"),
        state_directory=tmp_path,
        resource="postgresql",
        addresses=(handover.Address("write-address", "10.0.0.100", 24),),
        slots=("pgha_n1",),
        rest=60,
        timeout=60,
        socket={"host": "local"},
        peer={"host": "peer"},
        poolers=Poolers(()),
    )


def meet(monkeypatch: pytest.MonkeyPatch, local: Session, peer: Session) -> None:
    monkeypatch.setattr(switchover, "Session", lambda **given: local if given["host"] == "local" else peer)


@pytest.mark.parametrize(("record", "guarded"), [("LATEST", False), ("DISCONNECT", True)])
def test_a_primary_whose_standby_dies_goes_on_only_if_that_one_was_never_promoted(
    terms: switchover.Terms, monkeypatch: pytest.MonkeyPatch, record: str, guarded: bool
) -> None:
    """The standby records that it leaves the primary behind before it promotes."""

    def gone() -> Any:
        raise PghaError("no answer")

    local = Session({"FROM (VALUES (%s))": lambda: STANDING, "pg_stat_activity": lambda: (True,)})
    meet(monkeypatch, local, Session({"pg_is_in_recovery": gone}))
    pids = [4711]
    monkeypatch.setattr(files, "postmaster_pid", lambda _directory: pids.pop() if pids else None)
    signals: list[int] = []
    monkeypatch.setattr("os.kill", lambda pid, _sign: signals.append(pid))
    cluster = Cluster(record)
    with pytest.raises(PghaError, match="until pm-t2 was promoted"):
        switchover.give(terms, cluster)
    assert signals == [4711]
    assert (terms.state_directory / handover.LOCK).exists() is guarded
    assert cluster.ran("crm_resource"), "the cluster was not told to look anew"


def test_addresses_do_not_wait_for_an_archiver_and_the_guard_does(
    terms: switchover.Terms, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients wait for the addresses. A server that still stops is not one that has stopped in order."""
    local = Session({"FROM (VALUES (%s))": lambda: STANDING, "pg_stat_activity": lambda: (True,)})
    meet(monkeypatch, local, Session({"pg_is_in_recovery": lambda: (False,)}))
    cluster = Cluster("LATEST")
    cluster.printed = "2: eth0    inet 10.0.0.100/24 scope global eth0"
    seen: list[tuple[bool, bool]] = []

    def pid(_directory: Path) -> int | None:
        given_up = any(argv[:3] == ["ip", "address", "delete"] for argv in cluster.calls)
        seen.append((given_up, (terms.state_directory / handover.LOCK).exists()))
        return 4711 if len(seen) < 4 else None

    monkeypatch.setattr(files, "postmaster_pid", pid)
    monkeypatch.setattr("os.kill", lambda *_given: None)
    monkeypatch.setattr(handover.Window, "is_open", lambda _window: False)
    phases = switchover.give(terms, cluster)
    assert seen == [(False, True), (True, True), (True, True), (True, True)]
    assert not (terms.state_directory / handover.LOCK).exists()
    assert list(phases) == ["checkpoint", "rest", "handover", "addresses", "end"]


def test_a_primary_that_is_judged_unfit_to_stop_does_not(
    terms: switchover.Terms, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = iter([STANDING, (False, "streaming", "async", 0)])
    local = Session({"FROM (VALUES (%s))": lambda: next(rows), "pg_stat_activity": lambda: (True,)})
    meet(monkeypatch, local, Session({}))
    monkeypatch.setattr("os.kill", lambda *_given: pytest.fail("the primary was stopped"))
    with pytest.raises(PghaError, match="pm-t2 is no synchronous standby"):
        switchover.give(terms, Cluster("LATEST"))


def watching(*, streams: int) -> dict[str, Callable[[], Any]]:
    """A standby whose stream ends after so many looks."""
    looks = iter(range(100000))

    def look() -> Any:
        number = next(looks)
        return ("0/3000100" if number < streams else "0/3000248", "0/3000248", number < streams, 1)

    return {"pg_stat_wal_receiver": look, "pg_stat_activity": lambda: (True,)}


def test_a_standby_without_the_shutdown_checkpoint_does_not_promote(
    terms: switchover.Terms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switchover, "PROOF_SECONDS", 0.2)
    local = Session(watching(streams=3))
    meet(monkeypatch, local, Session({}))
    cluster = Cluster("LATEST")
    cluster.printed = COMMIT
    with pytest.raises(PghaError, match="Not promoted"):
        switchover.take(terms, cluster)
    assert not [statement for statement in local.asked if "pg_promote" in statement]
    assert cluster.record("pm-t1") == "LATEST", "the old primary may have to go on"
    assert not [argv for argv in cluster.calls if argv[0] == "sh"]


def test_a_standby_whose_primary_gives_up_does_not_promote(
    terms: switchover.Terms, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = iter([True, True, False])
    local = Session({**watching(streams=100000), "pg_stat_activity": lambda: (next(there),)})
    meet(monkeypatch, local, Session({}))
    cluster = Cluster("LATEST")
    with pytest.raises(PghaError, match="pm-t1 gave up before it stopped"):
        switchover.take(terms, cluster)
    assert cluster.record("pm-t1") == "LATEST"


def test_the_old_primary_is_recorded_as_left_behind_before_the_new_one_is_promoted(
    terms: switchover.Terms, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster("LATEST")
    cluster.printed = SHUTDOWN
    recorded: list[str] = []
    monkeypatch.setattr("shutil.chown", lambda *_given: None)

    def promote() -> Any:
        recorded.append(cluster.record("pm-t1"))
        return (True,)

    local = Session({**watching(streams=3), "pg_promote": promote, "pg_is_in_recovery": lambda: (not recorded,)})
    meet(monkeypatch, local, Session({}))
    phases = switchover.take(terms, cluster)
    assert recorded == ["DISCONNECT"]
    assert cluster.record("pm-t2") == "LATEST"
    assert list(phases) == ["stop", "promotion", "addresses"]
    assert (terms.state_directory / handover.LOCK).exists()


def pooled(terms: switchover.Terms, said: list[str]) -> switchover.Terms:
    """Return terms with a pool that notes what it is told."""

    class Console(Session):
        def ask(self, statement: str, values: tuple[Any, ...] = (), *, seconds: float = 5) -> list[Any]:
            said.append(statement)
            return []

    return replace(terms, poolers=Poolers(({"host": "pool"},), lambda **_login: Console({})))


def test_pools_pause_right_before_the_stop_and_go_on_when_nothing_comes_of_it(
    terms: switchover.Terms, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    rows = iter([STANDING, (False, "streaming", "async", 0)])
    local = Session({"FROM (VALUES (%s))": lambda: next(rows), "pg_stat_activity": lambda: (True,)})
    meet(monkeypatch, local, Session({}))
    with pytest.raises(PghaError, match="no synchronous standby"):
        switchover.give(pooled(terms, said), Cluster("LATEST"))
    assert said == ["SHOW VERSION", "PAUSE", "RESUME"]


def test_the_old_primary_lets_pools_go_on_when_the_new_one_dies(
    terms: switchover.Terms, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def gone() -> Any:
        raise PghaError("no answer")

    local = Session({"FROM (VALUES (%s))": lambda: STANDING, "pg_stat_activity": lambda: (True,)})
    meet(monkeypatch, local, Session({"pg_is_in_recovery": gone}))
    pids = [4711]
    monkeypatch.setattr(files, "postmaster_pid", lambda _directory: pids.pop() if pids else None)
    monkeypatch.setattr("os.kill", lambda *_given: None)
    with pytest.raises(PghaError, match="until pm-t2 was promoted"):
        switchover.give(pooled(terms, said), Cluster("LATEST"))
    assert said == ["SHOW VERSION", "PAUSE", "RESUME"]


@pytest.mark.parametrize("printed", [SHUTDOWN, COMMIT])
def test_the_standby_lets_pools_go_on_whether_it_took_over_or_not(
    terms: switchover.Terms, monkeypatch: pytest.MonkeyPatch, printed: str
) -> None:
    said: list[str] = []
    if printed == COMMIT:
        monkeypatch.setattr(switchover, "PROOF_SECONDS", 0.2)
    cluster = Cluster("LATEST")
    cluster.printed = printed
    monkeypatch.setattr("shutil.chown", lambda *_given: None)
    promoted = iter([True, *[False] * 9])
    local = Session({**watching(streams=3), "pg_promote": lambda: (True,), "in_recovery": lambda: (next(promoted),)})
    meet(monkeypatch, local, Session({}))
    with contextlib.suppress(PghaError):
        switchover.take(pooled(terms, said), cluster)
    assert said == ["SHOW VERSION", "RESUME"]
