# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person reads."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent.show import status_text, why_text
from ansible_collections.pgha.cluster.tests.support.agents import some_status


def test_the_status_of_a_healthy_pair_is_four_lines() -> None:
    lines = status_text(some_status()).splitlines()
    assert lines[0] == "n1: primary in reign 3, PostgreSQL primary"
    assert lines[1] == "n2: standby in reign 3, PostgreSQL standby"
    assert lines[2] == "redundant: yes   lag: 10 bytes   write address may be here: yes"
    assert lines[3] == "now: all is well (redundant, since 5.0 s)"
    assert len(lines) == 4


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"paused": True}, "PAUSED"),
        ({"error": "disk full"}, "ERROR: disk full"),
        ({"missing_addresses": ["10.0.0.11"]}, "NOT LISTENING on 10.0.0.11"),
        ({"fencing": False}, "NO FENCING"),
        ({"role": "out"}, "rebuild_standby.yml"),
        ({"healthy": False}, "which does not do its work"),
        ({"running": ["promote"]}, "running: promote"),
        ({"lag_bytes": None}, "lag: unknown"),
        ({"peer_state": {"fresh": False, "silent_for": 9.0, "heard": None}}, "n2: never heard"),
        (
            {"peer_state": {"fresh": False, "silent_for": 9.0, "heard": some_status()["peer_state"]["heard"]}},
            "n2: silent; 9.0 s ago it was standby",
        ),
    ],
)
def test_what_must_not_be_overlooked_is_said(changes: dict[str, Any], text: str) -> None:
    assert text in status_text(some_status(**changes))


def test_why_shows_what_was_seen_and_what_happened() -> None:
    events = [
        {"time": 1700000000.5, "kind": "begun", "text": "fence"},
        {
            "time": 1700000001.0,
            "kind": "decided",
            "action": "promote",
            "reason": "primary_off",
            "text": "it has no power",
            "seen": {"heard": {"role": "primary"}, "fenced": "off"},
        },
        {"time": 1700000002.0, "kind": "done", "text": "promote"},
    ]
    decision = {
        "action": "promote",
        "reason": "primary_off",
        "text": "it has no power",
        "proof": "off",
        "for_seconds": 300,
    }
    text = why_text({"events": events, "status": some_status(decision=decision)})
    assert text.startswith("promote: it has no power (primary_off, proof: off, since 5 min)\n")
    assert "  heard.role: primary\n  fenced: off\n" in text
    assert "promote (primary_off): it has no power" in text
    assert ".500  begun" in text


def test_why_of_an_agent_that_has_just_started() -> None:
    assert "The last events:" in why_text({"events": [], "status": some_status()})
