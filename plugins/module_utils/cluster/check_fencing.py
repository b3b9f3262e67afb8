# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the fence devices of an inventory: all that would be refused later, on a server.

Pure; see :mod:`check`.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.cluster.written import Problem, address, same
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.fencing.device import (
    IPMI_PASSWORD_BYTES,
    IPMITOOL_AGENTS,
    RESERVING,
    device_of,
)


def _device(server: str, where: str, device: Any) -> Iterator[Problem]:
    if not isinstance(device, Mapping):
        yield Problem(where, "each device is a mapping with name, agent, level, options and secrets")
        return
    options, secrets = device.get("options", {}), device.get("secrets", {})
    if not isinstance(options, Mapping) or not isinstance(secrets, Mapping):
        yield Problem(where, "options and secrets are mappings")
        return
    level = device.get("level", 1)
    if isinstance(level, bool) or not isinstance(level, int) or not 1 <= level <= 9:
        yield Problem(where, f"the level {level!r} is no number from 1 to 9")
        return
    try:
        read = device_of({**device, "server": server})
    except PghaError as refused:
        yield Problem(where, refused.message)
        return
    if read.agent in IPMITOOL_AGENTS:
        if address(options.get("ip")) is None:
            yield Problem(where, f"the management controller's ip is {options.get('ip')!r}, which is no address")
        if not secrets.get("password"):
            yield Problem(where, "secrets.password is missing or empty")
        elif len(read.secrets["password"].encode()) > IPMI_PASSWORD_BYTES:
            yield Problem(where, f"secrets.password is longer than the {IPMI_PASSWORD_BYTES} bytes that IPMI knows")


def devices(server: Mapping[str, Any]) -> Iterator[Problem]:
    """Check each device of a server by itself."""
    where = f"{server.get('name')}: pgha_fence_devices"
    devices = server.get("fence_devices")
    if not isinstance(devices, list):
        yield Problem(where, "must be a list")
        return
    for device in devices:
        yield from _device(str(server.get("name")), where, device)


def fence_devices(servers: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Return server, device and options of each device that can be read."""
    for server in servers:
        listed = server.get("fence_devices")
        for device in listed if isinstance(listed, list) else ():
            if isinstance(device, Mapping) and isinstance(device.get("options"), Mapping):
                yield str(server.get("name")), device, device["options"]


def shared_devices(servers: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """One plug for two servers would power off the wrong one; two devices of one name overwrite each other."""
    plugs: dict[tuple[str, str, str], str] = {}
    names: dict[str, str] = {}
    for server, device, options in fence_devices(servers):
        where, name = f"{server}: pgha_fence_devices", str(device.get("name"))
        if name in names:
            yield Problem(where, f"the name {name} is taken already by a device of {names[name]}")
        names.setdefault(name, server)
        if not options.get("ip"):
            continue
        plug = str(options.get("plug") or options.get("port") or "")
        key = (same(options["ip"]), str(options.get("ipport", "")), plug)
        if plugs.setdefault(key, server) != server:
            what = f"{options['ip']}, plug {plug}," if plug else str(options["ip"])
            yield Problem(where, f"{what} is the fence device of {plugs[key]}: it cannot power off {server} too")


def _reserving(server: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Return the devices of a server that bar it from its disk, and the others."""
    listed = server.get("fence_devices")
    devices = [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
    reserving = [one for one in devices if one.get("agent") == RESERVING]
    return reserving, [one for one in devices if one not in reserving]


def _reservation(server: Mapping[str, Any], device: Mapping[str, Any]) -> Iterator[str]:
    options, disk = device.get("options"), server.get("disk")
    named = options.get("devices") if isinstance(options, Mapping) else None
    if named != disk:
        yield (
            f"{RESERVING} bars the server from {named!r}, and it would go on writing to {disk!r}: options.devices is "
            "pgha_disk, that one and no other"
        )
    if any(one.get("level", 1) == device.get("level", 1) for one in _reserving(server)[1]):
        yield (
            f"{RESERVING} needs a level of its own: all devices of a level have to succeed, and a disk that is out of "
            "reach would make the other one useless"
        )


def reservations(servers: Sequence[Mapping[str, Any]], shared: bool) -> Iterator[Problem]:
    """Check devices that take a disk away: where a reservation is in force, a server without a key cannot write."""
    database = [server for server in servers if server.get("role") == "database"]
    having = [server for server in database if _reserving(server)[0]]
    for server in having:
        where = f"{server.get('name')}: pgha_fence_devices"
        if not shared:
            yield Problem(where, f"{RESERVING} is for pgha_storage: shared; here each server has a disk of its own")
            continue
        for device in _reserving(server)[0]:
            for what in _reservation(server, device):
                yield Problem(where, what)
    without = [server for server in database if server not in having]
    for server in without if having and shared else ():
        yield Problem(
            f"{server.get('name')}: pgha_fence_devices",
            f"has no {RESERVING}, and {having[0].get('name')} has: the disk would be closed to it; both need one",
        )
