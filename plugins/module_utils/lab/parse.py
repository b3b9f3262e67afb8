# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of the kernel, podman and ip, to data.

This module util is private to the collection.
"""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError


@dataclass(frozen=True)
class Container:
    """A container as podman knows it."""

    name: str
    id: str


def routes(text: str) -> list[ipaddress.IPv4Network]:
    """Return the subnets that this machine has routes to, out of ``/proc/net/route``; the default route is none.

    The kernel prints addresses as little-endian hexadecimal numbers.
    """
    found = []
    for number, line in enumerate(text.splitlines()[1:], start=2):
        try:
            fields = line.split()
            destination, mask = (bytes.fromhex(fields[column])[::-1] for column in (1, 7))
            network = ipaddress.IPv4Network((destination, str(ipaddress.IPv4Address(mask))))
        except (IndexError, ValueError) as error:
            raise ParseError("This is no routing table.", where=f"line {number}", said=line) from error
        if network.prefixlen:
            found.append(network)
    return found


def _json(text: str, source: str) -> Any:
    try:
        return json.loads(text or "[]")
    except ValueError as error:
        raise ParseError(f"{source} did not answer in JSON: {error}.", where="the answer", said=text) from error


def containers(text: str) -> list[Container]:
    """Read ``podman ps --all --format json``."""
    found = []
    for number, item in enumerate(_json(text, "podman ps")):
        try:
            found.append(Container(name=item["Names"][0], id=item["Id"]))
        except (KeyError, IndexError, TypeError) as error:
            raise ParseError("podman ps lists something else than a container.", where=f"entry {number}") from error
    return found


def podman_networks(text: str) -> dict[str, list[ipaddress.IPv4Network]]:
    """Return the IPv4 subnets of every network out of ``podman network ls --format json``."""
    found = {}
    for number, item in enumerate(_json(text, "podman network ls")):
        try:
            subnets = [ipaddress.ip_network(subnet["subnet"]) for subnet in item.get("subnets") or []]
            found[item["name"]] = [subnet for subnet in subnets if isinstance(subnet, ipaddress.IPv4Network)]
        except (KeyError, TypeError, ValueError) as error:
            raise ParseError(
                "podman network ls lists something else than a network.", where=f"entry {number}"
            ) from error
    return found


def addresses(text: str) -> list[str]:
    """Return the addresses of an interface out of ``ip -j address show dev X``."""
    return [
        str(address["local"])
        for item in _json(text, "ip address")
        for address in item.get("addr_info", [])
        if address.get("family") == "inet"
    ]
