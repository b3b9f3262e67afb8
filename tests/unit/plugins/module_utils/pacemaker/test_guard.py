# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose memory counts, and which primary may go on alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.guard import (
    Guard,
    Server,
    View,
    ask,
    is_current,
    is_quorate,
    is_void,
    listen,
    main,
    view_of,
    waits_for_nobody,
    why_not_alone,
)
from hypothesis import given
from hypothesis import strategies as st

FIXTURES = Path(__file__).parents[4] / "fixtures"
NOBODY = "synchronous_standby_names = ''\n"


def server(name: str, **changed: bool) -> Server:
    usual = {"member": True, "gone": False, "latest": False, "primary": False, "current": False}
    return Server(name, **{**usual, **changed})


LOST = server("n2", member=False)
OFF = server("n2", member=False, gone=True)
LAST = server("n1", latest=True)


def view(*servers: Server, quorate: bool = True, waits: bool = True) -> View:
    return View(quorate, servers, waits)


@pytest.mark.parametrize(
    ("seen", "alone", "current"),
    [
        pytest.param(view(server("n1"), server("n2")), False, True, id="both are there"),
        pytest.param(view(server("n1"), LOST), False, False, id="back alone"),
        pytest.param(view(server("n1"), OFF), True, False, id="back alone, and it was not the last primary"),
        pytest.param(view(LAST, OFF), True, True, id="the last primary, which was alone before"),
        pytest.param(view(LAST, OFF), False, False, id="the last primary, and its standby may have gone on"),
        pytest.param(view(LAST, OFF, waits=False), True, False, id="the last primary, which nobody waited for"),
        pytest.param(view(LAST, OFF, quorate=False), True, False, id="no quorum"),
        pytest.param(view(server("n1"), server("n2"), quorate=False), False, False, id="both, and no quorum"),
        pytest.param(view(server("n1"), server("n2"), server("n3", member=False)), False, True, id="two of three"),
        pytest.param(view(server("n1"), LOST, server("n3", member=False)), False, False, id="one of three"),
        pytest.param(view(server("n1"), server("n2"), LOST, LOST), False, False, id="two of four"),
        pytest.param(view(server("n1", member=False), server("n2")), False, False, id="it has not joined"),
        pytest.param(view(server("n2")), True, False, id="it is not known"),
        pytest.param(view(server("n1")), False, True, id="the only server there is"),
    ],
)
def test_whose_memory_is_current(seen: View, alone: bool, current: bool) -> None:
    assert is_current(seen, "n1", alone=alone) is current


@pytest.mark.parametrize(
    ("mine", "quorate", "void"),
    [
        (server("n1", current=True), False, True),
        (server("n1", current=True), True, False),
        (server("n1"), False, False),
        (server("n1", current=True, primary=True), False, False),
    ],
    ids=["a standby that is cut off", "a standby with quorum", "nothing to forget", "a primary"],
)
def test_who_forgets_that_it_was_current(mine: Server, quorate: bool, void: bool) -> None:
    assert is_void(view(mine, LOST, quorate=quorate), "n1") is void


@pytest.mark.parametrize(
    ("seen", "proof", "why"),
    [
        pytest.param(view(LAST, LOST), False, "", id="the vote host is on this side"),
        pytest.param(view(LAST, LOST, quorate=False), False, "no quorum", id="it is on the other one"),
        pytest.param(view(LAST, LOST), True, "that n2 is off", id="no vote host, no proof"),
        pytest.param(view(LAST, OFF), True, "", id="no vote host, and proven off"),
        pytest.param(view(LAST, server("n2")), True, "", id="it is there and shares the record"),
        pytest.param(view(LOST), False, "does not know", id="it is not known"),
    ],
)
def test_which_primary_may_go_on_alone(seen: View, proof: bool, why: str) -> None:
    found = why_not_alone(seen, "n1", proof=proof)
    assert (why in found) if why else not found


SIDES = st.sampled_from(["n1", "n2"])


@given(cut=st.booleans(), holder=SIDES, primary=SIDES, remembers=st.booleans())
def test_never_one_that_goes_on_alone_and_one_that_takes_over(
    cut: bool, holder: str, primary: str, remembers: bool
) -> None:
    """Two servers and a vote host: who goes on alone, and who may be promoted for what it remembers."""
    other = "n2" if primary == "n1" else "n1"
    seen = {}
    for me in ("n1", "n2"):
        servers = [
            server(
                name,
                member=name == me or not cut,
                latest=name == primary,
                primary=name == primary,
                current=name == me and remembers,
            )
            for name in ("n1", "n2")
        ]
        seen[me] = view(*servers, quorate=not cut or me == holder)
    alone = cut and not why_not_alone(seen[primary], primary, proof=False)
    keeps = remembers and not is_void(seen[other], other)
    assert not (alone and (keeps or is_current(seen[other], other, alone=False)))


@pytest.mark.parametrize(("release", "names"), [("2.1", ("pm-b1", "pm-b2")), ("3.0", ("pm-t1", "pm-t2"))])
def test_what_a_healthy_cluster_says(release: str, names: tuple[str, str]) -> None:
    text = (FIXTURES / f"pacemaker/{release}/cib-healthy.xml").read_text("utf-8")
    assert 'name="node_list"' not in text, "give the names then as the file has them"
    listed = f'<instance_attributes id="x"><nvpair id="y" name="node_list" value="{" ".join(names)}"/>'
    primitive = text.index('<primitive id="postgresql"')
    inside = text.index(">", primitive) + 1
    found = view_of(f"{text[:inside]}{listed}</instance_attributes>{text[inside:]}", "postgresql", quorate=True)
    assert found.servers == (server(names[0]), server(names[1]))


def cib(states: str, status: str = "DISCONNECT", mode: str = "sync") -> str:
    return f"""<cib><configuration><resources><clone id="c"><primitive id="postgresql"><instance_attributes id="i">
        <nvpair id="l" name="node_list" value="n1 n2"/><nvpair id="m" name="rep_mode" value="{mode}"/>
        </instance_attributes></primitive></clone></resources>
        <nodes><node id="1" uname="n1"><instance_attributes id="a"><nvpair id="d" name="postgresql-data-status"
        value="{status}"/></instance_attributes></node><node id="2" uname="n2"/></nodes></configuration>
        <status>{states}</status></cib>"""


ONLINE = '<node_state id="{}" in_ccm="{}" crmd="{}" join="member" expected="member">{}</node_state>'
GONE = '<node_state id="1" in_ccm="0" crmd="0" join="down" expected="down"/>'
CARRIES = (
    '<transient_attributes><instance_attributes><nvpair name="{}" value="{}"/></instance_attributes>'
    "</transient_attributes>"
)


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (ONLINE.format(1, "true", "online", ""), server("n1")),
        (ONLINE.format(1, "1795249639", "1795249643", ""), server("n1")),
        (ONLINE.format(1, "true", "offline", ""), server("n1", member=False)),
        (ONLINE.format(1, "1795249639", "0", ""), server("n1", member=False)),
        (ONLINE.format(1, "false", "online", ""), server("n1", member=False)),
        (GONE, server("n1", member=False, gone=True)),
        (ONLINE.format(1, "true", "online", "").replace('join="member"', 'join="pending"'), server("n1", member=False)),
        (ONLINE.format(2, "true", "online", ""), server("n1", member=False)),
        (ONLINE.format(1, "true", "online", CARRIES.format("pgha-current", "yes")), server("n1", current=True)),
        (ONLINE.format(1, "true", "online", CARRIES.format("postgresql-status", "PRI")), server("n1", primary=True)),
        (ONLINE.format(1, "true", "online", CARRIES.format("postgresql-status", "HS:sync")), server("n1")),
    ],
)  # fmt: skip
def test_what_a_copy_says_of_a_server(states: str, expected: Server) -> None:
    assert view_of(cib(states), "postgresql", quorate=True).servers[0] == expected


def test_who_was_primary_last() -> None:
    states = ONLINE.format(1, "true", "online", "")
    assert view_of(cib(states, "LATEST"), "postgresql", quorate=True).servers[0] == server("n1", latest=True)


@pytest.mark.parametrize("version", ["3.1.7", "3.1.9"])
def test_quorum_as_corosync_tells_it(version: str) -> None:
    text = (FIXTURES / f"corosync/{version}/quorum.txt").read_text("utf-8")
    assert is_quorate(text)
    assert not is_quorate(text.replace("Quorate:          Yes", "Quorate:          No"))
    assert not is_quorate("")


@pytest.mark.parametrize(
    ("text", "nobody"),
    [(NOBODY, True), (NOBODY.replace("''", "'\"n2\"'"), False), ("", False), (f"# {NOBODY}", False)],
)
def test_for_whom_commits_wait(text: str, nobody: bool) -> None:
    assert waits_for_nobody(text) is nobody


class Cluster:
    """What the tools would say, and what they were told."""

    told: list[list[str]]

    def __init__(self, states: str, *, quorate: bool = True, status: str = "DISCONNECT", mode: str = "sync") -> None:
        self.cib, self.quorate, self.told = cib(states, status, mode), quorate, []

    def __call__(self, argv: Sequence[str]) -> str:
        if argv[0] == "attrd_updater":
            self.told.append(list(argv[1:]))
        return {
            "cibadmin": self.cib,
            "corosync-quorumtool": f"Quorate:          {'Yes' if self.quorate else 'No'}\n",
        }.get(argv[0], "")


BOTH = ONLINE.format(1, "true", "online", "") + ONLINE.format(2, "true", "online", "")
ALONE = ONLINE.format(1, "true", "online", "")
CURRENT = CARRIES.format("pgha-current", "yes")


@pytest.mark.parametrize(
    ("cluster", "mode", "told"),
    [
        (Cluster(BOTH), None, [["--name", "pgha-current", "--update", "yes"]]),
        (Cluster(ALONE), None, []),
        (Cluster(ALONE, status="LATEST"), NOBODY, [["--name", "pgha-current", "--update", "yes"]]),
        (Cluster(ALONE, status="LATEST"), "synchronous_standby_names = '\"n2\"'\n", []),
        (Cluster(ALONE, status="LATEST", mode="async"), NOBODY, []),
        (Cluster(BOTH.replace("></node_state", f">{CURRENT}</node_state", 1)), None, []),
        (
            Cluster(ALONE.replace("></node_state", f">{CURRENT}</node_state"), quorate=False),
            None,
            [["--name", "pgha-current", "--delete"]],
        ),
    ],
    ids=["both", "back alone", "was alone", "was not alone", "async", "known already", "cut off"],
)
def test_what_the_cluster_is_told(tmp_path: Path, cluster: Cluster, mode: str | None, told: list[list[str]]) -> None:
    file = tmp_path / "mode"
    if mode is not None:
        file.write_text(mode)
    Guard("postgresql", "n1", file, proof=False, command=cluster).step()
    assert cluster.told == told


@pytest.mark.parametrize("text", ["", "<cib>", "<cib/>"])
def test_a_cluster_that_does_not_answer_is_told_nothing(tmp_path: Path, text: str) -> None:
    told: list[str] = []

    def command(argv: Sequence[str]) -> str:
        told.append(argv[0])
        return text

    guard = Guard("postgresql", "n1", tmp_path / "mode", proof=False, command=command)
    guard.step()
    assert "attrd_updater" not in told
    assert guard.answer() != "yes"


def test_a_silent_corosync_is_no_lost_quorum(tmp_path: Path) -> None:
    cluster = Cluster(ALONE.replace("></node_state", f">{CURRENT}</node_state"))

    def command(argv: Sequence[str]) -> str:
        return "" if argv[0] == "corosync-quorumtool" else cluster(argv)

    guard = Guard("postgresql", "n1", tmp_path / "mode", proof=False, command=command)
    guard.step()
    assert cluster.told == []
    assert guard.answer() != "yes"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A socket at which a guard answers for a primary that may go on alone."""
    path = tmp_path / "ask"
    listener = listen(path)
    guard = Guard("postgresql", "n1", tmp_path / "mode", proof=False, command=Cluster(ALONE))
    threading.Thread(target=guard.serve, args=(listener,), daemon=True).start()
    yield path
    path.unlink()


def test_a_question_is_answered(place: Path) -> None:
    assert main(["ask", str(place)]) == 0
    assert ask(place) == "yes"


def test_no_answer_is_a_no(tmp_path: Path) -> None:
    listener = listen(tmp_path / "deaf")
    assert main(["ask", str(tmp_path / "nobody")]) == 1
    listener.close()
    assert "no answer" in ask(tmp_path / "deaf")


def test_arguments_that_are_not_understood() -> None:
    assert main(["serve"]) == 2
