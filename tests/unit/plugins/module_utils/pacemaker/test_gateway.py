# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is run, with which words, and what each answer means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.gateway import Gateway, Patched
from ansible_collections.pgha.cluster.tests.support.fake_pacemaker import IDLE, REST, fixture


class Script:
    """Gives the answers in turn, the last one for ever, and remembers the questions."""

    def __init__(self, *answers: Completed) -> None:
        self.answers = list(answers)
        self.calls: list[list[str]] = []
        self.stdin: list[str | None] = []

    def __call__(
        self, argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        self.calls.append(list(argv))
        self.stdin.append(stdin)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Clock:
    """Time that passes by waiting only."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds


def _gateway(script: Script) -> Gateway:
    clock = Clock()
    return Gateway(script, clock, clock.pause)


def test_exact_words() -> None:
    script = Script(Completed(0, "<cib/>", ""))
    gateway = _gateway(script)
    gateway.query_cib()
    gateway.set_attribute("n1", "weight", "-INFINITY", "forever")
    gateway.set_attribute("n1", "weight", None, "reboot")
    gateway.clean("db", "n1", refresh=False)
    gateway.clean(None, None, refresh=True)
    assert script.calls == [
        ["cibadmin", "--query"],
        ["crm_attribute", "--node=n1", "--name=weight", "--update=-INFINITY", "--lifetime=forever"],
        ["crm_attribute", "--node=n1", "--name=weight", "--delete", "--lifetime=reboot"],
        ["crm_resource", "--cleanup", "--resource=db", "--node=n1"],
        ["crm_resource", "--refresh"],
    ]


def test_the_operators_text_and_every_file_stay_off_the_command_line() -> None:
    script = Script(Completed(0, "", ""))
    _gateway(script).load("<cib/>", "primitive f stonith:x params password=s3cret")
    assert script.calls == [["crm", "--display", "plain", "configure", "load", "update", "-"]]
    assert script.stdin == ["primitive f stonith:x params password=s3cret"]


def test_files_are_for_root_alone_and_gone_afterwards() -> None:
    seen: list[tuple[Path, int]] = []

    def run(
        argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        path = Path(argv[2])
        seen.append((path, path.parent.stat().st_mode & 0o777))
        return Completed(0, "", "")

    Gateway(run).verify("<cib/>")
    ((path, mode),) = seen
    assert mode == 0o700
    assert not path.exists()


@pytest.mark.parametrize(
    ("patch", "expected"),
    [(Completed(0, "", ""), Patched.APPLIED), (Completed(103, "", "older"), Patched.STALE)],
)
def test_patch(patch: Completed, expected: Patched) -> None:
    script = Script(Completed(1, "<diff/>", ""), patch)
    assert _gateway(script).patch("<cib/>", "<cib epoch='2'/>") is expected
    assert script.calls[0][0] == "crm_diff" and script.calls[0][-1] == "--cib"
    assert script.calls[1] == ["cibadmin", "--patch", "--sync-call", "--xml-pipe"]
    assert script.stdin[1] == "<diff/>"


def test_a_refused_patch_shows_no_cib() -> None:
    refused = Completed(78, "", "Call failed: does not conform\n<cib>s3cret</cib>\n")
    with pytest.raises(PghaError, match="refused the change") as caught:
        _gateway(Script(Completed(1, "<diff/>", ""), refused)).patch("<a/>", "<b/>")
    assert caught.value.said == "Call failed: does not conform"


def test_a_stopped_cluster_is_an_answer_to_one_question_and_an_error_to_the_other() -> None:
    gateway = _gateway(Script(Completed(102, fixture("3.0", "crm_mon-stopped.xml"), "")))
    assert gateway.monitor() is None
    with pytest.raises(PghaError, match="not running") as caught:
        gateway.query_cib()
    assert "systemctl start" in str(caught.value.next_step)


def test_a_cluster_that_only_starts_is_not_running_yet() -> None:
    assert _gateway(Script(Completed(0, fixture("3.0", "crm_mon-starting.xml"), ""))).monitor() is None


@pytest.mark.parametrize(
    ("said", "usable"),
    [
        ("crm_verify: Warnings found during check: config may not be valid", True),
        ("Configuration invalid (with warnings)", True),
        ("crm_verify: Errors found during check: config not valid", False),
        ("Configuration invalid (with errors)", False),
    ],
)
def test_warnings_do_not_refuse(said: str, usable: bool) -> None:
    assert (_gateway(Script(Completed(78, "", said))).verify("<cib/>") is None) is usable


class Settling(Script):
    """A cluster whose simulation and controller change from look to look."""

    def __init__(self, actions: list[str], states: list[str]) -> None:
        super().__init__(Completed(0, "", ""))
        self.actions = actions
        self.states = states

    def __call__(
        self, argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        self.calls.append(list(argv))
        if argv[0] == "crm_mon":
            return Completed(0, fixture("3.0", "crm_mon-healthy.xml"), "")
        if argv[0] == "crmadmin":
            state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
            return Completed(0, IDLE.replace("S_IDLE", state), "")
        if argv[0] == "crm_simulate":
            return Completed(0, self.actions.pop(0) if len(self.actions) > 1 else self.actions[0], "")
        return Completed(0, "<cib/>", "")


def test_settle_waits_for_the_transition_and_for_what_would_follow() -> None:
    busy = fixture("3.0", "crm_simulate-fence.xml")
    cluster = Settling([busy, REST, REST], ["S_TRANSITION_ENGINE", "S_IDLE", "S_IDLE", "S_POLICY_ENGINE", "S_IDLE"])
    _gateway(cluster).settle(60)
    assert len([argv for argv in cluster.calls if argv[0] == "crm_simulate"]) == 3
    assert next(argv for argv in cluster.calls if argv[0] == "crmadmin")[2] == "--timeout=5s"


def test_settle_says_what_is_still_to_be_done() -> None:
    with pytest.raises(PghaError, match="did not come to rest within 7 seconds") as caught:
        _gateway(Settling([fixture("2.1", "crm_simulate-fence.xml")], ["S_IDLE"])).settle(7)
    assert "fence pm-b2 (peer is no longer part of the cluster)" in str(caught.value.said)


def test_ready_waits_for_a_starting_cluster_and_refuses_a_stopped_one() -> None:
    starting = Completed(0, fixture("3.0", "crm_mon-starting.xml"), "")
    election = Completed(0, fixture("3.0", "crm_mon-no-dc.xml"), "")
    healthy = Completed(0, fixture("3.0", "crm_mon-healthy.xml"), "")
    active = Completed(0, "", "")
    _gateway(Script(starting, active, election, healthy, Completed(0, IDLE, ""))).ready(30)
    stopped = Completed(102, "", "")
    with pytest.raises(PghaError, match="not running"):
        _gateway(Script(stopped, Completed(3, "", ""), stopped)).ready(30)
    with pytest.raises(PghaError, match="elected no DC within 30 seconds"):
        _gateway(Script(election)).ready(30)
