# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What speaks for or against DRBD's metadata on a backing device.

This module util is private to the collection.
"""

from __future__ import annotations

import os
from pathlib import Path

from ansible_collections.pgha.cluster.plugins.module_utils.common.block import Block
from ansible_collections.pgha.cluster.plugins.module_utils.common.device import Device
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.gateway import Gateway


class Disk(Block):
    """A backing device."""

    def look(self, gateway: Gateway) -> Device:
        """Read everything that speaks for or against metadata on it."""
        place = Path(self.path)
        if not place.exists():
            return Device(self.path, exists=False)
        if not self.is_block():
            return Device(self.path, exists=True)
        other = self._other(gateway)
        own = gateway.name in gateway.resources() and gateway.generations() is not None
        return Device(
            path=self.path,
            exists=True,
            block=True,
            size=self.size(),
            users=self.users(),
            signatures=self.signatures(),
            zero=self.edges_are_zero(),
            taken_by=f"the DRBD resource {other}" if other else "",
            own=own and self._same(gateway.disk_of(gateway.name)),
        )

    def _same(self, other: str) -> bool:
        return os.path.realpath(other) == os.path.realpath(self.path)

    def _other(self, gateway: Gateway) -> str:
        others = (one for one in gateway.resources() if one != gateway.name)
        return next((one for one in others if self._same(gateway.disk_of(one))), "")
