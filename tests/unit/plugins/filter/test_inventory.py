# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters that read the inventory and what the servers said."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.pgha.cluster.plugins.filter.inventory import FilterModule

FILTERS = FilterModule().filters()


def test_servers_keeps_what_the_operator_wrote() -> None:
    hostvars = {"n1": {"pgha_addresses": "nonsense"}, "v1": {}}
    found = FILTERS["servers"](hostvars, ["n1"], ["v1"])
    assert [(one["name"], one["role"], one["addresses"]) for one in found] == [
        ("n1", "database", "nonsense"),
        ("v1", "vote", {}),
    ]


def test_topology_names_the_server_that_has_no_address() -> None:
    servers = [
        {"name": "n1", "role": "database", "addresses": {"public": "10.0.0.11"}, "fence_devices": []},
        {"name": "v1", "role": "vote", "addresses": {}, "fence_devices": []},
    ]
    with pytest.raises(AnsibleFilterError, match="v1"):
        FILTERS["topology"](servers, {"public": "10.0.0.0/24"}, {})


FAILURES = [
    {"node": "n1", "resource": "postgresql:0", "task": "monitor", "reason": "timeout"},
    {"node": "n1", "resource": "fence-n2", "task": "monitor", "reason": "no answer"},
    # The disk refused the mount: whatever is wrong there, the service is not to be moved to it now.
    {"node": "n1", "resource": "filesystem", "task": "start", "reason": "not mounted"},
]


def test_attributes_come_from_a_server_whose_cluster_answers() -> None:
    attributes = {"n1": {"pgha-data": "ready"}}
    nodes = [{"name": "n1", "online": True}, {"name": "n2", "online": True}, {"name": "n3", "unclean": True}]
    said: dict[str, Any] = {"postgres": {"role": "primary"}, "settings": {"max_connections": 200}}
    hostvars: dict[str, Any] = {
        "n1": {"stack_x_discovered": {**said, "crm": {"cluster_running": False}}},
        "n2": {
            "stack_x_discovered": {
                "crm": {
                    "cluster_running": True,
                    "with_quorum": True,
                    "nodes": nodes,
                    "node_attributes": attributes,
                    "window": "10:00",
                    "failures": FAILURES,
                }
            }
        },
        "n3": {},
    }
    found = FILTERS["discovered"](hostvars, ["n1", "n2", "n3"], "x")
    assert found[0] == {
        "name": "n1",
        "stack": "x",
        **said,
        "disk": {},
        "attributes": {"pgha-data": "ready"},
        "member": "online",
        "quorum": True,
        "window": "10:00",
        "failures": ["monitor: timeout", "start: not mounted"],
        "updates": False,
    }
    assert found[1]["failures"] == []
    assert found[2]["member"] == "unclean"
    assert (found[2]["postgres"], found[2]["attributes"]) == ({}, {})


def test_a_server_that_said_nothing_was_not_reached() -> None:
    hostvars = {"n1": {"stack_x_observed": {"addresses": ["10.0.0.11"]}}, "n2": {}}
    found = FILTERS["observed"](hostvars, ["n1", "n2"], "x")
    assert [(one["name"], one["reached"], one["addresses"]) for one in found] == [
        ("n1", True, ["10.0.0.11"]),
        ("n2", False, []),
    ]


@pytest.mark.parametrize(
    ("program", "sources", "options", "expected"),
    [
        ("/srv/pgha/.venv/bin/ansible-playbook", ["/srv/pgha/inventories/mine"], "", "-i inventories/mine playbooks/"),
        ("/usr/bin/ansible-playbook", ["/etc/hosts.yml"], " -e a=b ", "-i /etc/hosts.yml -e a=b playbooks/"),
    ],
)
def test_a_command_can_be_copied_from_where_the_person_is(
    program: str, sources: list[str], options: str, expected: str
) -> None:
    called = FILTERS["how_to_call"]("/srv/pgha/playbooks", program, sources, options, "/srv/pgha")
    assert called == f"{min(program, program.removeprefix('/srv/pgha/'), key=len)} {expected}"
