# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server has already, by one look: packages, services, lists of packages, packet rules.

A deploy asks for each role whether its packages are there and its services run. On most runs the answer is yes, and
asking for each of them alone is most of what it costs.

This module util is private to the collection.
"""

from __future__ import annotations

import re

INSTALLED = re.compile(r"(?:^|\s)installed:(\S+)")


def installed(listed: str) -> list[str]:
    """Return the packages of a list of ``status:name``; one that was removed and left its settings is none."""
    return sorted(set(INSTALLED.findall(listed)))


def running(units: str, files: str) -> list[str]:
    """Return the services that run, and are started at boot.

    :param units: what ``systemctl list-units --plain --no-legend --state=active`` printed.
    :param files: what ``systemctl list-unit-files --no-legend --state=enabled`` printed.
    """
    return sorted(_first_words(units) & _first_words(files))


def _first_words(text: str) -> set[str]:
    return {words[0] for line in text.splitlines() if (words := line.split())}
