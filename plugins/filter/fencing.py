# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filters that turn the fence devices of the inventory into what the cluster and its servers need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.fencing.device import devices_of, files, primitive


def fence_primitives(
    devices: Sequence[dict[str, Any]], directory: str, ipmitool_agents: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the devices with the parameters of their agents, without secrets, in the order of their levels."""
    try:
        listed = [primitive(device, directory, ipmitool_agents) for device in devices_of(devices)]
    except PghaError as error:
        raise AnsibleFilterError(error.as_result()["msg"]) from error
    return sorted(listed, key=lambda one: (one["server"], one["level"], one["name"]))


def fence_files(
    devices: Sequence[dict[str, Any]], directory: str, ipmitool_agents: Sequence[str], ipmitool: str, server: str
) -> list[dict[str, str]]:
    """Return the files for the devices that this server may use: all but those that power off itself."""
    try:
        return [
            file
            for device in devices_of(devices)
            if device.server != server
            for file in files(device, directory, ipmitool_agents, ipmitool)
        ]
    except PghaError as error:
        raise AnsibleFilterError(error.as_result()["msg"]) from error


def fence_topology(primitives: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return per server its levels, each a list of devices that must all succeed; none where no server has a second.

    A single device needs no level, and one server with levels needs them for all: the cluster then looks nowhere else.
    """
    servers: dict[str, dict[int, list[str]]] = {}
    for one in primitives:
        servers.setdefault(one["server"], {}).setdefault(int(one["level"]), []).append(one["name"])
    if len(primitives) == len(servers):
        return []
    return [
        {"server": server, "levels": [sorted(levels[number]) for number in sorted(levels)]}
        for server, levels in sorted(servers.items())
    ]


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return them by name."""
        return {
            "fence_primitives": fence_primitives,
            "fence_files": fence_files,
            "fence_topology": fence_topology,
        }
