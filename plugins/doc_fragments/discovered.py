# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules have in common that decide over what the discovery collected, and change nothing."""

from __future__ import annotations


class ModuleDocFragment:
    """What was discovered, and beside it what a change on purpose asks (``PLANNED``), and one of the servers."""

    DOCUMENTATION = r"""
options:
  servers:
    description: What the filter P(pgha.cluster.discovered#filter) returned.
    type: list
    elements: dict
    required: true
attributes:
  check_mode:
    support: full
    description: Only decides, so that check mode makes no difference.
  diff_mode:
    support: none
    description: Changes nothing, so that there is never a difference to show.
  idempotent:
    support: full
    description: Decides the same on the same state, and never reports a change.
"""

    PLANNED = r"""
options:
  mode:
    description: Whether the primary has to wait for the standby that takes over.
    type: str
    choices: [sync, strict, async]
    default: sync
  accept:
    description:
      - What a person accepts. V(long_transaction) cuts transactions that have run for more than 30 seconds,
        V(backup_running) breaks a base backup off, V(slot_left_behind) leaves replication slots of others behind.
    type: list
    elements: str
    choices: [long_transaction, backup_running, slot_left_behind]
    default: []
"""

    MEMBERSHIP = r"""
options:
  vote:
    description: The vote host; empty for none.
    type: str
    default: ""
  fenced:
    description: The servers that have a fence device.
    type: list
    elements: str
    default: []
  accept_split_brain:
    description: Whether a person accepts a cluster that cannot prove a lost server to be off.
    type: bool
    default: false
"""
