# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Talking to corosync on this server: the running configuration, reload, restart, and waiting for its quorum.

This module util is private to the collection.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed, Runner
from ansible_collections.pgha.cluster.plugins.module_utils.common.unit import look, newer_than
from ansible_collections.pgha.cluster.plugins.module_utils.common.wait import look_until
from ansible_collections.pgha.cluster.plugins.module_utils.corosync.parse import (
    Settings,
    has_majority_alone,
    parse_cmap,
    parse_quorum,
)

# Pacemaker stops its resources before it ends, and a database may need long for its last checkpoint.
_STOP_TIMEOUT = 1800.0
_KEY_LOADED = "pgha.key_loaded"


class CorosyncGateway:
    """The corosync of this server."""

    def __init__(self, run: Runner, wait: float, pause: Callable[[float], None] = time.sleep) -> None:
        self._run = run
        self._wait = wait
        self._pause = pause

    def is_active(self, unit: str) -> bool:
        """Whether systemd runs the unit."""
        return self._run(["systemctl", "is-active", "--quiet", unit], timeout=30).rc == 0

    def is_enabled(self, unit: str) -> bool:
        """Whether the unit starts at boot."""
        return self._run(["systemctl", "is-enabled", "--quiet", unit], timeout=30).rc == 0

    def settings(self) -> Settings:
        """The configuration that the running daemon holds."""
        return parse_cmap(self._must(["corosync-cmapctl"]).stdout)

    def older_than(self, unit: str, paths: list[str]) -> list[str]:
        """Which of the files changed after the unit had started: it cannot have read them."""
        return newer_than(look(self._run, unit).started, paths)

    def key_is_stale(self, path: str) -> bool:
        """Whether the key on disk is not the one in use: it came after the start and was not loaded by a reload.

        A reload leaves the key's time in corosync's own map, which lives exactly as long as the daemon.
        """
        if not self.older_than("corosync", [path]):
            return False
        loaded = self._run(["corosync-cmapctl", "-g", _KEY_LOADED], timeout=30)
        return str(Path(path).stat().st_mtime_ns) not in loaded.stdout

    def mark_key(self, path: str) -> None:
        """Remember that the key on disk is in use."""
        self._must(["corosync-cmapctl", "-s", _KEY_LOADED, "str", str(Path(path).stat().st_mtime_ns)])

    def reload(self) -> None:
        """Let every running corosync of the cluster read its file again."""
        self._must(
            ["corosync-cfgtool", "-R"],
            next_step="read the reason in `journalctl -u corosync`; corosync goes on with its old configuration",
        )

    def restart_qdevice(self) -> None:
        """Restart the device daemon and wait until its vote counts again.

        Its vote is missing meanwhile: the servers have to have the majority without it. One that has just been added
        to the configuration needs a moment until its vote counts.
        """
        self._until(self._votes_without_device, "The servers did not have the majority without the vote host")
        # A start fails where corosync is busy with a membership; systemd tries again, and the vote is what counts.
        self._run(["systemctl", "restart", "corosync-qdevice"], timeout=60)
        self._until(self._device_votes, "After a restart the vote host's vote did not come back")

    def restart(self) -> None:
        """Restart this server's whole cluster stack and wait until it is a member again."""
        pacemaker = self.is_active("pacemaker")
        device = self.is_enabled("corosync-qdevice")
        members = self._members()
        if pacemaker:
            self._must(["systemctl", "stop", "pacemaker"], timeout=_STOP_TIMEOUT)
        self._must(["systemctl", "restart", "corosync"], timeout=_STOP_TIMEOUT)
        if device:
            self._must(["systemctl", "start", "corosync-qdevice"])
        if pacemaker:
            self._must(["systemctl", "start", "pacemaker"])
        self._until(
            lambda: self._quorate() and self._members() >= members,
            f"After a restart the cluster did not come back to {members} members with quorum",
        )
        if pacemaker:
            self._until(self._online, "After a restart pacemaker did not come online")

    def _quorum(self) -> dict[str, str]:
        # The tool says 2 when the cluster has no quorum: an answer, not a failure.
        return parse_quorum(self._run(["corosync-quorumtool", "-s"], timeout=30).stdout)

    def _quorate(self) -> bool:
        return self._quorum().get("Quorate") == "Yes"

    def _members(self) -> int:
        return int(self._quorum().get("Nodes", "0"))

    def _votes_without_device(self) -> bool:
        return has_majority_alone(self._quorum())

    def _device_votes(self) -> bool:
        status = self._run(["corosync-quorumtool", "-s"], timeout=30).stdout
        return any("(local)" in line and " A,V" in line for line in status.splitlines())

    def _online(self) -> bool:
        answer = self._run(["crm_node", "--quorum"], timeout=30)
        status = self._run(["crmadmin", "--quiet", "--dc_lookup"], timeout=30)
        return answer.rc == 0 and answer.stdout.strip() == "1" and status.rc == 0

    def _until(self, reached: Callable[[], bool], otherwise: str) -> None:
        def late() -> PghaError:
            return PghaError(
                f"{otherwise} within {self._wait:g} seconds.",
                next_step="look at `journalctl -u corosync -u corosync-qdevice -u pacemaker` before any other "
                "server is restarted, then run again",
            )

        look_until(reached, time.monotonic() + self._wait, late, 0.25, clock=time.monotonic, pause=self._pause)

    def _must(self, argv: list[str], *, timeout: float = 60, next_step: str | None = None) -> Completed:
        done = self._run(argv, timeout=timeout)
        if done.rc != 0:
            raise PghaError(
                f"{argv[0]} failed with status {done.rc}.",
                ran=argv,
                said=done.stderr or done.stdout,
                next_step=next_step or "see `journalctl -u corosync -u corosync-qdevice -u pacemaker`",
            )
        return done
