# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pg_ctl of the resource agent, on each stack that has one: what it hands on to PostgreSQL's own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.tests.support.playbooks import PROJECT
from jinja2 import Template

TEMPLATES = {stack: PROJECT / f"roles/stack_{stack}/templates/pgha-pg-ctl.j2" for stack in ("pacemaker", "drbd")}
STOP = ["-W", "-D", "/d", "-m", "fast", "stop"]
PROMOTE = ["-D", "/var/lib/a data", "-W", "promote"]
RELOAD = ["-D", "/var/lib/a data", "reload"]
NOBODY, ONE, OTHER = (f"synchronous_standby_names = '{name}'\n" for name in ("", '"n2"', '"n3"'))


def place(stack: str, tmp_path: Path) -> list[str]:
    """Return the command that calls a stack's; PostgreSQL's pg_ctl prints each of its words on a line and ends with 3.

    The guard says yes where there is a file ``yes`` beside it.
    """
    (tmp_path / "guard").write_text(
        "import pathlib, sys\nsys.exit(not pathlib.Path(__file__).with_name('yes').exists())\n"
    )
    real = tmp_path / "pg_ctl"
    real.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\nexit 3\n')
    real.chmod(0o755)
    variables = {
        "ansible_managed": "Managed",
        "postgresql_bin_directory": str(tmp_path),
        "__stack_drbd_start_seconds": 90,
        "__stack_pacemaker_start_seconds": 90,
        "__stack_pacemaker_promote_seconds": 120,
        "__stack_pacemaker_state": str(tmp_path),
        "__stack_pacemaker_mode_in_force": str(tmp_path / "in_force"),
        "__stack_pacemaker_nobody": NOBODY.rstrip(),
        "__stack_pacemaker_guard": str(tmp_path / "guard"),
        "__stack_pacemaker_guard_socket": str(tmp_path / "ask"),
    }
    ours = tmp_path / "ours"
    ours.write_text(Template(TEMPLATES[stack].read_text("utf-8")).render(variables))
    return ["/bin/sh", str(ours)]


@pytest.fixture(name="handed_on")
def _handed_on(tmp_path: Path) -> list[str]:
    return place("pacemaker", tmp_path)


@pytest.mark.parametrize(
    ("stacks", "said", "heard"),
    [
        pytest.param(["pacemaker"], PROMOTE, [*PROMOTE, "-w", "-t", "120"], id="a promotion is waited for"),
        pytest.param(TEMPLATES, STOP, STOP, id="stop"),
        pytest.param(
            TEMPLATES,
            ["-D", "/d", "-o", "-c port=1 -c x=y", "-W", "start"],
            ["-D", "/d", "-o", "-c port=1 -c x=y", "-W", "start", "-w", "-t", "90"],
            id="a start is waited for, words with blanks",
        ),
    ],
)
def test_what_postgresql_s_own_is_told(
    tmp_path: Path, stacks: Iterable[str], said: list[str], heard: list[str]
) -> None:
    for stack in stacks:
        done = subprocess.run([*place(stack, tmp_path), *said], stdout=subprocess.PIPE, text=True, check=False)
        assert done.stdout.splitlines() == heard
        assert done.returncode == 3


@pytest.mark.parametrize(
    ("before", "wanted", "answer", "after"),
    [
        pytest.param(ONE, NOBODY, True, NOBODY, id="alone, as it may be"),
        pytest.param(ONE, NOBODY, False, ONE, id="alone, as it may not be"),
        pytest.param(NOBODY, ONE, False, ONE, id="a standby is back"),
        pytest.param(ONE, OTHER, False, OTHER, id="another standby"),
        pytest.param(NOBODY, NOBODY, False, NOBODY, id="nobody, as before"),
        pytest.param(None, NOBODY, False, NOBODY, id="nothing was kept"),
        pytest.param(None, ONE, False, ONE, id="the first standby"),
    ],
)
def test_a_primary_goes_on_alone_only_where_it_may(
    handed_on: list[str], tmp_path: Path, *, before: str | None, wanted: str, answer: bool, after: str
) -> None:
    (tmp_path / "rep_mode.conf").write_text(wanted)
    if before is not None:
        (tmp_path / "in_force").write_text(before)
    if answer:
        (tmp_path / "yes").touch()
    done = subprocess.run([*handed_on, *RELOAD], stdout=subprocess.PIPE, text=True, check=False)
    assert (done.stdout.splitlines(), done.returncode) == ((RELOAD, 3) if after == wanted else ([], 0))
    assert (tmp_path / "in_force").read_text() == after
    assert (tmp_path / "rep_mode.conf").read_text() == after


def test_a_promotion_begins_alone(handed_on: list[str], tmp_path: Path) -> None:
    (tmp_path / "in_force").write_text(ONE)
    subprocess.run([*handed_on, *PROMOTE], stdout=subprocess.PIPE, check=False)
    assert (tmp_path / "in_force").read_text() == NOBODY


def test_what_cannot_be_kept_is_not_kept_wrongly(handed_on: list[str], tmp_path: Path) -> None:
    (tmp_path / "in_force").write_text(NOBODY)
    (tmp_path / "rep_mode.conf").write_text(ONE)
    (tmp_path / "in_force.new").mkdir()
    assert subprocess.run([*handed_on, *RELOAD], capture_output=True, check=False).returncode == 3
    assert not (tmp_path / "in_force").exists()
