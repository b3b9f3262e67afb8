# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and identities of a lab."""

from __future__ import annotations

import json
import uuid

from ansible_collections.pgha.cluster.plugins.module_utils.lab.model import (
    is_unmistakable,
    lab_of,
)
from ansible_collections.pgha.cluster.tests.support.labs import server, some_lab


def test_a_claim_is_read_back_as_it_was_written() -> None:
    lab = some_lab()
    assert lab_of(json.loads(json.dumps(lab.as_claim()))) == lab


def test_a_claim_from_before_there_were_machines_is_one_of_containers() -> None:
    claim = json.loads(json.dumps(some_lab().as_claim()))
    for older in claim["servers"]:
        for key in ("kind", "memory", "disks"):
            del older[key]
    assert lab_of(claim) == some_lab()


def test_a_claim_tells_the_hardware_of_a_machine() -> None:
    disks = [{"name": "data", "megabytes": 256}, {"name": "all", "megabytes": 64, "shared": True}]
    lab = some_lab(servers=[server("n1", 11) | {"kind": "machine", "memory": 768, "disks": disks}])
    assert lab_of(json.loads(json.dumps(lab.as_claim()))) == lab
    assert lab.servers[0].is_machine
    assert [(disk.name, disk.shared) for disk in lab.servers[0].disks] == [("data", False), ("all", True)]


def test_a_result_holds_what_follows_from_the_settings() -> None:
    result = some_lab().as_result()
    assert [network["gateway"] for network in result["networks"]] == ["10.78.0.1", "10.78.1.1", "10.78.2.1"]
    assert [network["interface"] for network in result["networks"]] == ["eth0", "eth1", "eth2"]
    assert [server["container"] for server in result["servers"]] == ["pgha-demo-n1", "pgha-demo-n2", "pgha-demo-v1"]
    assert lab_of(result) == some_lab()


def test_the_interface_of_the_longest_lab_name_is_one_that_the_kernel_takes() -> None:
    assert len(some_lab("abcdefghijk").bmc_interface) == 15


def test_identities_and_cards_differ_between_servers_and_labs_and_stay_over_time() -> None:
    one, other = some_lab("one"), some_lab("other")
    identities = [lab.identity(server) for lab in (one, other) for server in lab.servers]
    cards = [
        lab.hardware_address(server, network)
        for lab in (one, other)
        for server in lab.servers
        for network in server.addresses
    ]
    assert len(set(identities)) == len(identities)
    assert len(set(cards)) == len(cards)
    assert identities == [lab.identity(server) for lab in (one, other) for server in lab.servers]
    assert all(len(card) == 17 and card.startswith("02:") for card in cards)


def test_an_identity_makes_sense_in_one_byte_order_only() -> None:
    # Shown by ipmitool 1.8.19 as 058770b0-f2fb-27ab-...: version 2 when read the other way round.
    mistakable = uuid.UUID(bytes_le=uuid.UUID("dc423e1d-2d64-57d9-ab27-fbf2b0708705").bytes)
    assert not is_unmistakable(mistakable)
    lab = some_lab()
    assert all(is_unmistakable(lab.identity(server)) for server in lab.servers)
