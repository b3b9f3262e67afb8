# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters around the VRRP plan: errors become Ansible's."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.pgha.cluster.plugins.filter.vrrp import FilterModule

FILTERS = FilterModule().filters()
VIRTUAL = {kind: {"address": f"10.0.0.10{number}", "prefix": 24} for number, kind in enumerate(("write", "read"))}


def test_a_server_s_instances_are_returned() -> None:
    found = FILTERS["vrrp_instances"]("n1", ["n1", "n2"], {"n1": "10.0.0.11", "n2": "10.0.0.12"}, VIRTUAL, "51")
    assert [one["name"] for one in found] == ["write", "read", "beacon", "watch"]


def test_errors_are_ansible_s() -> None:
    with pytest.raises(AnsibleFilterError, match="exactly two"):
        FILTERS["vrrp_instances"]("n1", ["n1"], {"n1": "10.0.0.11"}, VIRTUAL, 51)
    with pytest.raises(AnsibleFilterError, match="No interface"):
        FILTERS["interface_of"]({}, "10.0.0.11")
