# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may be made primary by hand, and everything that speaks against it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.failover import (
    COMPLETE,
    Server,
    failover_verdict,
    server_of,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Value, Verdict
from ansible_collections.pgha.cluster.plugins.module_utils.postgres.model import Lsn
from hypothesis import given
from hypothesis import strategies as st


def found(name: str, record: str = "", role: str = "stopped", **changed: Any) -> dict[str, Any]:
    postgres = {"role": role, "timeline": 3, "lsn": "0/5000148"} if role else {}
    attributes = {"pgha-current": "yes"} | ({"postgresql-data-status": record} if record else {})
    return {"name": name, "postgres": postgres, "attributes": attributes, "member": "online"} | changed


def judged(*servers: dict[str, Any], target: str = "n1", accepted: str = "", quorum: bool = True) -> Verdict:
    return failover_verdict([server_of(one) for one in servers], target, accepted, quorum=quorum)


LAST = found("n1", "LATEST")
LEFT = found("n2", "DISCONNECT")
OLD = {"postgresql-data-status": "STREAMING|SYNC"}
TABLE = [
    ("the last primary was alone, both are back", [LAST, LEFT], {}, Value.SAFE, "has_every_commit"),
    ("every commit waited for it", [found("n1", "STREAMING|SYNC"), LEFT], {}, Value.SAFE, "has_every_commit"),
    (
        "its record may be from before",
        [found("n1", "STREAMING|SYNC", attributes=OLD), LEFT],
        {},
        Value.UNSAFE,
        "may_lose_commits",
    ),
    ("and that is accepted", [found("n1", attributes=OLD), LEFT], {"accepted": "n1"}, Value.SAFE, "loss_accepted"),
    (
        "another stack keeps no copies",
        [found("n1", attributes=OLD, stack="drbd"), LEFT],
        {},
        Value.SAFE,
        "has_every_commit",
    ),
    ("the other one is off", [LAST, found("n2", role="", member="offline")], {}, Value.SAFE, "proven_off"),
    ("the other one is lost", [LAST, found("n2", role="", member="unclean")], {}, Value.UNKNOWN, "not_proven_off"),
    ("nobody knows of the other", [LAST, found("n2", role="", member="unknown")], {}, Value.UNKNOWN, "not_proven_off"),
    ("the other takes writes", [LAST, found("n2", "LATEST", "primary")], {}, Value.UNSAFE, "primary_exists"),
    ("the other hangs", [LAST, found("n2", role="not answering")], {}, Value.UNKNOWN, "still_runs"),
    ("it is primary", [found("n1", "LATEST", "primary"), LEFT], {}, Value.UNSAFE, "is_primary"),
    ("it gives no answer", [found("n1", "LATEST", ""), LEFT], {}, Value.UNKNOWN, "not_ready"),
    ("it is no member", [found("n1", "LATEST", member="offline"), LEFT], {}, Value.UNKNOWN, "not_ready"),
    ("it hangs", [found("n1", "LATEST", "not answering"), LEFT], {}, Value.UNKNOWN, "not_ready"),
    ("it has no data", [found("n1", "LATEST", "none"), LEFT], {}, Value.UNSAFE, "no_data"),
    ("it was left behind", [LAST, LEFT], {"target": "n2"}, Value.UNSAFE, "may_lose_commits"),
    ("its loss is accepted", [LAST, LEFT], {"target": "n2", "accepted": "n2"}, Value.SAFE, "loss_accepted"),
    ("another's loss is accepted", [LAST, LEFT], {"target": "n2", "accepted": "n1"}, Value.UNSAFE, "may_lose_commits"),
    ("nothing is recorded", [found("n1"), LEFT], {}, Value.UNSAFE, "may_lose_commits"),
    ("no quorum", [LAST, LEFT], {"quorum": False}, Value.UNKNOWN, "no_quorum"),
    ("no such server", [LAST, LEFT], {"target": "n9"}, Value.UNSAFE, "no_such_server"),
]


@pytest.mark.parametrize(
    ("servers", "asked", "value", "code"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_who_may_be_made_primary(servers: list[dict[str, Any]], asked: dict[str, Any], value: Value, code: str) -> None:
    verdict = judged(*servers, **asked)
    assert verdict.value is value
    assert code in {reason.code for reason in verdict.reasons}


def test_what_would_be_lost_is_said_in_bytes_and_timelines() -> None:
    ahead = found("n1", "LATEST", postgres={"role": "stopped", "timeline": 4, "lsn": "0/5000248"})
    (said,) = (
        reason.message for reason in judged(ahead, LEFT, target="n2").reasons if reason.code == "may_lose_commits"
    )
    assert "n1 is at 0/5000248 or later and n2 at 0/5000148, at least 256 bytes less" in said
    assert "on timeline 3 instead of 4" in said


def test_what_would_be_lost_is_said_in_seconds() -> None:
    ahead = found("n1", "LATEST", postgres={"role": "stopped", "timeline": 3, "lsn": "0/5000248", "age_seconds": 20.2})
    left = found("n2", "DISCONNECT", postgres={"role": "standby", "timeline": 3, "lsn": "0/5000148", "age_seconds": 83})
    said = judged(ahead, left, target="n2").reasons[-1].message
    assert "that n2 is known to have is 83 seconds old, and n1 went on for at least 63 of them." in said


@pytest.mark.parametrize(
    "other",
    [
        # Crashed: its control data tell of the checkpoint before.
        found("n1", "LATEST", postgres={"role": "stopped", "timeline": 3, "lsn": "0/5000148", "age_seconds": 200}),
        found("n1", "LATEST", "", member="offline"),
    ],
    ids=["crashed", "lost"],
)
def test_no_more_seconds_are_claimed_than_are_known(other: dict[str, Any]) -> None:
    left = found("n2", "DISCONNECT", postgres={"role": "standby", "timeline": 3, "lsn": "0/5000148", "age_seconds": 83})
    said = judged(other, left, target="n2").reasons[-1].message
    assert said.split(".")[0].endswith("; the last commit or checkpoint that n2 is known to have is 83 seconds old")


def test_without_another_server_nobody_can_say_what_is_lost() -> None:
    gone = found("n1", "LATEST", "", member="offline")
    (said,) = (
        reason.message for reason in judged(gone, LEFT, target="n2").reasons if reason.code == "may_lose_commits"
    )
    assert "nobody can say" in said


SERVERS = st.builds(
    Server,
    name=st.just("n1"),
    role=st.sampled_from(["", "primary", "standby", "stopped", "none", "not answering"]),
    member=st.sampled_from(["online", "offline", "unclean", "pending", "standby", "maintenance", "unknown"]),
    record=st.sampled_from(["", "LATEST", "STREAMING|SYNC", "STREAMING|ASYNC", "DISCONNECT"]),
    position=st.none() | st.tuples(st.integers(1, 9), st.integers(0, 2**40).map(Lsn)),
    current=st.booleans(),
)


@given(st.tuples(SERVERS, SERVERS, SERVERS), st.booleans(), st.sampled_from(["", "n1", "n2"]))
def test_safe_needs_both_proofs(three: tuple[Server, Server, Server], quorum: bool, accepted: str) -> None:
    servers = [replace(one, name=f"n{number}") for number, one in enumerate(three, 1)]
    target, *others = servers
    verdict = failover_verdict(servers, "n1", accepted, quorum=quorum)
    nobody_else_writes = all(
        one.role in ("standby", "stopped", "none") or (not one.role and one.member == "offline") for one in others
    )
    complete = (target.record in COMPLETE and target.current) or accepted == "n1"
    able = target.role in ("standby", "stopped") and target.member == "online" and quorum
    assert (verdict.value is Value.SAFE) == (nobody_else_writes and complete and able)
