# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where errors stop: a module's work runs inside, typed errors become ``fail_json`` once and here only.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError


def finish(module: AnsibleModule, work: Callable[[], dict[str, Any]]) -> None:
    """Run the work and end the module with its result, or with the error it raised."""
    try:
        result = work()
    except PghaError as error:
        module.fail_json(**error.as_result())
    module.exit_json(**result)
