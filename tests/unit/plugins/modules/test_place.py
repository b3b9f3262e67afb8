# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files placed by Ansible itself, on this machine."""

from __future__ import annotations

import grp
import json
import os
import pwd
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[4]


class Places:
    """Runs the action, and counts what it runs."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.runs: list[str] = []

    def one(self, name: str, **other: Any) -> dict[str, Any]:
        """Return a file as it is wanted."""
        owner, group = pwd.getpwuid(os.getuid()).pw_name, grp.getgrgid(os.getgid()).gr_name
        return {"path": str(self.place / name), "owner": owner, "group": group, "mode": "0640", **other}

    def run(self, *files: dict[str, Any], flags: tuple[str, ...] = ()) -> dict[str, Any]:
        """Place them; return what Ansible says."""
        argv = [
            str(Path(sys.executable).with_name("ansible")), "localhost", "--inventory", "localhost,",
            "--connection", "local", "-vvvv", *flags,
            "--module-name", "pgha.cluster.place", "--args", json.dumps({"files": files}),
        ]  # fmt: skip
        settings = {
            "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
        }  # fmt: skip
        done = subprocess.run(
            argv,
            cwd=self.place,
            env={**os.environ, **settings},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        found = re.search(r"^localhost \| (\w+)!? ?(?:\(.*\) )?=> (\{.*?^\})", done.stdout, re.DOTALL | re.MULTILINE)
        assert found, done.stdout + done.stderr
        self.runs = re.findall(r"Using module file \S*/(\w+)\.py", done.stdout)
        said: dict[str, Any] = json.loads(found.group(2))
        return {"failed": found.group(1).startswith("FAILED"), **said}


@pytest.fixture(name="places")
def _places(tmp_path: Path) -> Places:
    return Places(tmp_path)


def test_they_are_placed_once_and_then_looked_at_once(places: Places) -> None:
    files = [
        places.one("conf", state="directory", mode="0750"),
        places.one("conf/a", content="grüß dich\n"),
        places.one("b", content="no end of line", mode="0755"),
    ]
    paths = [one["path"] for one in files]
    before = places.run(*files[::2], flags=("--check", "--diff"))
    assert (before["changed"], before["placed"]) == (True, paths[::2])
    assert list(places.place.iterdir()) == []
    first = places.run(*files)
    assert (first["changed"], first["placed"]) == (True, paths)
    assert places.runs == ["find", "file", "copy", "copy"]
    assert (places.place / "conf/a").read_text(encoding="utf-8") == "grüß dich\n"
    assert (places.place / "b").stat().st_mode & 0o7777 == 0o755
    second = places.run(*files)
    assert (second["changed"], second["placed"], places.runs) == (False, [], ["find"])


def test_what_somebody_has_changed_is_put_back_and_shown(places: Places) -> None:
    files = [places.one(name, content=f"{name}\n") for name in "abc"]
    places.run(*files)
    (places.place / "a").write_text("else\n")
    (places.place / "b").chmod(0o644)
    shown = places.run(*files, flags=("--check", "--diff"))
    assert (shown["changed"], len(shown["placed"])) == (True, 2)
    assert [one["before"] for one in shown["diff"] if "else" in str(one.get("before"))] == ["else\n"]
    assert (places.place / "a").read_text() == "else\n"
    done = places.run({**files[0], "backup": True}, *files[1:])
    assert done["placed"] == [files[0]["path"], files[1]["path"]]
    assert (places.place / "a").read_text() == "a\n"
    assert (places.place / "b").stat().st_mode & 0o7777 == 0o640
    assert [copy.read_text() for copy in places.place.glob("a.*~")] == ["else\n"]


def test_what_is_refused_does_not_take_its_place(places: Places) -> None:
    files = [
        places.one("a", content="good\n"),
        places.one("b", content="bad\n", validate="grep -q good %s"),
        places.one("c", content="good\n"),
    ]
    done = places.run(*files)
    assert (done["failed"], done["changed"]) == (True, True)
    assert done["msg"].startswith(f"{files[1]['path']}: failed to validate")
    assert [path.name for path in places.place.iterdir()] == ["a"]


def test_what_cannot_be_meant_is_refused_before_anything_is_touched(places: Places) -> None:
    done = places.run(places.one("a", content="a\n"), places.one("b", content="b\n", mode="u+x"))
    assert done["failed"] is True
    assert "four octal digits" in done["msg"]
    assert places.runs == []
    assert list(places.place.iterdir()) == []
