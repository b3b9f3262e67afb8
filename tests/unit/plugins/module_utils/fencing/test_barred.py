# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a server takes itself down: its disk has said that it is barred, twice, and it was not before."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.fencing import barred
from ansible_collections.pgha.cluster.plugins.module_utils.fencing.barred import Registrations, Watch
from ansible_collections.pgha.cluster.tests.support.programs import FakePrograms

OWN, OTHER = "a676b8bb", "a0480a93"
# Put together from the texts in sg_persist 1.46; a key stands without leading zeros.
NO_KEYS = "  PR generation=0x0, there are NO registered reservation keys\n"
ONE_KEY = f"  PR generation=0x3, 1 registered reservation key follows:\n    0x{OTHER}\n"
TWO_KEYS = f"  PR generation=0x2, 2 registered reservation keys follow:\n    0x{OWN}\n    0x{OTHER}\n"
NOBODY = "  PR generation=0x0, there is NO reservation held\n"
TYPE = "scope: LU_SCOPE,  type: Write Exclusive, registrants only"
HELD = f"  PR generation=0x3, Reservation follows:\n    Key=0x{{}}\n    {TYPE}\n"
BOTH = Registrations(frozenset({OWN, OTHER}), OWN)
WITHOUT = Registrations(frozenset({OTHER}), OTHER)


@pytest.mark.parametrize(
    ("keys", "reservation", "said"),
    [
        (NO_KEYS, NOBODY, Registrations(frozenset(), "")),
        (ONE_KEY, HELD.format(OTHER), WITHOUT),
        (TWO_KEYS, HELD.format(OWN), BOTH),
    ],
)
def test_what_a_disk_says_of_its_writers(keys: str, reservation: str, said: Registrations) -> None:
    assert barred.registrations(keys, reservation) == said


@pytest.mark.parametrize(
    ("said", "out"),
    [
        (WITHOUT, True),
        (BOTH, False),
        # A storage that has lost its memory bars nobody, and one that is silent has said nothing.
        (Registrations(frozenset(), ""), False),
        (Registrations(frozenset({OTHER}), ""), False),
        (None, False),
    ],
)
def test_only_a_reservation_without_ones_own_key_bars(said: Registrations | None, out: bool) -> None:
    assert barred.is_barred(said, OWN) is out


@pytest.mark.parametrize(
    ("history", "down"),
    [
        ([BOTH, WITHOUT, WITHOUT], True),
        ([BOTH, WITHOUT, None, WITHOUT], False),
        ([BOTH, WITHOUT, BOTH, WITHOUT], False),
        ([BOTH, None, None, None], False),
        # It has booted after it was fenced, and waits to be let in again.
        ([WITHOUT, WITHOUT, WITHOUT], False),
    ],
)
def test_a_server_goes_down_when_it_was_barred_while_it_ran(
    tmp_path: Path, history: list[Registrations | None], down: bool
) -> None:
    went: list[bool] = []
    answers = iter(history)
    watch = Watch(OWN, lambda: next(answers), lambda: went.append(True), tmp_path / "mark")
    for _look in history:
        watch.once()
    assert bool(went) is down


def test_a_watch_that_was_started_anew_knows_that_the_server_had_its_key(tmp_path: Path) -> None:
    went: list[bool] = []
    Watch(OWN, lambda: BOTH, lambda: went.append(True), tmp_path / "mark").once()
    again = Watch(OWN, lambda: WITHOUT, lambda: went.append(True), tmp_path / "mark")
    again.once()
    again.once()
    assert went


def test_a_disk_is_opened_for_reading_and_its_silence_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = FakePrograms(tmp_path / "bin", monkeypatch)
    keys, held = TWO_KEYS.replace("\n", "\\n"), HELD.format(OWN).replace("\n", "\\n")
    programs.add("sg_persist", f"case $* in *--readonly*--read-keys*) printf '{keys}';; *) printf '{held}';; esac")
    assert barred.ask("/dev/disk") == BOTH
    programs.add("sg_persist", "exit 6")
    assert barred.ask("/dev/disk") is None
    programs.add("sg_persist", "exec sleep 5")
    monkeypatch.setattr(barred, "ANSWER_SECONDS", 0.1)
    assert barred.ask("/dev/disk") is None


def test_a_server_restarts_without_waiting_for_its_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(barred, "SYSRQ", tmp_path / "sysrq-trigger")
    barred.restart()
    assert (tmp_path / "sysrq-trigger").read_text() == "b"


def test_wrong_arguments_are_refused() -> None:
    assert barred.main(["/dev/disk"]) == 2
