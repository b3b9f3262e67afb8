# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sum at the end of a run must not call a failed run good."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parents[3] / "tools" / "results.py"
PASSED = '<testcase classname="a" name="good"/>'
FAILED = '<testcase classname="a" name="bad"><failure message="no"/></testcase>'
BROKEN = '<testcase classname="a" name="broken"><error message="no"/></testcase>'
SKIPPED = '<testcase classname="a" name="later"><skipped/></testcase>'


@pytest.mark.parametrize(
    ("files", "status", "last", "good"),
    [
        ([PASSED + PASSED, PASSED], 0, "3 passed, 0 failed", True),
        ([PASSED + SKIPPED], 0, "1 passed, 0 failed", True),
        ([PASSED + FAILED, BROKEN], 2, "1 passed, 2 failed", False),
        # A linter, or a server that could not be made: no test has failed, the run has.
        ([PASSED], 2, "1 passed, 1 failed", False),
        # Nothing ran at all.
        ([], 0, "0 passed, 1 failed", False),
        ([SKIPPED], 0, "0 passed, 1 failed", False),
    ],
)
def test_the_sum_is_honest(tmp_path: Path, files: list[str], status: int, last: str, good: bool) -> None:
    for number, cases in enumerate(files):
        (tmp_path / f"{number}.xml").write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    done = subprocess.run(
        [sys.executable, str(PROGRAM), str(tmp_path), str(status)], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == last
    assert (done.returncode == 0) is good
