# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what DRBD prints: real states of 8.4 from both servers, the documented form of 9."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.model import Disk, Generations, Progress, Role, Verified
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.parse import (
    parse_data_end,
    parse_generations,
    parse_proc,
    parse_split_brain_time,
    parse_status,
    parse_verified,
    parse_version,
)
from hypothesis import given
from hypothesis import strategies as st

_FIXTURES = Path(__file__).parents[4] / "fixtures" / "drbd"
_OLD = _FIXTURES / "8.4.11"


@pytest.mark.parametrize(
    ("state", "connection", "replication", "roles", "disks"),
    [
        ("wfconnection-n1", "Connecting", "Off", "Secondary/Unknown", "Inconsistent/DUnknown"),
        ("fresh-n1", "Connected", "Established", "Secondary/Secondary", "Inconsistent/Inconsistent"),
        ("connected-n2", "Connected", "Established", "Secondary/Secondary", "UpToDate/UpToDate"),
        ("primary-n1", "Connected", "Established", "Primary/Secondary", "UpToDate/UpToDate"),
        ("primary-n2", "Connected", "Established", "Secondary/Primary", "UpToDate/UpToDate"),
        ("ahead-n1", "Connecting", "Off", "Primary/Unknown", "UpToDate/Outdated"),
        ("ahead-n2", "StandAlone", "Off", "Secondary/Unknown", "Outdated/DUnknown"),
        ("syncing-n1", "Connected", "SyncSource", "Primary/Secondary", "UpToDate/Inconsistent"),
        ("syncing-n2", "Connected", "SyncTarget", "Secondary/Primary", "Inconsistent/UpToDate"),
        ("inconsistent-n2", "StandAlone", "Off", "Secondary/Unknown", "Inconsistent/DUnknown"),
        ("split_brain-n1", "StandAlone", "Off", "Primary/Unknown", "UpToDate/Inconsistent"),
        ("split_brain-n2", "StandAlone", "Off", "Secondary/Unknown", "UpToDate/Outdated"),
        ("verify-n1", "Connected", "VerifyS", "Primary/Secondary", "UpToDate/UpToDate"),
        ("diskless-n2", "Connected", "Established", "Secondary/Primary", "Diskless/UpToDate"),
    ],
)
def test_every_real_state_is_read(state: str, connection: str, replication: str, roles: str, disks: str) -> None:
    found = parse_proc((_OLD / f"{state}.txt").read_text(), 0)
    assert found is not None
    assert (found.connection, found.replication) == (connection, replication)
    assert f"{found.role.value}/{found.peer_role.value}" == roles
    assert f"{found.disk.value}/{found.peer_disk.value}" == disks
    assert not found.suspended


def test_a_resync_tells_how_far_it_is() -> None:
    source, target = (parse_proc((_OLD / f"syncing-{one}.txt").read_text(), 0) for one in ("n1", "n2"))
    assert source is not None
    assert target is not None
    assert source.progress == Progress("resync", "source", 15.4, 50)
    assert target.progress == Progress("resync", "target", 15.4, 45)
    assert (source.out_of_sync, target.out_of_sync) == (93332 * 1024, 90628 * 1024)
    verify = parse_proc((_OLD / "verify-n2.txt").read_text(), 0)
    assert verify is not None
    assert verify.progress == Progress("verify", "target", 32.9, 27)


def test_a_device_that_is_not_up_is_no_resource() -> None:
    text = (_OLD / "wfconnection-n2.txt").read_text()
    assert parse_proc(text, 0) is None
    assert parse_proc(text, 7) is None
    assert parse_proc("", 0) is None
    assert parse_version(text) == "8.4.11"
    assert parse_version("") == ""


def test_what_cannot_be_read_names_its_line() -> None:
    with pytest.raises(ParseError, match=r"line 2 of /proc/drbd"):
        parse_proc("version: 8.4.11\n 0: cs:Connected ro:broken\n", 0)
    with pytest.raises(ParseError, match="Too few flags"):
        parse_generations(":".join(["0" * 16] * 4) + ":1:1:1")
    with pytest.raises(ParseError, match="line 1"):
        parse_generations("No valid meta data found")


def test_held_back_writes_and_unknown_words_are_seen() -> None:
    text = " 0: cs:WFConnection ro:Primary/Unknown ds:UpToDate/Shiny C s-----\n    oos:4\n"
    found = parse_proc(text, 0)
    assert found is not None
    assert found.suspended
    assert found.peer_disk is Disk.UNKNOWN


def test_generations_keep_their_past() -> None:
    found = parse_generations((_OLD / "ahead-n1.gi").read_text())
    behind = parse_generations((_OLD / "ahead-n2.gi").read_text())
    assert behind.present in found.past
    assert found.was_primary
    assert not behind.up_to_date
    assert parse_generations((_OLD / "fresh-n1.gi").read_text()).fresh
    assert Generations.of(found.as_result()) == found
    assert Generations.of({}) is None


_NUMBER = st.integers(0, 2**64 - 1)


@given(st.tuples(_NUMBER, _NUMBER, _NUMBER, _NUMBER), st.lists(st.booleans(), min_size=7, max_size=10))
def test_any_generations_survive_writing_and_reading(numbers: tuple[int, ...], flags: list[bool]) -> None:
    line = ":".join([*(f"{one:016X}" for one in numbers), *(str(int(one)) for one in flags)])
    found = parse_generations(line)
    assert (found.current, found.bitmap, *found.history) == numbers
    assert Generations.of(found.as_result()) == found


def test_drbd_9_is_read_into_the_same_model() -> None:
    found = {one.stem: parse_status(one.read_text(), "pgha") for one in (_FIXTURES / "9").glob("*.json")}
    assert found["down"] is None
    connected, syncing, alone, connecting = (found[one] for one in ("connected", "syncing", "standalone", "connecting"))
    assert connected is not None and syncing is not None and alone is not None and connecting is not None
    assert (connected.role, connected.peer_role) == (Role.SECONDARY, Role.SECONDARY)
    assert syncing.progress == Progress("resync", "source", 38.0, 41)
    assert syncing.out_of_sync == 99668 * 1024
    assert (alone.connection, alone.peer_disk, alone.suspended) == ("StandAlone", Disk.OUTDATED, True)
    assert (connecting.connected, connecting.peer_disk) == (False, Disk.UNKNOWN)
    assert parse_status("", "pgha") is None
    assert parse_status((_FIXTURES / "9" / "connected.json").read_text(), "other") is None


@pytest.mark.parametrize("text", ["{", '[{"name": "pgha"}]', '[{"name": "pgha", "devices": [{"minor": "x"}]}]'])
def test_a_broken_answer_of_drbd_9_is_named(text: str) -> None:
    with pytest.raises(ParseError, match="drbdsetup status"):
        parse_status(text, "pgha")


def test_the_time_of_a_split_brain_is_the_last_one_of_this_device() -> None:
    text = (_OLD / "journal.json").read_text()
    assert parse_split_brain_time(text, 0, "pgha") == 1795331482.304461
    assert parse_split_brain_time(text, 1, "pgha") is None
    later = text.replace("1795331482", "1795331483")
    for both in (text + later, later + text):
        assert parse_split_brain_time(f"{both}no json\n", 0, "pgha") == 1795331483.304461
    solved = text.replace("but unresolved, dropping connection!", ", manually solved. Sync from peer node")
    assert parse_split_brain_time(solved, 0, "pgha") is None
    assert parse_split_brain_time("", 0, "pgha") is None


def test_the_last_verification_and_what_it_found() -> None:
    bad, good = ((_OLD / f"journal-{one}.json").read_text() for one in ("verify", "verify-alike"))
    assert parse_verified(bad, 0, "pgha") == Verified(1795418000.0, 41, 16 * 4096)
    assert parse_verified(good, 0, "pgha") == Verified(1795331600.0, 40, 0)
    # A good one after a bad one: what that had found stands below.
    assert parse_verified(good.replace("1795331600", "1795500000") + bad, 0, "pgha") == Verified(1795500000.0, 40, 0)
    assert parse_verified(f"no json\n{bad}", 1, "pgha") is None
    assert parse_verified("", 0, "pgha") is None


def test_a_verification_that_left_blocks_out_is_none() -> None:
    lines = (_OLD / "journal-verify.json").read_text().splitlines(keepends=True)
    skipped = lines[1].replace("done (total", "done but 3 4k blocks skipped (total")
    assert parse_verified(lines[0] + skipped, 0, "pgha") is None
    assert parse_verified(lines[0] + skipped + lines[2], 0, "pgha") == Verified(1795331600.0, 40, 0)


def test_drbd_9_says_of_which_resource_it_speaks() -> None:
    text = (_OLD / "journal-verify.json").read_text().replace("block drbd0:", "drbd pgha/0 drbd7 n2:")
    found = parse_verified(text.replace("4k block out", "4k blocks out"), 0, "pgha")
    assert found == Verified(1795418000.0, 41, 16 * 4096)


@pytest.mark.parametrize(
    ("state", "bytes_marked"),
    [
        ("differs-n1", 65536),
        ("differs-n2", 65536),
        ("primary-n1", 0),
        ("syncing-n2", 0),
        ("ahead-n1", 0),
        ("fresh-n1", 0),
    ],
)
def test_only_whole_disks_differ(state: str, bytes_marked: int) -> None:
    found = parse_proc((_OLD / f"{state}.txt").read_text(), 0)
    assert found is not None
    assert found.differing == bytes_marked


def test_the_metadata_begins_behind_the_data() -> None:
    assert parse_data_end((_OLD / "dump-md.txt").read_text()) == 268390400
    assert parse_data_end("") is None
