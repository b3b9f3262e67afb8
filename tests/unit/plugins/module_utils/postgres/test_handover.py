# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The two halves of a switchover: when the primary may stop, and what the standby takes for its end."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.handover import (
    Giver,
    Taker,
    complaint,
    ends_in_shutdown,
)
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import Lsn

COMMIT = (
    "rmgr: Transaction len (rec/tot):     34/    34, tx:        741, lsn: 0/030001A8, prev 0/03000170, "
    "desc: COMMIT 2026-11-21 10:00:00.000000 UTC"
)
SHUTDOWN = (
    "rmgr: XLOG        len (rec/tot):    114/   114, tx:          0, lsn: 0/030001D0, prev 0/030001A8, "
    "desc: CHECKPOINT_SHUTDOWN redo 0/30001D0; tli 1; prev tli 1; fpw true; xid 0:742; oid 16391; multi 1"
)
ONLINE = SHUTDOWN.replace("CHECKPOINT_SHUTDOWN", "CHECKPOINT_ONLINE")
END = Lsn.parse("0/3000248")


@pytest.mark.parametrize(
    ("lines", "ends"),
    [
        ([COMMIT, SHUTDOWN], True),
        ([SHUTDOWN], True),
        ([COMMIT], False),
        ([COMMIT, ONLINE], False),
        ([SHUTDOWN, COMMIT], False),
        ([], False),
        (["pg_waldump: error: could not find a valid record after 0/3000248"], False),
    ],
)
def test_only_a_shutdown_checkpoint_at_the_very_end_is_proof(lines: list[str], ends: bool) -> None:
    assert ends_in_shutdown("\n".join(lines), END) is ends


def test_a_record_beyond_what_was_received_is_a_remnant_and_no_proof() -> None:
    assert not ends_in_shutdown(SHUTDOWN, Lsn.parse("0/30001D0"))


@pytest.mark.parametrize(
    ("row", "mode", "said"),
    [
        ((False, "streaming", "sync", 0), "sync", ""),
        ((False, "streaming", "quorum", 0), "sync", ""),
        ((False, "streaming", "async", 0), "async", ""),
        ((True, "streaming", "sync", 0), "sync", "no primary any more"),
        ((False, None, None, None), "sync", "does not stream"),
        ((False, "catchup", "sync", 0), "sync", "does not stream"),
        ((False, "streaming", "potential", 0), "sync", "no synchronous standby (potential)"),
        ((False, "streaming", "sync", None), "sync", "an unknown number of bytes"),
        ((False, "streaming", "sync", 2**24 + 1), "sync", "16777217 bytes behind"),
    ],
)
def test_when_a_primary_must_not_stop(row: tuple[Any, ...], mode: str, said: str) -> None:
    text = complaint(row, "n2", mode)
    assert said in text if said else text == ""


class Answers:
    """A session that says what it was given, one answer after the other; the last one again and again."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def ask(self, statement: str, values: tuple[Any, ...] = (), *, seconds: float = 5) -> list[Any]:
        self.asked.append(statement)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, PghaError):
            raise answer
        return [answer]

    def close(self) -> None:
        self.asked.append("close")


def taker(session: Answers, printed: str) -> tuple[Taker, list[list[str]]]:
    ran: list[list[str]] = []

    def runner(
        argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        ran.append(list(argv))
        return Completed(1, printed, "pg_waldump: error: error in WAL record")

    return Taker(session, Path("/data"), Path("/bin"), runner), ran


def test_the_log_is_read_from_before_the_last_place_that_was_seen() -> None:
    """The last look at a running stream may have found its very end already, and nothing begins there."""
    session = Answers(
        ("0/3000100", "0/3000100", True, 1),
        ("0/30001D0", "0/30001D0", True, 1),
        ("0/3000248", "0/3000248", True, 1),
        ("0/3000248", "0/3000248", False, None),
    )
    one, ran = taker(session, SHUTDOWN)
    assert [one.has_shutdown_checkpoint() for _look in range(4)] == [False, False, False, True]
    assert ran == [
        ["/bin/pg_waldump", "--path", "/data/pg_wal", "--timeline", "1", "--start", "0/30001D0"],
    ]


def test_a_stream_that_was_never_seen_has_not_ended() -> None:
    one, ran = taker(Answers(("0/3000248", "0/3000248", False, None)), SHUTDOWN)
    assert not one.stream_has_ended()
    assert not one.has_shutdown_checkpoint()
    assert ran == []


def test_a_stream_that_breaks_without_a_shutdown_is_no_proof() -> None:
    session = Answers(("0/3000100", "0/3000100", True, 1), ("0/3000248", "0/3000248", False, None))
    one, _ran = taker(session, COMMIT)
    assert not one.has_shutdown_checkpoint()
    assert one.stream_has_ended()
    assert not one.has_shutdown_checkpoint()


def test_a_server_that_sleeps_on_its_promotion_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second request may find it promoted already, and its refusal is no failure then."""
    clock = iter(number / 5 for number in range(5, 100))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    session = Answers((True,), (True,), (True,), PghaError("recovery is not in progress"), (False,))
    one, _ran = taker(session, "")
    one.promote(60.0)
    assert [statement for statement in session.asked if "pg_promote" in statement] == ["SELECT pg_promote(false)"] * 2


def test_a_standby_that_does_not_answer_is_not_promoted() -> None:
    """No answer is a no (S3): the old primary goes on waiting, longer than the standby may still promote."""
    peer = Answers(PghaError("gone"))
    assert not Giver(Answers((True,)), peer, "n2", "sync", Path("/data")).standby_is_promoted()


def test_a_primary_whose_standby_has_left_stops_nothing() -> None:
    local = Answers((False, None, None, None))
    with pytest.raises(PghaError, match="Nothing was stopped: n2 does not stream from here"):
        Giver(local, Answers((True,)), "n2", "sync", Path("/data")).check()
