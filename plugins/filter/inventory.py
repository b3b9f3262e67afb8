# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that turn the inventory into what the roles take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.topology import (
    discovered_of,
    observed_of,
    servers_of,
    topology,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError


def servers(hostvars: Any, database: list[str], vote: list[str] | None = None) -> list[dict[str, Any]]:
    """Return the servers of a cluster with what the inventory says of them."""
    return servers_of(hostvars, database, vote or [])


def cluster_topology(
    listed: list[dict[str, Any]], networks: dict[str, str], virtual_addresses: dict[str, str]
) -> dict[str, Any]:
    """Return nodes, peers, addresses and fence devices of a cluster."""
    try:
        return topology(listed, networks, virtual_addresses)
    except PghaError as error:
        raise AnsibleFilterError(error.as_result()["msg"]) from error


def discovered(hostvars: Any, database: list[str], stack: str) -> list[dict[str, Any]]:
    """Return what the discovery found on each database server, for the modules that decide."""
    return discovered_of(hostvars, database, stack)


def observed(hostvars: Any, database: list[str], stack: str) -> list[dict[str, Any]]:
    """Return what each database server said for the status."""
    return observed_of(hostvars, database, stack)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return them by name."""
        return {"servers": servers, "topology": cluster_topology, "discovered": discovered, "observed": observed}
