# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from two servers as they are to a data directory that can follow: look, decide, act, look again.

This module util is private to the collection.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.postgres import auto_conf, files, gateway
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.clone import (
    CloneOptions,
    claimed,
    clone,
    left_over,
    links,
    sweep,
)
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import Control
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.place import drop_older, mark_standby, put_in_place
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.plan import (
    CloneStep,
    Decision,
    Source,
    Target,
    clone_plan,
    position_of,
    refuse_source,
)
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.rewind import IN_ORDER, Rewinder

CONNECTION = ("host", "port", "user", "sslmode", "sslrootcert")

ARGUMENTS: dict[str, dict[str, Any]] = {
    "data_directory": {"type": "path", "required": True},
    "bin_directory": {"type": "path", "required": True},
    "host": {"type": "str", "required": True},
    "port": {"type": "int", "default": 5432},
    "user": {"type": "str", "required": True},
    "password": {"type": "str", "no_log": True},
    "catalog_user": {"type": "str", "default": ""},
    "expected_system_identifier": {"type": "str", "default": ""},
    "slot": {"type": "str", "default": ""},
    "sslmode": {"type": "str", "default": "verify-ca", "choices": ["require", "verify-ca", "verify-full"]},
    "sslrootcert": {"type": "path"},
    "checkpoint": {"type": "str", "default": "fast", "choices": ["fast", "spread"]},
    "max_rate": {"type": "int", "default": 0},
    "tablespace_mapping": {"type": "dict", "default": {}},
    "timeout": {"type": "int", "default": 86400},
    "force": {"type": "bool", "default": False},
    "connection_elsewhere": {"type": "bool", "default": False},
    "replace_foreign": {"type": "bool", "default": False},
    "keep": {"type": "int", "default": 1},
}
"""What the modules that make a standby take; described in the documentation fragment C(standby)."""


@dataclass(frozen=True)
class Job:
    """Where, from whom, and how.

    :ivar given: the module's arguments.
    :ivar log: writes a line to the server's system log, where a person looks while a clone takes its hours.
    :ivar estimate: say what a rewind would cost, where that can be told before.
    """

    given: Mapping[str, Any]
    data: Path
    binaries: Path
    log: Callable[[str], None]
    estimate: bool = False

    @property
    def connection(self) -> dict[str, Any]:
        """The parameters of a connection to the primary, without the password."""
        return {key: self.given[key] for key in CONNECTION if self.given[key] is not None}

    @property
    def login(self) -> dict[str, Any]:
        """The same with the password, where one was given."""
        password = self.given["password"]
        return self.connection | ({"password": password} if password is not None else {})

    @property
    def misled(self) -> tuple[str, ...]:
        """What the data directory itself says of whom it follows, where something else has to say it."""
        found = auto_conf.names(auto_conf.read(self.data)) if self.given["connection_elsewhere"] else []
        return tuple(name for name in found if auto_conf.is_connection(name))

    @property
    def rewinder(self) -> Rewinder:
        """What undoes writes."""
        login = {**self.login, "user": self.given["catalog_user"]}
        given = self.given
        return Rewinder(self.data, self.binaries, login, given["config_file"] or "", given["timeout"], given["keep"])

    def plan(self, *, force: bool) -> tuple[CloneStep, Source, Target]:
        """Look at both servers and decide."""
        source = gateway.source(self.login, self.given["catalog_user"], self.given["slot"])
        refuse_source(source, self.given["expected_system_identifier"])
        target = replace(files.target(self.data, self.binaries), misled=self.misled)

        def decide(found: Target) -> CloneStep:
            # Reading the primary's files takes a role for it.
            rewind = self.given["rewind"] and self.given["catalog_user"] != ""
            return clone_plan(found, source, force=force, replace_foreign=self.given["replace_foreign"], rewind=rewind)

        step, place = decide(target), position_of(target)
        stays = step.decision in (Decision.KEEP, Decision.PREPARE)
        if stays and place and target.control and not target.running:
            gone = gateway.missing_wal(self.login, place, target.control.segment_bytes, source.position)
            step = decide(replace(target, wal_gone=gone))
        elif step.decision is Decision.REWIND and target.control:
            against, cost = self._weigh_rewind(target.control, source)
            step = decide(replace(target, against_rewind=against))
            if cost is not None:
                step = replace(step, reason=f"{step.reason}; {round(cost / 2**20)} MB to copy")
        return step, source, target

    def _weigh_rewind(self, control: Control, source: Source) -> tuple[str, int | None]:
        """Return what speaks against a rewind, and what it would copy where that can be told before."""
        try:
            against = self.rewinder.against(control, source, self.login)
            told = self.estimate and not against and control.state in IN_ORDER
            return against, self.rewinder.cost() if told else None
        except PghaError as failed:
            return str(failed.said or failed), None

    def tablespaces(self, source: Source) -> dict[str, str]:
        """Return each directory of a tablespace on the primary with the one that it gets here."""
        mapping: dict[str, str] = self.given["tablespace_mapping"]
        if source.tablespaces is not None:
            return {directory: mapping.get(directory, directory) for directory in source.tablespaces}
        return {str(target): str(target) for target in links(self.data).values()} | mapping

    def clone(self, source: Source, progress: TextIO) -> dict[str, Any]:
        """Copy, check and replace."""
        given = self.given
        self.log(f"cloning {given['host']} for {self.data}; progress in {progress.name}")
        options = CloneOptions(
            connection={**gateway.KEEPALIVE, **self.connection},
            slot=given["slot"],
            checkpoint=given["checkpoint"],
            max_rate=given["max_rate"],
            tablespaces=self.tablespaces(source),
            timeout=given["timeout"],
            password=given["password"],
        )
        origin = {"stamp": _stamp(), "source": given["host"], "system_identifier": source.system_identifier}
        copied = clone(self.data, self.binaries, options, origin, progress)
        moved = put_in_place(self.data)
        self.log(f"cloned {copied} bytes from {given['host']}; the old data directory is {moved or 'none'}")
        return {"copied_bytes": copied, "moved_aside": moved, "progress_file": progress.name}

    def rewind(self, source: Source, target: Target, progress: TextIO) -> dict[str, Any]:
        """Undo what the server wrote; when that fails, say so, and the next look finds that a clone is due."""
        if target.control is None:
            return {}
        self.log(f"rewinding {self.data} to {self.given['host']}; progress in {progress.name}")
        try:
            done = self.rewinder.rewind(target.control, source.history, _stamp(), progress)
        except (PghaError, OSError) as failed:
            said = f"{failed} {getattr(failed, 'said', None) or ''}".strip()
            self.log(f"rewinding failed, cloning instead: {said}")
            return {"rewind_failed": said}
        self.log(f"rewound {self.data}; the WAL of what was undone is in {done['diverged_wal']}")
        return done

    def apply(self, decision: Decision, source: Source, target: Target, progress: TextIO) -> dict[str, Any]:
        """Take one step."""
        if self.given["slot"]:
            gateway.ensure_slot(self.login, self.given["slot"])
        if decision is Decision.REWIND:
            return self.rewind(source, target, progress)
        if decision is Decision.CLONE:
            return self.clone(source, progress)
        if decision is Decision.FINISH:
            return {"moved_aside": put_in_place(self.data)}
        # A running server writes this file itself, and what it has read of it counts until it stops.
        if self.misled and not target.running:
            auto_conf.replace(self.data, auto_conf.without(auto_conf.read(self.data), auto_conf.is_connection))
        mark_standby(self.data)
        return {}

    def result(self, step: CloneStep, source: Source) -> dict[str, Any]:
        """Return what check mode and a real run report alike."""
        changed = step.decision is not Decision.KEEP or left_over(self.data)
        after = {
            Decision.KEEP: "the same, without the half copy beside it",
            Decision.PREPARE: "it can follow",
            Decision.REWIND: "it can follow, and its own writes after the fork are undone",
        }.get(step.decision, "a checked clone of the primary")
        return {
            "changed": changed,
            "decision": step.decision.value,
            "reason": step.reason,
            "size_bytes": source.size_bytes,
            "diff": {
                "before": f"{self.data}: {step.reason}\n" if changed else "",
                "after": f"{self.data}: {after}\n" if changed else "",
            },
        }

    def carry_out(self) -> dict[str, Any]:
        """Do what is due, and look again until nothing is."""
        began = time.monotonic()
        with claimed(self.data) as progress:
            # Planned again under the lock: another run may have come first.
            step, source, target = self.plan(force=self.given["force"])
            result, due, done = self.result(step, source), step, set[Decision]()
            if step.decision is not Decision.FINISH:
                # A rewind needs its room, too, and a server that just goes on will.
                sweep(self.data, self.tablespaces(source), _stamp())
            # The clone that an interrupted run left may be too old by now, and a rewind may fail: one more step then.
            while due.decision is not Decision.KEEP and due.decision not in done:
                done.add(due.decision)
                result |= self.apply(due.decision, source, target, progress)
                due, source, target = self.plan(force=False)
                if due.decision is Decision.CLONE:
                    result |= self.result(_after(due, result.get("rewind_failed", "")), source)
        if due.decision is not Decision.KEEP:
            raise PghaError(f"The data is in place and still could not follow: {due.reason}.")
        files.beside(self.data, "rewind.json").unlink(missing_ok=True)
        if done & {Decision.CLONE, Decision.FINISH}:
            result["dropped"] = drop_older(self.data, max(self.given["keep"], 1))
        return result | {"seconds": round(time.monotonic() - began, 1)}


def _after(step: CloneStep, failed: str) -> CloneStep:
    """Return the same step with what became of a rewind before it."""
    return replace(step, reason=f"a rewind failed ({failed.splitlines()[-1]})") if failed else step


def _stamp() -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())


def work(given: Mapping[str, Any], *, check_mode: bool, log: Callable[[str], None]) -> dict[str, Any]:
    """Do the module's work.

    :raises PghaError: whatever a person has to act on.
    """
    if given["slot"] and not re.fullmatch("[a-z0-9_]{1,63}", given["slot"]):
        raise PghaError(f"{given['slot']!r} is no name for a replication slot.", expected="a-z, 0-9 and _")
    try:
        # The real directory: a link would be moved aside in its place.
        data, binaries = Path(given["data_directory"]).resolve(), Path(given["bin_directory"])
        job = Job(given, data, binaries, log, estimate=check_mode)
        step, source, _target = job.plan(force=given["force"])
        announced = job.result(step, source)
        if check_mode or not announced["changed"]:
            return announced
        return job.carry_out()
    except OSError as refused:
        raise PghaError(
            "The system refused a file operation.",
            said=str(refused),
            next_step="see that this runs as the user of PostgreSQL and that the disk has room, then run this again",
        ) from refused
