# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running the playbooks the way a person does: `ansible-playbook`, an inventory, and what it printed."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .lab import patient

PROJECT = Path(__file__).resolve().parents[2]
RECAP = re.compile(r"^(?P<host>\S+)\s+: ok=\d+\s+changed=(?P<changed>\d+)\s+unreachable=\d+\s+failed=\d+", re.MULTILINE)
DECISION = re.compile(r"msg: ['\"]?(?P<decision>keep|prepare|rewind|finish|clone): ")
PLAY_SECONDS = 900.0
ALONE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
"""Whoever kills this kills everything below it, also Ansible's workers, which have sessions of their own."""


@dataclass(frozen=True)
class Played:
    """A playbook that ended."""

    rc: int
    output: str
    seconds: float

    @property
    def changed(self) -> dict[str, int]:
        """How many tasks changed something, per host that had any."""
        return {found["host"]: int(found["changed"]) for found in RECAP.finditer(self.output) if int(found["changed"])}

    @property
    def decision(self) -> str:
        """How a server was made a standby: the first word of what the rebuild says; nothing from other playbooks."""
        found = DECISION.search(self.output)
        return f"({found['decision']})" if found else ""

    @property
    def changes(self) -> list[str]:
        """The tasks that changed something, for a person."""
        task, found = "", []
        for line in self.output.splitlines():
            if line.startswith("TASK ["):
                task = line
            elif line.startswith("changed:"):
                found.append(f"{task.strip(' *')} {line}")
        return found


class Playbooks:
    """The playbooks of this collection on one inventory, with the variables that choose the lab.

    :ivar further: inventories that add to the first one.
    """

    def __init__(self, inventory: Path, variables: Mapping[str, Any], *further: Path) -> None:
        self.inventory = inventory
        self.variables = variables
        self.further = further

    def argv(self, playbook: str, *options: str, **variables: Any) -> list[str]:
        """Return the command line."""
        everything = json.dumps({**self.variables, **variables})
        path = PROJECT / "playbooks" / f"{playbook}.yml"
        inventories = [word for one in (self.inventory, *self.further) for word in ("-i", str(one))]
        return ["ansible-playbook", *inventories, str(path), "-e", everything, *options]

    @staticmethod
    def environment() -> dict[str, str]:
        """Return the environment; no colours, so that the output can be read."""
        return {
            **os.environ,
            "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(PROJECT / ".collections"),
            "ANSIBLE_FORCE_COLOR": "0",
            "ANSIBLE_NOCOLOR": "1",
        }

    def run(self, playbook: str, *options: str, **variables: Any) -> Played:
        """Run a playbook to its end, whatever that is."""
        began = time.monotonic()
        done = subprocess.run(
            self.argv(playbook, *options, **variables),
            cwd=PROJECT,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=patient(PLAY_SECONDS),
            check=False,
        )
        return Played(done.returncode, done.stdout, time.monotonic() - began)

    def must(self, playbook: str, *options: str, **variables: Any) -> Played:
        """Run a playbook that has to succeed."""
        played = self.run(playbook, *options, **variables)
        assert played.rc == 0, f"{playbook} failed with {played.rc}:\n{played.output[-6000:]}"
        return played

    def interrupted(self, playbook: str, task: str, **variables: Any) -> bool:
        """Run a playbook and kill it, without a chance to clean up, as soon as it starts a task.

        :param task: a part of the task's name.
        :return: whether it came that far; otherwise it has run to its end.
        """
        process = subprocess.Popen(
            [*ALONE, *self.argv(playbook, **variables)],
            cwd=PROJECT,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert process.stdout is not None
        tail: list[str] = []
        reached = False
        for line in process.stdout:
            tail = [*tail[-60:], line]
            if line.startswith("TASK [") and task in line:
                reached = True
                process.kill()
                break
        process.stdout.close()
        rc = process.wait(timeout=60)
        assert reached or rc == 0, f"{playbook} failed by itself before it was killed:\n{''.join(tail)}"
        return reached

    @contextlib.contextmanager
    def running(self, playbook: str, **variables: Any) -> Iterator[None]:
        """Run a playbook beside the block; at the end of the block it is killed, without a chance to clean up."""
        process = subprocess.Popen(
            [*ALONE, *self.argv(playbook, **variables)],
            cwd=PROJECT,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            process.kill()
            process.wait(timeout=60)

    def status(self) -> dict[str, Any]:
        """Return what the status playbook says, as data."""
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "status.json"
            played = self.run("status", pgha_status_format="json", pgha_status_file=str(path))
            assert path.exists(), f"status wrote nothing, rc {played.rc}:\n{played.output[-4000:]}"
            report: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return report
