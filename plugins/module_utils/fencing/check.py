# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server can be powered off by another one, judged from what was asked and not from what was configured.

Pure. One server's view is judged by itself; the views are joined by taking the best one, for it needs only one server
that can do it.

This module util is private to the collection.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import (
    Reason,
    Verdict,
    judge,
    safe,
    unknown,
    unsafe,
)

# A fencing action asks and switches about three times as often as a look at the power state.
ACTION_FACTOR = 6


@dataclass(frozen=True)
class Asked:
    """What a device answered to this server.

    :ivar power: ``on`` or ``off``, empty when it did not answer.
    :ivar said: what it said when it did not answer.
    :ivar seconds: how long the answer took.
    :ivar guid: the identity of the machine that the management controller belongs to, empty when it tells none.
    """

    power: str
    said: str
    seconds: float
    guid: str


@dataclass(frozen=True)
class Target:
    """The server that is to be powered off, as its cluster sees it.

    :ivar configured: the cluster has the device.
    :ivar online: it is a member of the cluster now.
    :ivar hardware: the identity of its own hardware, empty when nobody has asked it.
    :ivar failed: the last fencing of it failed, and none has succeeded since.
    """

    name: str
    configured: bool
    online: bool
    hardware: str
    failed: bool


def same_hardware(guid: str, hardware: str) -> bool:
    """Compare two identities; management controllers write the same one in three byte orders."""
    try:
        one, other = uuid.UUID(guid), uuid.UUID(hardware)
    except ValueError:
        return False
    return other.bytes in (one.bytes, one.bytes_le, one.bytes[::-1])


def milliseconds(text: str, default: float) -> float:
    """Read a pacemaker time such as ``60s``, ``2min`` or ``500ms``; plain numbers are seconds."""
    units = {"": 1000.0, "s": 1000.0, "sec": 1000.0, "ms": 1.0, "msec": 1.0, "m": 60000.0, "min": 60000.0}
    found = re.fullmatch(r"\s*(\d+)\s*([a-z]*)\s*", text)
    if not found or found.group(2) not in units:
        return default
    return int(found.group(1)) * units[found.group(2)]


def _power(target: Target, asked: Asked) -> Reason:
    if asked.power == "off" and target.online:
        return unsafe(
            "wrong_plug", f"the device says off, yet {target.name} is a member: it is another server's device"
        )
    if asked.power == "on" and not target.online:
        return safe("lost_but_on", f"{target.name} has power and is no member")
    return safe("power_agrees", f"the power is {asked.power}, as the cluster says")


def _identity(target: Target, asked: Asked) -> Reason:
    if not asked.guid:
        return unknown("no_identity", "the device does not tell whose it is; a real fencing test would prove it")
    if not target.hardware:
        return unknown("not_asked", f"{target.name} has not told its hardware's identity yet")
    if same_hardware(asked.guid, target.hardware):
        return safe("identity_agrees", f"the device belongs to the hardware of {target.name}")
    return unsafe(
        "identity_differs", f"the device belongs to {asked.guid}, {target.name} is {target.hardware}: another server's"
    )


def verdict(target: Target, asked: Asked, properties: Mapping[str, str]) -> Verdict:
    """Judge one device from one server."""
    reasons: list[Reason] = []
    if properties.get("stonith-enabled", "true") != "true":
        reasons.append(unsafe("disabled", "fencing is switched off in the cluster (stonith-enabled)"))
    if not target.configured:
        reasons.append(unsafe("not_configured", f"the cluster has no device for {target.name}"))
    if target.failed:
        reasons.append(unsafe("failed", f"the last fencing of {target.name} failed"))
    if not asked.power:
        reasons.append(unsafe("no_answer", f"the device does not answer: {asked.said}"))
        return judge(reasons)
    reasons += [_power(target, asked), _identity(target, asked)]
    allowed = milliseconds(properties.get("stonith-timeout", "60s"), 60000.0) / 1000
    if asked.seconds * ACTION_FACTOR > allowed:
        reasons.append(
            unsafe("too_slow", f"an answer took {asked.seconds:.1f} s, too slow for a stonith-timeout of {allowed:g} s")
        )
    return judge(reasons)


def join(views: Sequence[Verdict]) -> Verdict:
    """Join the views of several servers on one target: the best one counts, for one that can do it is enough."""
    order = ("safe", "unknown", "unsafe")
    if not views:
        return judge([unknown("nobody_asked", "no other server could ask")])
    return min(views, key=lambda one: order.index(one.value.value))
