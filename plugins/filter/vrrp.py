# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters that turn what is known of a cluster into what keepalived runs on a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.vrrp import plan


def vrrp_instances(
    name: str, servers: Sequence[str], addresses: Mapping[str, str], virtual: Mapping[str, Any], first: int
) -> list[dict[str, Any]]:
    """Return the VRRP instances that a server runs."""
    try:
        return plan.instances(name, servers, addresses, virtual, int(first))
    except PghaError as error:
        raise AnsibleFilterError(error.as_result()["msg"]) from error


def interface_of(facts: Mapping[str, Any], address: str) -> str:
    """Return the interface of a server that holds an address."""
    try:
        return plan.interface_of(facts, address)
    except PghaError as error:
        raise AnsibleFilterError(error.as_result()["msg"]) from error


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return them by name."""
        return {"vrrp_instances": vrrp_instances, "interface_of": interface_of}
