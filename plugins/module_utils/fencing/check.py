# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a server can be powered off by another one, judged from what was asked and not from what was configured.

Pure. One server's view is judged by itself; the views are joined by taking the best one, for it needs only one server
that can do it.

This module util is private to the collection.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import (
    Reason,
    Value,
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
    :ivar names: what the device itself calls the plug that it switches, empty when it names none.
    :ivar disk: it is no power switch but a disk: on for a server whose key it has.
    """

    power: str
    said: str
    seconds: float
    guid: str
    names: frozenset[str] = frozenset()
    disk: bool = False


@dataclass(frozen=True)
class Target:
    """The server that is to be powered off, as its cluster sees it.

    :ivar configured: the cluster has the device.
    :ivar online: it is a member of the cluster now.
    :ivar hardware: the identity of its own hardware, empty when nobody has asked it.
    :ivar failed: the last fencing of it failed, and none has succeeded since.
    :ivar tested: the fingerprint of the device by which it was powered off for a test and started anew.
    :ivar others: the other servers of the cluster.
    :ivar forget: how the cluster is told that the cause of a failed fencing is mended.
    """

    name: str
    configured: bool
    online: bool
    hardware: str
    failed: bool
    tested: str = ""
    others: frozenset[str] = frozenset()
    forget: str = ""


@dataclass(frozen=True)
class View:
    """One device of a server as it was judged.

    :ivar level: the lowest is tried first; the devices of one level are needed together.
    """

    device: str
    level: int
    verdict: Verdict


def fingerprint(agent: str, params: Mapping[str, str]) -> str:
    """Return what a real test was done with; another agent or another parameter makes it void."""
    text = json.dumps([agent, sorted((str(key), str(value)) for key, value in params.items())])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def addressed(params: Mapping[str, str], server: str) -> dict[str, str]:
    """Return a device's parameters with the plug that the cluster would look up for the server."""
    pairs = [pair.partition(":") for pair in re.split(r"[;,\s]+", params.get("pcmk_host_map", ""))]
    plug = next((plug for name, _colon, plug in pairs if name == server and plug), "")
    return {**({"plug": plug} if plug and "port" not in params else {}), **params}


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


def _identity(target: Target, asked: Asked, mark: str) -> Reason:
    """Say whose the device is, by the best evidence there is; a name in the inventory is none."""
    if asked.guid and target.hardware:
        if same_hardware(asked.guid, target.hardware):
            return safe("identity_agrees", f"the device belongs to the hardware of {target.name}")
        return unsafe(
            "identity_differs",
            f"the device belongs to {asked.guid}, {target.name} is {target.hardware}: another server's",
        )
    if target.name in asked.names:
        return safe("named", f"the device itself names the plug {target.name}")
    if foreign := sorted(asked.names & target.others):
        return unsafe("named_differently", f"the device itself names the plug {foreign[0]}: another server's")
    if mark and target.tested == mark:
        return safe("tested", f"a real test with this device made {target.name} start anew")
    if asked.guid:
        return unknown("not_asked", f"{target.name} has not told its hardware's identity yet")
    return unknown(
        "no_identity", "the device does not tell whose it is; a real test proves it (fence_check.yml, pgha_fence_test)"
    )


def _registration(target: Target, asked: Asked) -> Reason:
    """Say what a disk knows of a server: whose the key is needs no other proof, as each server puts its own there."""
    if asked.power == "on":
        return safe("registered", f"the disk has the key of {target.name}, and another server can take it away")
    if target.online:
        return unsafe("not_registered", f"{target.name} is a member and has no key on the disk: it cannot write there")
    return safe("barred", f"the disk has no key of {target.name}, which is no member")


def verdict(target: Target, asked: Asked, properties: Mapping[str, str], mark: str = "", limit: str = "") -> Verdict:
    """Judge one device from one server.

    :param mark: the device's fingerprint.
    :param limit: the device's own time limit (``pcmk_reboot_timeout``), empty when the cluster's counts.
    """
    reasons: list[Reason] = []
    if properties.get("stonith-enabled", "true") != "true":
        reasons.append(unsafe("disabled", "fencing is switched off in the cluster (stonith-enabled)"))
    if not target.configured:
        reasons.append(unsafe("not_configured", f"the cluster has no device for {target.name}"))
    if target.failed:
        # The cluster keeps it until a fencing succeeds; only a person knows that the cause is mended.
        forget = f" (when the cause is mended: {target.forget})" if target.forget else ""
        reasons.append(unsafe("failed", f"the last fencing of {target.name} failed{forget}"))
    if not asked.power:
        reasons.append(unsafe("no_answer", f"the device does not answer: {asked.said}"))
        return judge(reasons)
    reasons += [_registration(target, asked)] if asked.disk else [_power(target, asked), _identity(target, asked, mark)]
    name = "pcmk_reboot_timeout" if limit else "stonith-timeout"
    allowed = milliseconds(limit or properties.get("stonith-timeout", "60s"), 60000.0) / 1000
    if asked.seconds * ACTION_FACTOR > allowed:
        reasons.append(
            unsafe("too_slow", f"an answer took {asked.seconds:.1f} s, too slow for a {name} of {allowed:g} s")
        )
    return judge(reasons)


# These would power off another server: no second device and no better view makes up for it.
OF_ANOTHER = frozenset({"wrong_plug", "identity_differs", "named_differently"})
_ORDER = (Value.SAFE, Value.UNKNOWN, Value.UNSAFE)


def combine(views: Sequence[View]) -> Verdict:
    """Judge all devices of one server: a level needs each of its devices, and one good level is enough.

    A spare level that does not work is told and does not spoil the verdict; a device of another server does.
    """
    if not views:
        return judge([])
    levels = sorted({view.level for view in views})
    by_level = {
        level: judge([reason for view in views if view.level == level for reason in view.verdict.reasons])
        for level in levels
    }
    best = min(levels, key=lambda level: _ORDER.index(by_level[level].value))
    reasons = list(by_level[best].reasons)
    for view in views:
        for reason in view.verdict.reasons if view.level != best else ():
            if reason.code in OF_ANOTHER:
                reasons.append(reason)
            elif reason.value is not Value.SAFE:
                reasons.append(safe("spare", f"{view.device}, level {view.level}: {reason.message}"))
    return judge(reasons)


def join(views: Sequence[Verdict]) -> Verdict:
    """Join the views of several servers on one target.

    The best one counts, for one that can do it is enough; but whoever finds another server behind the device is heard.
    """
    if not views:
        return judge([unknown("nobody_asked", "no other server could ask its device")])
    for view in views:
        if any(reason.code in OF_ANOTHER for reason in view.reasons):
            return view
    return min(views, key=lambda one: _ORDER.index(one.value))
