# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module's arguments without Ansible around them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from ansible.module_utils.basic import AnsibleModule


def module_with(check_mode: bool = False, **params: Any) -> AnsibleModule:
    """Return what a module's work sees of Ansible: its parameters and whether it may change anything."""
    return cast(AnsibleModule, SimpleNamespace(params=params, check_mode=check_mode, warn=_unexpected))


def _unexpected(text: str) -> None:
    raise AssertionError(f"nobody expects this warning: {text}")
