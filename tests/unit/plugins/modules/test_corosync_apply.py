# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A changed corosync.conf: reloaded, restarted or refused, and never half in force without a word."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.tests.support.module_process import run_module
from ansible_collections.pgha.cluster.tests.support.programs import FakePrograms

_CONFIG = "totem {\n    cluster_name: demo\n    token: %d\n}\n"
_SHOWN = (
    r"show*) printf 'LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nNeedDaemonReload=no\n"
    r"InactiveExitTimestampMonotonic=1\nStateChangeTimestampMonotonic=1\n';;"
)


@pytest.fixture(name="server")
def _server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePrograms:
    """A server whose corosync runs with a token of 1000 and takes 1500 when it is reloaded or restarted."""
    programs = FakePrograms(tmp_path / "bin", monkeypatch)
    running = tmp_path / "running"
    running.write_text("totem.cluster_name (str) = demo\ntotem.token (u32) = 1000\n")
    take = f"sed -i 's/= 1000/= 1500/' {running}"
    programs.add("corosync-cmapctl", f"cat {running}")
    programs.add("corosync-cfgtool", take)
    programs.add("corosync-quorumtool", 'printf "Quorate: Yes\\nNodes: 2\\n"')
    programs.add(
        "systemctl",
        f'case "$*" in {_SHOWN} "restart corosync") {take};; *corosync-qdevice|*"--quiet pacemaker") exit 3;; esac',
    )
    return programs


def _apply(text: str, *, check_mode: bool = False) -> dict[str, object]:
    return run_module("corosync_apply", {"content": text, "key_file": "/nonexistent"}, check_mode=check_mode)


def test_no_difference_touches_nothing(server: FakePrograms) -> None:
    result = _apply(_CONFIG % 1000)
    assert (result["changed"], result["effort"]) == (False, "none")
    assert server.calls("corosync-cfgtool") == []


def test_check_mode_says_what_would_happen(server: FakePrograms) -> None:
    result = _apply(_CONFIG % 1500, check_mode=True)
    assert (result["changed"], result["effort"]) == (True, "reload")
    assert result["changes"] == ["totem.token: 1000 -> 1500"]
    assert server.calls("corosync-cfgtool") == []


def test_what_can_be_reloaded_is_reloaded_and_then_in_force(server: FakePrograms) -> None:
    assert _apply(_CONFIG % 1500)["effort"] == "reload"
    assert server.calls("corosync-cfgtool") == ["-R"]
    assert "restart corosync" not in server.calls("systemctl")
    assert _apply(_CONFIG % 1500)["changed"] is False


def test_a_setting_read_only_at_start_restarts_the_server(server: FakePrograms, tmp_path: Path) -> None:
    running = tmp_path / "running"
    server.add(
        "systemctl",
        f"""case "$*" in
        {_SHOWN}
        "restart corosync") echo 'quorum.wait_for_all (u8) = 1' >> {running};;
        *corosync-qdevice|*"--quiet pacemaker") exit 3;;
    esac""",
    )
    result = _apply(_CONFIG % 1000 + "quorum {\n    wait_for_all: 1\n}\n")
    assert result["effort"] == "restart"
    assert "restart corosync" in server.calls("systemctl")


def test_a_change_that_would_split_the_cluster_is_refused(server: FakePrograms) -> None:
    result = _apply((_CONFIG % 1000).replace("demo", "other"))
    assert result["failed"] is True
    assert "totem.cluster_name: demo -> other" in str(result["msg"])
    assert "stop pacemaker and corosync on every server" in str(result["msg"])
    assert server.calls("corosync-cfgtool") == []


def test_a_reload_that_changes_nothing_fails(server: FakePrograms) -> None:
    server.add("corosync-cfgtool", "exit 0")
    result = _apply(_CONFIG % 1500)
    assert result["failed"] is True
    assert "did not take: totem.token" in str(result["msg"])


def test_a_corosync_that_does_not_run_reads_its_file_when_it_starts(server: FakePrograms) -> None:
    server.add("systemctl", "exit 3")
    assert _apply(_CONFIG % 1500)["changed"] is False


def test_the_device_daemon_restarts_only_where_the_servers_have_the_majority_without_it(
    server: FakePrograms, tmp_path: Path
) -> None:
    """A third server was added and is not there yet: two servers and no vote host would be two votes of four."""
    server.add("systemctl", f'case "$*" in {_SHOWN} esac')
    server.add("corosync-quorumtool", 'printf "Quorate: Yes\\nNodes: 2\\nQuorum: 3\\n"')
    config = tmp_path / "corosync.conf"
    config.write_text("new")
    arguments = {"content": _CONFIG % 1000, "key_file": "/nonexistent", "qdevice_files": [str(config)], "wait": 0}
    result = run_module("corosync_apply", arguments)
    assert result["failed"] is True
    assert "majority without the vote host" in str(result["msg"])
    assert "restart corosync-qdevice" not in server.calls("systemctl")
    server.add("corosync-quorumtool", 'printf "Quorate: Yes\\nNodes: 3\\nQuorum: 3\\n 1 1 A,V,NMW n1 (local)\\n"')
    assert run_module("corosync_apply", arguments)["qdevice_restarted"] is True
    assert "restart corosync-qdevice" in server.calls("systemctl")
