# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator wrote, read without trust: addresses, networks, and what is wrong with them.

This module util is private to the collection.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

try:
    import netaddr

    HAS_NETADDR = True
except ImportError:
    # The module says so and refuses; nothing here is reached without it.
    HAS_NETADDR = False

RATES = range(32, 1024 * 1024 + 1)
"""What `pg_basebackup --max-rate` takes, in kilobytes a second (PostgreSQL's documentation of it)."""
NO_RATE = f"is no limit; write kilobytes a second from {RATES[0]} to {RATES[-1]}, or 0 for none"
CIDR = re.compile(r"[0-9a-fA-F:.]+/[0-9.]+")


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    :ivar where: server and variable.
    :ivar what: what is wrong, and what to write.
    """

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def address(text: Any) -> netaddr.IPAddress | None:
    """Read an address; None for anything else."""
    try:
        return netaddr.IPAddress(text, flags=netaddr.INET_PTON) if isinstance(text, str) else None
    except (netaddr.AddrFormatError, ValueError):
        return None


def network(text: Any) -> netaddr.IPNetwork | None:
    """Read a network in CIDR form; None for anything else, blanks and foreign digits included: netaddr takes them."""
    try:
        return netaddr.IPNetwork(text) if isinstance(text, str) and CIDR.fullmatch(text) else None
    except (netaddr.AddrFormatError, ValueError):
        return None


def same(text: Any) -> str:
    """Write an address in the one way in which it can be compared."""
    return str(address(text) or text)


def clone_rate(text: Any) -> int | None:
    """Read a limit in kilobytes a second, 0 for none; None for anything else. A number on a command line is text."""
    if isinstance(text, bool) or not re.fullmatch(r"[0-9]{1,7}", str(text), re.ASCII):
        return None
    rate = int(text)
    return rate if rate == 0 or rate in RATES else None
