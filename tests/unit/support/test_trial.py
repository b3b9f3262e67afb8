# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a trial concludes from what its observers have written."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.history import Holding, Sample, State, to_line
from ansible_collections.pgha.cluster.tests.support.lab import Server
from ansible_collections.pgha.cluster.tests.support.labs import server
from ansible_collections.pgha.cluster.tests.support.traffic import Place, Traffic
from ansible_collections.pgha.cluster.tests.support.trial import Measured, Trial

WRITE, READ = "10.78.0.100", "10.78.0.101"
# Seen after anything that a trial waits for.
LATE = time.monotonic() + 3600


def accepts(name: str, reign: str, at: float) -> Sample:
    """Return one look at a server that took a write."""
    return Sample(name, State.ACCEPTS, at, at + 0.01, reign)


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    """A trial of two servers, of which nothing has been seen yet."""
    servers = {name: Server(tmp_path, server(name, 11 + number)) for number, name in enumerate(("n1", "n2"))}
    place = Place({name: one.addresses for name, one in servers.items()}, WRITE, READ, "", "secret")
    cluster = Cluster("paper", "10.78", "bookworm", tmp_path)
    traffic = Traffic(place, tmp_path / "traffic", "paper")
    return Trial(cluster, traffic, servers["n1"], servers["n2"], Measured("paper", "n1"))


def note(trial: Trial, *samples: Sample) -> None:
    """Write what the observers saw."""
    for sample in samples:
        with (trial.traffic.directory / f"observer-{sample.server}").open("a", encoding="utf-8") as record:
            record.write(to_line(sample))


STANDBY = Sample("n2", State.STANDBY, LATE, LATE)


def test_a_primary_that_goes_on_has_stayed(trial: Trial) -> None:
    note(trial, accepts("n1", "a", 1), accepts("n1", "a", LATE), STANDBY)
    trial.must_stay()


@pytest.mark.parametrize(
    "samples",
    [
        # It was started anew; the other one took a write; nobody did.
        [accepts("n1", "a", 1), accepts("n1", "b", LATE), STANDBY],
        [accepts("n1", "a", LATE), accepts("n2", "b", 5), STANDBY],
        [Sample("n1", State.REFUSES, LATE, LATE, "a"), STANDBY],
    ],
)
def test_anything_else_has_not(trial: Trial, samples: Sequence[Sample]) -> None:
    note(trial, *samples)
    with pytest.raises(AssertionError, match=r"writes were taken by|was started or promoted anew"):
        trial.must_stay()


def test_the_last_look_counts(trial: Trial) -> None:
    assert trial.traffic.last("n1") is None
    note(trial, accepts("n1", "a", 1), Sample("n1", State.DOWN, 2, 2))
    seen = trial.traffic.last("n1")
    assert seen is not None
    assert seen.state is State.DOWN


def test_two_holders_are_only_forgiven_where_a_trial_says_so(trial: Trial) -> None:
    with (trial.traffic.directory / "holders-public").open("w", encoding="utf-8") as record:
        record.write(to_line(Holding(READ, 1, ("n1", "n2"))))
    trial.traffic.judge([], {READ})
    with pytest.raises(AssertionError, match="two servers answered for one address"):
        trial.traffic.judge([])
    with pytest.raises(AssertionError, match="two servers answered for one address"):
        trial.traffic.judge([], {WRITE})
