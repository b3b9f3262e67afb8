# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs as data, for tests that need one and no machine."""

from __future__ import annotations

from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.lab.model import Lab, wanted_lab


def server(name: str, number: int, prefix: str = "10.78") -> dict[str, Any]:
    """Return one server the way the filter lab_servers gives it."""
    networks = ("public", "replication", "management")
    return {
        "name": name,
        "addresses": {network: f"{prefix}.{place}.{number}" for place, network in enumerate(networks)},
        "bmc_address": f"{prefix}.2.{number + 100}",
        "bmc_port": 623,
        "bmc_username": "admin",
    }


def lab_options(prefix: str = "10.78") -> dict[str, Any]:
    """Return networks and servers of an ordinary lab."""
    return {
        "release": "bookworm",
        "networks": {
            network: f"{prefix}.{place}.0/24" for place, network in enumerate(("public", "replication", "management"))
        },
        "servers": [server("n1", 11, prefix), server("n2", 12, prefix), server("v1", 19, prefix)],
    }


def some_lab(name: str = "demo", prefix: str = "10.78", root: str = "/var/lib/pgha-lab", **changes: Any) -> Lab:
    """Return an ordinary lab, with changes."""
    options = lab_options(prefix) | changes
    return wanted_lab(name, f"{root}/{name}", options["release"], options["networks"], options["servers"])
