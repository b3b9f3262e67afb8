# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every module of the collection promises: check mode, diff, idempotence.

A module that promises less overrides the one attribute that differs, under its own ``attributes:`` key.
"""

from __future__ import annotations


class ModuleDocFragment:
    """The common promises; ``INFO`` is for modules that only read."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: Can run in check mode and return what would change, without changing the server or the cluster.
  diff_mode:
    support: full
    description: Returns what changed, or in check mode what would change, as a readable text before and after.
  idempotent:
    support: full
    description: A second run on the same state changes nothing and reports C(changed=false).
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    description: Only reads, so that check mode makes no difference.
  diff_mode:
    support: N/A
    description: Only reads, so that there is never a difference to show.
  idempotent:
    support: N/A
    description: Only reads, and never reports a change.
"""
