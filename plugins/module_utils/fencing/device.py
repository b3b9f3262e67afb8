# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a fence device in the inventory to the files and the parameters with which the cluster runs its agent.

A secret never becomes a parameter: parameters stand in the CIB, and agents put them on command lines. The agent gets
the name of a script that prints the secret. An agent of the ipmitool family would still pass the password on ipmitool's
command line, so it gets a program in ipmitool's place that hands ipmitool a password file.

An agent of the other kind, fence_scsi, takes no power away but the disk: it removes the server's key from it. A server
puts its own key there when it joins the cluster, so that this device has to work on the server itself, too.

This module util is private to the collection.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_KEY = re.compile(r"[a-z][a-z0-9_]*")
# ipmitool reads one line of at most 20 bytes (16 with IPMI 1.5).
IPMI_PASSWORD_BYTES = 20
# These run ipmitool. The role fencing has the same list; a test compares them.
IPMITOOL_AGENTS = frozenset({"fence_ipmilan", "fence_idrac", "fence_ilo3", "fence_ilo4", "fence_ilo5", "fence_imm"})
# Bars a server from its disk by a persistent reservation.
RESERVING = "fence_scsi"
# What says which server is meant: left to a person, two servers could get one key, and each would bar itself.
_WHO = frozenset({"key", "key_value", "nodename", "plug", "port"})


@dataclass(frozen=True)
class Device:
    """One fence device as the inventory describes it."""

    name: str
    server: str
    agent: str
    level: int
    options: Mapping[str, str]
    secrets: Mapping[str, str]


def device_of(raw: Mapping[str, Any]) -> Device:
    """Read and check one device. Messages name the device and never a secret."""
    name = str(raw.get("name", ""))

    def refuse(what: str) -> PghaError:
        return PghaError(f"The fence device '{name}' {what}.", next_step="correct it in the inventory")

    if not _NAME.fullmatch(name):
        raise refuse("needs a name of small letters, digits and hyphens")
    agent, server = str(raw.get("agent", "")), str(raw.get("server", ""))
    if not re.fullmatch(r"fence_[a-z0-9_]+", agent):
        raise refuse(f"names the agent '{agent}', which is no fence agent")
    if not server:
        raise refuse("does not say which server it powers off")
    options = {str(key): _text(value) for key, value in (raw.get("options") or {}).items()}
    secrets = {str(key): str(value) for key, value in (raw.get("secrets") or {}).items()}
    for key in [*options, *secrets]:
        if not _KEY.fullmatch(key):
            raise refuse(f"has an option '{key}', which no agent can have")
    exposed = sorted(key for key in options if key in ("password", "passwd", "snmp_priv_passwd", "snmp_priv_password"))
    if exposed:
        raise refuse(f"carries {', '.join(exposed)} as an option, which every user could read; put it under secrets")
    if any("\n" in value for value in secrets.values()):
        raise refuse("has a secret of more than one line")
    if agent == RESERVING and _WHO & set(options):
        given = ", ".join(sorted(_WHO & set(options)))
        raise refuse(f"has {given}: the key follows from the server's name, leave it out")
    return Device(name, server, agent, int(raw.get("level", 1)), options, secrets)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


def devices_of(raw: Sequence[Mapping[str, Any]]) -> list[Device]:
    """Read all devices; their names must differ."""
    devices = [device_of(one) for one in raw]
    names = [device.name for device in devices]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PghaError(f"The fence device {twice[0]} is described twice.", next_step="correct the inventory")
    return devices


def reservation_key(server: str) -> str:
    """Return the key by which a disk knows a server. Its first digit is no zero, which the agent would drop."""
    return "a" + hashlib.sha256(server.encode()).hexdigest()[:7]


def uses_ipmitool(device: Device, ipmitool_agents: Sequence[str]) -> bool:
    """Whether the device's password would end on ipmitool's command line."""
    return device.agent in ipmitool_agents and "password" in device.secrets


def primitive(device: Device, directory: str, ipmitool_agents: Sequence[str]) -> dict[str, Any]:
    """The device as the cluster's configuration needs it, without any secret."""
    params = dict(device.options)
    if device.agent in ipmitool_agents:
        # The agent sleeps this long after each of its six commands of a reboot: 12 seconds with its default of 2, in
        # which nobody takes writes. It asks for the state after each switch anyway, and that is the proof.
        params.setdefault("power_wait", "0")
    if device.agent == RESERVING:
        # It can bar a server and let it in again, and not start it anew.
        params |= {"key": reservation_key(device.server), "pcmk_reboot_action": "off"}
    for key in device.secrets:
        if key == "password" and uses_ipmitool(device, ipmitool_agents):
            params["ipmitool_path"] = f"{directory}/{device.name}.ipmitool"
        else:
            params[f"{key}_script"] = f"{directory}/{device.name}.{key}_script"
    return {
        "name": device.name,
        "server": device.server,
        "agent": device.agent,
        "level": device.level,
        "params": params,
        "unfences": device.agent == RESERVING,
    }


def files(device: Device, directory: str, ipmitool_agents: Sequence[str], ipmitool: str) -> list[dict[str, str]]:
    """The files that the agent needs on a server that may fence with this device: path, mode and content."""
    placed: list[dict[str, str]] = []
    for key, value in device.secrets.items():
        secret = f"{directory}/{device.name}.{key}"
        placed.append({"path": secret, "mode": "0600", "content": f"{value}\n"})
        if key == "password" and uses_ipmitool(device, ipmitool_agents):
            if len(value.encode()) > IPMI_PASSWORD_BYTES:
                raise PghaError(
                    f"The password of the fence device '{device.name}' is longer than the {IPMI_PASSWORD_BYTES} bytes "
                    "that IPMI knows.",
                    next_step="give the management controller a shorter one",
                )
            program = _IPMITOOL.format(secret=secret, ipmitool=ipmitool)
            placed.append({"path": f"{directory}/{device.name}.ipmitool", "mode": "0700", "content": program})
        else:
            script = f"#!/bin/sh\nexec cat {secret}\n"
            placed.append({"path": f"{directory}/{device.name}.{key}_script", "mode": "0700", "content": script})
    return placed


_IPMITOOL = """#!/bin/sh
# Placed by pgha.cluster. Stands in ipmitool's place, because the fence agent would pass the password on the command
# line, where every user can read it. The agent knows no password and passes an empty one; ipmitool reads the real one
# from a file.
count=$#
while [ "$count" -gt 0 ]; do
    if [ "$1" = "-P" ]; then
        shift 2
        count=$((count - 2))
    else
        set -- "$@" "$1"
        shift
        count=$((count - 1))
    fi
done
exec {ipmitool} -f {secret} "$@"
"""
