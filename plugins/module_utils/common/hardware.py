# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By what a server's hardware is known, to itself and to its management controller.

This module util is private to the collection.
"""

from __future__ import annotations

from pathlib import Path


def hardware(place: Path = Path("/sys/class/dmi/id/product_uuid")) -> str:
    """Return the identity of this server's hardware, in small letters; empty where there is none to read."""
    try:
        return place.read_text(encoding="ascii").strip().lower()
    except OSError:
        return ""
