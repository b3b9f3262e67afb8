# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mend of crm_attribute: a working tool stands in its place after every single step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed, run
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.mend import (
    MendGateway,
    Reading,
    State,
    Step,
    plan_mend,
)

# What the two tools say about the agent's call, captured on Debian 12 (pacemaker 2.1.5) and 13 (pacemaker 3.0.0).
_BROKEN = '#!/bin/sh\n[ "$1" = --promotion ] && n=pgha-probe || n=FINITY\n'
_RIGHT = "#!/bin/sh\nn=pgha-probe\n"
_SAYS = 'echo "crm_attribute: Could not map name=$n to a UUID" >&2\nexit 105\n'


class FakeServer:
    """dpkg-divert and cibadmin are played, the tool itself really runs."""

    def __init__(self, tool: Path) -> None:
        self.diverted = False
        self.tool = tool

    def __call__(
        self, argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        if argv[0] == "cibadmin":
            return Completed(0, "<cib/>\n", "")
        if argv[0] == "dpkg-divert":
            if "--list" in argv:
                line = f"local diversion of {self.tool} to {self.tool}.pgha-real\n"
                return Completed(0, line if self.diverted else "", "")
            self.diverted = "--add" in argv
            return Completed(0, "", "")
        return run(argv, timeout=timeout, stdin=stdin, env=env)


def _server(tmp_path: Path, text: str) -> tuple[MendGateway, FakeServer]:
    tool = tmp_path / "crm_attribute"
    tool.write_text(text + _SAYS)
    tool.chmod(0o755)
    server = FakeServer(tool)
    return MendGateway(server, str(tool)), server


def _mend(gateway: MendGateway) -> list[Step]:
    steps = list(plan_mend(gateway.state()))
    for step in steps:
        gateway.take(step)
        assert gateway.installed
    return steps


def test_a_broken_tool_is_mended_once(tmp_path: Path) -> None:
    gateway, server = _server(tmp_path, _BROKEN)
    assert gateway.reading() is Reading.WRONG
    assert _mend(gateway) == [Step.DIVERT, Step.KEEP_REAL, Step.WRAP]
    assert server.diverted
    assert gateway.reading() is Reading.RIGHT
    assert _mend(gateway) == []


def test_a_right_tool_is_left_alone(tmp_path: Path) -> None:
    gateway, server = _server(tmp_path, _RIGHT)
    assert _mend(gateway) == []
    assert not server.diverted


def test_the_mend_goes_when_an_upgrade_brought_a_right_tool(tmp_path: Path) -> None:
    gateway, server = _server(tmp_path, _BROKEN)
    _mend(gateway)
    (tmp_path / "crm_attribute.pgha-real").write_text(_RIGHT + _SAYS)
    assert _mend(gateway) == [Step.UNWRAP, Step.UNDIVERT]
    assert not server.diverted
    assert server.tool.read_text() == _RIGHT + _SAYS
    assert gateway.reading() is Reading.RIGHT


@pytest.mark.parametrize("done", [1, 2])
def test_an_interrupted_mend_is_completed(tmp_path: Path, done: int) -> None:
    gateway, _tool = _server(tmp_path, _BROKEN)
    for step in plan_mend(gateway.state())[:done]:
        gateway.take(step)
    _mend(gateway)
    assert gateway.reading() is Reading.RIGHT
    assert plan_mend(gateway.state()) == ()


def test_a_tool_that_says_something_else_is_not_guessed_at(tmp_path: Path) -> None:
    gateway, _tool = _server(tmp_path, "#!/bin/sh\nn=somebody\n")
    with pytest.raises(PghaError, match="Nobody can tell"):
        gateway.reading()


@pytest.mark.parametrize(("diverted", "kept", "wrapped"), list(product([True, False], repeat=3)))
def test_every_state_has_a_plan_that_ends(diverted: bool, kept: bool, wrapped: bool) -> None:
    wrong = plan_mend(State(Reading.WRONG, diverted, kept, wrapped))
    assert (wrong == ()) == (diverted and kept and wrapped)
    right = plan_mend(State(Reading.RIGHT, diverted, kept, wrapped))
    assert (right == ()) == (not diverted and not kept)
