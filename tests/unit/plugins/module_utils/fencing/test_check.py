# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server can be powered off: the decision table."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Value, judge, safe, unknown, unsafe
from ansible_collections.pgha.cluster.plugins.module_utils.fencing.check import (
    Asked,
    Target,
    View,
    combine,
    join,
    milliseconds,
    same_hardware,
    verdict,
)
from hypothesis import given
from hypothesis import strategies as st

OWN = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
OTHER = "3f2504e0-4f89-11d3-9a0c-0305e82c3302"
ON = {"stonith-enabled": "true", "stonith-timeout": "60s"}


def target(**changed: Any) -> Target:
    told: dict[str, Any] = {"name": "n1", "configured": True, "online": True, "hardware": OWN, "failed": False}
    return Target(**(told | changed))


def asked(**changed: Any) -> Asked:
    told: dict[str, Any] = {"power": "on", "said": "", "seconds": 0.2, "guid": OWN}
    return Asked(**(told | changed))


@pytest.mark.parametrize(
    ("who", "answer", "properties", "value", "code"),
    [
        (target(), asked(), ON, Value.SAFE, "identity_agrees"),
        (target(online=False), asked(power="off"), ON, Value.SAFE, "power_agrees"),
        (target(online=False), asked(), ON, Value.SAFE, "lost_but_on"),
        (target(), asked(power="off"), ON, Value.UNSAFE, "wrong_plug"),
        (target(), asked(guid=OTHER), ON, Value.UNSAFE, "identity_differs"),
        (target(), asked(guid=""), ON, Value.UNKNOWN, "no_identity"),
        (target(hardware=""), asked(), ON, Value.UNKNOWN, "not_asked"),
        (target(configured=False), asked(), ON, Value.UNSAFE, "not_configured"),
        (target(failed=True), asked(), ON, Value.UNSAFE, "failed"),
        (target(), asked(power="", said="no route"), ON, Value.UNSAFE, "no_answer"),
        (target(), asked(), {"stonith-enabled": "false"}, Value.UNSAFE, "disabled"),
        (target(), asked(seconds=11.0), ON, Value.UNSAFE, "too_slow"),
        # A disk knows a server by the key that this one has put there itself.
        (target(), asked(disk=True, guid=""), ON, Value.SAFE, "registered"),
        (target(online=False), asked(disk=True, guid=""), ON, Value.SAFE, "registered"),
        (target(), asked(disk=True, guid="", power="off"), ON, Value.UNSAFE, "not_registered"),
        (target(online=False), asked(disk=True, guid="", power="off"), ON, Value.SAFE, "barred"),
    ],
)
def test_verdicts(who: Target, answer: Asked, properties: dict[str, str], value: Value, code: str) -> None:
    found = verdict(who, answer, properties)
    assert found.value is value
    assert code in [reason.code for reason in found.reasons]


@given(st.uuids())
def test_the_three_byte_orders_of_management_controllers_are_one_identity(identity: uuid.UUID) -> None:
    swapped = uuid.UUID(bytes=identity.bytes_le)
    assert same_hardware(str(identity), str(identity))
    assert same_hardware(str(swapped), str(identity))
    assert same_hardware(str(uuid.UUID(bytes=identity.bytes[::-1])), str(identity).upper())


def test_another_identity_is_none() -> None:
    assert not same_hardware(OTHER, OWN)
    assert not same_hardware("", OWN)


@pytest.mark.parametrize(
    ("text", "value"), [("60s", 60000), ("2min", 120000), ("500ms", 500), ("7", 7000), ("soon", 1)]
)
def test_times(text: str, value: float) -> None:
    assert milliseconds(text, 1) == value


def test_one_server_that_can_do_it_is_enough() -> None:
    bad, dim, good = judge([unsafe("a", "")]), judge([unknown("b", "")]), judge([safe("c", "")])
    assert join([bad, good, dim]).value is Value.SAFE
    assert join([bad, dim]).value is Value.UNKNOWN
    assert join([]).value is Value.UNKNOWN


def test_a_server_without_its_key_does_not_spoil_a_power_switch_that_works() -> None:
    power = View("ipmi", 1, verdict(target(), asked(), ON))
    disk = View("disk", 2, verdict(target(), asked(disk=True, guid="", power="off"), ON))
    found = combine([power, disk])
    assert found.value is Value.SAFE
    assert "has no key on the disk" in " ".join(reason.message for reason in found.reasons)
