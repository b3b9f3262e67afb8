# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What outlives the agent: the counter of its starts, a pause, and the name of a boot."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.lasting import (
    Pause,
    boot_name,
    next_session,
    write,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError


def test_each_start_has_a_higher_number(tmp_path: Path) -> None:
    assert [next_session(tmp_path, lambda: 7.9) for _start in range(3)] == [7, 8, 9]
    # A clock that was set back, or is an hour behind, takes nothing back.
    assert next_session(tmp_path, lambda: 3.0) == 10


def test_a_server_whose_disk_was_replaced_is_heard(tmp_path: Path) -> None:
    (old := tmp_path / "old").mkdir()
    (new := tmp_path / "new").mkdir()
    assert next_session(new, lambda: 5000.0) > max(next_session(old, lambda: 4000.0) for _start in range(9))


def test_a_broken_counter_does_not_begin_again(tmp_path: Path) -> None:
    (tmp_path / "session").write_text("", encoding="utf-8")
    with pytest.raises(PghaError, match="does not hold a number"):
        next_session(tmp_path)


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "some"
    write(path, "old")
    write(path, "new")
    assert path.read_text(encoding="utf-8") == "new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["some"]


def test_a_pause_holds_over_a_restart(tmp_path: Path) -> None:
    pause = Pause(tmp_path)
    assert not pause.on
    pause.set(True)
    assert Pause(tmp_path).on
    pause.set(False)
    pause.set(False)
    assert not Pause(tmp_path).on


def test_a_boot_keeps_its_name_and_no_other_has_it(tmp_path: Path) -> None:
    kernel = tmp_path / "boot_id"
    kernel.write_text("one\n", encoding="utf-8")
    run = tmp_path / "run"
    run.mkdir()
    first = boot_name(run, kernel)
    assert boot_name(run, kernel) == first
    # The same kernel: a system container that was killed and started again.
    (run / "boot").unlink()
    second = boot_name(run, kernel)
    assert second != first
    # A new kernel where /run was kept.
    kernel.write_text("two\n", encoding="utf-8")
    assert boot_name(run, kernel) not in (first, second)
