# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server says of its DRBD resource.

This module util is private to the collection.
"""

from __future__ import annotations

from shutil import which
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Runner
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.gateway import Gateway
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.plan import promotion


def read(gateway: Gateway, installed: bool) -> dict[str, Any]:
    """Read."""
    loaded = gateway.loaded_version()
    configured = installed and gateway.name in gateway.resources()
    resource = gateway.status() if configured and loaded else None
    generations = gateway.generations() if configured and loaded else None
    verified = None if resource is None else gateway.verified(resource.minor)
    return {
        "installed": installed,
        "module": {"loaded": loaded, "available": loaded or gateway.available_version()},
        "configured": configured,
        "up": resource is not None,
        "resource": None if resource is None else resource.as_result(),
        "generations": None if generations is None else generations.as_result(),
        "split_brain_seen": None if resource is None else gateway.split_brain_seen(resource.minor),
        "verified": None if verified is None else verified.as_result(),
        "promotion": promotion(resource).as_result(),
    }


def look(run: Runner, resource: str) -> dict[str, Any]:
    """Read; a server on which nothing is installed says so."""
    return read(Gateway(run, resource), which("drbdadm") is not None)
