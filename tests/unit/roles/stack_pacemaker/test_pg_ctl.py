# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pg_ctl of the resource agent: what it hands on to PostgreSQL's own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.tests.support.playbooks import PROJECT
from jinja2 import Template

TEMPLATE = PROJECT / "roles/stack_pacemaker/templates/pgha-pg-ctl.j2"
PROMOTE = ["-D", "/var/lib/a data", "-W", "promote"]


@pytest.fixture(name="handed_on")
def _handed_on(tmp_path: Path) -> list[str]:
    """Return the command that calls it; PostgreSQL's pg_ctl prints each of its words on a line and ends with 3."""
    real = tmp_path / "pg_ctl"
    real.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\nexit 3\n')
    real.chmod(0o755)
    variables = {
        "ansible_managed": "Managed",
        "postgresql_bin_directory": str(tmp_path),
        "__stack_pacemaker_promote_seconds": 120,
    }
    ours = tmp_path / "ours"
    ours.write_text(Template(TEMPLATE.read_text("utf-8")).render(variables))
    return ["/bin/sh", str(ours)]


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        pytest.param(PROMOTE, [*PROMOTE, "-w", "-t", "120"], id="a promotion is waited for"),
        pytest.param(["-W", "-D", "/d", "-m", "fast", "stop"], ["-W", "-D", "/d", "-m", "fast", "stop"], id="stop"),
        pytest.param(
            ["-D", "/d", "-o", "-c port=1 -c x=y", "-W", "start"],
            ["-D", "/d", "-o", "-c port=1 -c x=y", "-W", "start"],
            id="words with blanks",
        ),
    ],
)
def test_what_postgresql_s_own_is_told(handed_on: list[str], said: list[str], heard: list[str]) -> None:
    done = subprocess.run([*handed_on, *said], stdout=subprocess.PIPE, text=True, check=False)
    assert done.stdout.splitlines() == heard
    assert done.returncode == 3
