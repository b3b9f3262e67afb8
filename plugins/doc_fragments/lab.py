# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules take that build what a lab's servers boot."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment, by the name that Ansible expects. What is laid over the root differs, and stands in each module."""

    DOCUMENTATION = r"""
options:
  release:
    description: Debian release.
    type: str
    required: true
  packages:
    description: Packages beyond those that apt cannot live without.
    type: list
    elements: str
    required: true
"""
