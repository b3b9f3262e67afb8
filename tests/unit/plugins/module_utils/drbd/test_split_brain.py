# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two servers' data: one history, one that is merely behind, or two."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.model import Generations
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.parse import parse_generations, parse_proc
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.split_brain import Copy, Relation, report
from hypothesis import given
from hypothesis import strategies as st

_OLD = Path(__file__).parents[4] / "fixtures" / "drbd" / "8.4.11"


def _copies(state: str, detected: float | None = None) -> list[Copy]:
    copies = []
    for name in ("n1", "n2"):
        resource = parse_proc((_OLD / f"{state}-{name}.txt").read_text(), 0)
        assert resource is not None
        generations = parse_generations((_OLD / f"{state}-{name}.gi").read_text())
        copies.append(Copy(name, generations, resource.out_of_sync, resource.role.value, detected))
    return copies


@pytest.mark.parametrize(
    ("state", "relation", "behind"),
    [
        ("fresh", Relation.FRESH, ""),
        ("connected", Relation.SAME, ""),
        ("primary", Relation.SAME, ""),
        ("ahead", Relation.BEHIND, "n2"),
        ("inconsistent", Relation.BEHIND, "n2"),
        ("split_brain", Relation.SPLIT, ""),
        ("resolved", Relation.SAME, ""),
        ("diskless", Relation.BEHIND, "n2"),
    ],
)
def test_real_states_from_both_servers(state: str, relation: Relation, behind: str) -> None:
    found = report(_copies(state))
    assert (found.relation, found.behind) == (relation, behind)


def test_a_split_brain_says_what_each_choice_throws_away() -> None:
    first, second = _copies("split_brain", 1795331482.3)
    found = report([first, second]).as_result()
    assert found["since"] == 1795331482.3
    assert [one["written_bytes"] for one in found["servers"]] == [86924 * 1024, 86884 * 1024]
    assert found["servers"][0]["as_victim"].startswith(f"n1 loses up to {86924 * 1024} bytes")
    assert "n2 never had" in found["servers"][0]["as_victim"]


def test_an_old_split_brain_is_no_news_once_it_is_over() -> None:
    assert report(_copies("resolved", 1.0)).since is None
    assert report(_copies("resolved")).as_result()["servers"][0]["as_victim"] == ""


def test_without_both_answers_nobody_knows() -> None:
    first, second = _copies("split_brain")
    assert report([first]).relation is Relation.UNKNOWN
    assert report([first, Copy("n2", None, None, "Unknown", None)]).relation is Relation.UNKNOWN
    assert "an unknown amount" in report([first, second]).as_victim(Copy("n2", None, None, "Unknown", None))


_NUMBER = st.sampled_from([0, 4, 16, 17, 32, 33, 48, 64])
_GENERATIONS = st.builds(
    Generations,
    current=_NUMBER,
    bitmap=_NUMBER,
    history=st.tuples(_NUMBER, _NUMBER),
    consistent=st.booleans(),
    up_to_date=st.booleans(),
    was_primary=st.booleans(),
    was_connected=st.booleans(),
    peer_outdated=st.booleans(),
    crashed_primary=st.booleans(),
)


@given(st.tuples(_GENERATIONS, _GENERATIONS), st.tuples(st.none() | st.floats(0, 9), st.none() | st.floats(0, 9)))
def test_the_order_of_the_servers_makes_no_difference(
    generations: tuple[Generations, Generations], times: tuple[float | None, float | None]
) -> None:
    pair = [Copy(name, *rest) for name, rest in zip(("n1", "n2"), _rest(generations, times), strict=True)]
    assert report(pair) == report(pair[::-1])


def _rest(
    generations: tuple[Generations, Generations], times: tuple[float | None, float | None]
) -> list[tuple[Generations, int, str, float | None]]:
    return [(one, 4096, "Secondary", when) for one, when in zip(generations, times, strict=True)]
