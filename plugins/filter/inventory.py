# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that turn the inventory into what the roles take."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.topology import (
    discovered_of,
    known_ids,
    observed_of,
    servers_of,
    topology,
)
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError


def servers(
    hostvars: Any, database: list[str], vote: list[str] | None = None, leaving: str = ""
) -> list[dict[str, Any]]:
    """Return the servers of a cluster with what the inventory says of them, without the one that is being removed."""
    return servers_of(hostvars, database, vote or [], leaving)


def cluster_topology(
    listed: list[dict[str, Any]],
    networks: dict[str, str],
    virtual_addresses: dict[str, str],
    known: dict[str, int] | None = None,
) -> dict[str, Any]:
    """Return nodes, peers, addresses and fence devices of a cluster."""
    try:
        return topology(listed, networks, virtual_addresses, known)
    except PghaError as error:
        raise AnsibleFilterError(error.as_result()["msg"]) from error


def discovered(hostvars: Any, database: list[str], stack: str) -> list[dict[str, Any]]:
    """Return what the discovery found on each database server, for the modules that decide."""
    return discovered_of(hostvars, database, stack)


def observed(hostvars: Any, database: list[str], stack: str) -> list[dict[str, Any]]:
    """Return what each database server said for the status."""
    return observed_of(hostvars, database, stack)


def node_ids(hostvars: Any, database: list[str], stack: str) -> dict[str, int]:
    """Return the numbers by which corosync knows the database servers already."""
    return known_ids(hostvars, database, stack)


def disks(hostvars: Any, names: list[str], variable: str) -> list[dict[str, Any]]:
    """Return what each server's module drbd_device said of its backing device, as drbd_check takes it."""
    return [{"name": name, "device": (hostvars[name].get(variable) or {}).get("server") or {}} for name in names]


def _shorter(path: str, start: str) -> str:
    relative = os.path.relpath(path, start)
    return min(relative, path, key=len)


def how_to_call(
    directory: str, program: str, sources: Sequence[str], options: str = "", start: str | None = None
) -> str:
    """Return how this person calls a playbook of that directory, up to the playbook's name."""
    start = str(Path.cwd()) if start is None else start
    inventories = " ".join(f"-i {_shorter(source, start)}" for source in sources)
    words = [_shorter(program, start), inventories, options.strip(), _shorter(directory, start)]
    return " ".join(word for word in words if word) + "/"


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return them by name."""
        return {
            "servers": servers,
            "topology": cluster_topology,
            "discovered": discovered,
            "observed": observed,
            "node_ids": node_ids,
            "disks": disks,
            "how_to_call": how_to_call,
        }
