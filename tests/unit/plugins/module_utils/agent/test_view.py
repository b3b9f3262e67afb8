# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the eyes hand over is what the decision knows under the same name."""

from __future__ import annotations

from typing import get_type_hints

from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Observation
from ansible_collections.pgha.cluster.plugins.module_utils.agent.view import View


def test_each_value_of_a_look_is_one_of_the_observation() -> None:
    known = get_type_hints(Observation)
    assert {name: known.get(name) for name in get_type_hints(View)} == get_type_hints(View)
