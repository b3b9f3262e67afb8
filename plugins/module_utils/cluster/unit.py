# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd says of a unit that the cluster runs, in the words of a primary and a standby.

Pure. This module util is private to the collection.
"""

from __future__ import annotations

from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.cluster.model import OUTSIDE
from ansible_collections.pgha.cluster.plugins.module_utils.common.unit import ACTIVE, properties_of

PROPERTIES = ("LoadState", "ActiveState")


def service_of(unit: str, shown: str, *, mounted: bool) -> dict[str, Any]:
    """Return what the module that reads it hands on: it is the primary where it runs and has its directory.

    :param shown: what ``systemctl show`` printed.
    :param mounted: whether something is mounted on its directory.
    """
    said = properties_of(unit, shown, PROPERTIES)
    running = said["ActiveState"] in ACTIVE
    if said["LoadState"] != "loaded":
        role = "none"
    elif running:
        role = "primary" if mounted else OUTSIDE
    else:
        role = "stopped"
    return {"unit": unit, "role": role, "running": running, "state": said["ActiveState"]}
