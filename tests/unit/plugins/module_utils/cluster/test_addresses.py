# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the addresses are, and whether anybody listens there."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.model import Seen
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.status import status
from ansible_collections.pgha.cluster.tests.unit.plugins.module_utils.cluster.test_status import (
    EXPECTED,
    SAFE,
    crm,
    primary,
    says,
    standby,
)


def test_an_address_on_two_servers_is_named() -> None:
    both = Seen("n2", True, {"role": "standby", "streaming": True}, crm(), {"n1": SAFE}, ("10.0.0.100", "10.0.0.101"))
    assert says(status([primary("n1"), both], EXPECTED), "write address 10.0.0.100 is on n1 and n2")


@pytest.mark.parametrize(
    ("address", "kind", "state"),
    [("10.0.0.100", "write", "down"), ("10.0.1.100", "replication", "degraded"), ("10.0.0.9", "", "ok")],
)
def test_an_address_at_which_postgresql_does_not_listen_is_named(address: str, kind: str, state: str) -> None:
    report = status([primary("n1", unheard=(address,)), standby("n2")], EXPECTED)
    assert (report["state"], report["primary"]) == (state, "n1")
    assert says(report, f"PostgreSQL on n1 does not listen on the {kind} address {address}") == bool(kind)
