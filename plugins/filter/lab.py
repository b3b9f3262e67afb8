# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that turn an inventory into a lab."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError


def lab_servers(hostvars: Mapping[str, Any], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the servers of a lab: each with its addresses, and a management controller where fencing looks for it."""
    servers = []
    for name in names:
        variables = hostvars[name]
        devices = variables.get("pgha_fence_devices") or [{}]
        options = devices[0].get("options") or {}
        address = variables.get("lab_bmc_address") or options.get("ip")
        if not address:
            raise AnsibleFilterError(
                f"{name} has neither a fence device with an address nor lab_bmc_address, one of which its BMC needs"
            )
        servers.append(
            {
                "name": name,
                "addresses": dict(variables.get("pgha_addresses") or {}),
                "bmc_address": str(address),
                "bmc_port": int(options.get("ipport") or 623),
                "bmc_username": str(options.get("username") or "admin"),
                "kind": str(variables.get("lab_kind") or "container"),
                "memory": variables.get("lab_memory") or 1024,
                "disks": list(variables.get("lab_disks") or []),
            }
        )
    return servers


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return them by name."""
        return {"lab_servers": lab_servers}
