# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sum up the JUnit files of a run: tools/results.py DIRECTORY STATUS.

STATUS is what the run itself ended with: a run that failed without a failed test (a linter, a server that could not be
made) counts as one failure, and a run without a single passed test is one, too.

What is read of a long run is its end, and often only that: one line for each part, so that the failures fit there.
"""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

REASON_LINES = 15


def part(path: Path) -> str:
    """Return the part of the run that a file belongs to: ``sanity-pep8`` and ``molecule-vote-17953`` have company."""
    name = path.stem
    return "sanity" if name.startswith("sanity") else re.sub(r"-\d+$", "", name)


def outcome(case: ET.Element) -> str:
    """Return what became of one test."""
    tags = {child.tag for child in case}
    if tags & {"failure", "error"}:
        return "failed"
    return "skipped" if "skipped" in tags else "passed"


def reason(case: ET.Element) -> list[str]:
    """Return why a test failed: what pytest marks as the error's own lines, or the end of what there is."""
    text = "\n".join(f"{child.get('message') or ''}\n{child.text or ''}" for child in case)
    lines = text.splitlines()
    errors = [line for line in lines if line.startswith("E ")]
    return [f"  {line[:300]}" for line in (errors[:REASON_LINES] or lines[-REASON_LINES:])]


def main(directory: Path, status: int) -> int:
    """Print the sums and return the exit status."""
    total: Counter[str] = Counter()
    parts: dict[str, Counter[str]] = {}
    reasons: list[str] = []
    for path in sorted(directory.rglob("*.xml")):
        cases = [(outcome(case), case) for case in ET.parse(path).iter("testcase")]
        counts = Counter(result for result, _case in cases)
        total += counts
        parts.setdefault(part(path), Counter()).update(counts)
        for result, case in cases:
            if result == "failed":
                reasons += ["", f"failed: {case.get('classname')}::{case.get('name')}", *reason(case)]
    for name, counts in parts.items():
        print(f"{name:24} {counts['passed']:5} passed {counts['failed']:3} failed {counts['skipped']:3} skipped")
    print("\n".join(reasons))
    if total["failed"] == 0 and (status != 0 or total["passed"] == 0):
        print(f"failed: the run itself, with status {status}; its output above says where")
        total["failed"] = 1
    print(f"{total['passed']} passed, {total['failed']} failed")
    return 1 if total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
