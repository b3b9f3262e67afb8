# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a lab is: networks, servers, management controllers. Frozen, and plain data on the way in and out.

This module util is private to the collection.
"""

from __future__ import annotations

import hashlib
import ipaddress
import itertools
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

# Any fixed value: it only keeps the identities of lab servers apart from those of everything else.
_IDENTITIES = uuid.UUID("9a5f6d0e-5d3c-4a5e-9d6e-6f1a5d0c7b42")


@dataclass(frozen=True)
class Network:
    """One network of a lab; its bridge holds the first address, through which the servers reach this machine.

    :ivar name: public, replication or management.
    :ivar subnet: in CIDR notation.
    :ivar podman: podman's name for it.
    :ivar interface: the name of the servers' interface on it.
    """

    name: str
    subnet: str
    podman: str
    interface: str

    @property
    def gateway(self) -> str:
        """The address of this machine on the network."""
        return str(next(ipaddress.IPv4Network(self.subnet).hosts()))


@dataclass(frozen=True)
class Disk:
    """A disk of a machine beside the one that it boots from.

    :ivar shared: all servers of the lab that name it have the same disk.
    :ivar server: the machine that has it, and serves it over iSCSI; empty for a disk that is built in.
    """

    name: str
    megabytes: int = 0
    shared: bool = False
    server: str = ""


@dataclass(frozen=True)
class Server:
    """One lab server.

    :ivar addresses: network name to address.
    :ivar bmc_address: where its management controller listens.
    :ivar kind: container, with this machine's kernel, or machine, with one of its own.
    :ivar memory: in MiB; a container has no limit.
    :ivar disks: of a machine, in the order of their devices.
    """

    name: str
    addresses: Mapping[str, str]
    bmc_address: str
    bmc_port: int
    bmc_username: str
    kind: str = "container"
    memory: int = 1024
    disks: tuple[Disk, ...] = ()

    @property
    def is_machine(self) -> bool:
        """Whether it has a kernel of its own."""
        return self.kind == "machine"

    @property
    def built_in(self) -> tuple[Disk, ...]:
        """The disks that it has without any other server."""
        return tuple(disk for disk in self.disks if not disk.server)


def server_of(data: Mapping[str, Any]) -> Server:
    """Read a server from plain data; unknown keys are left out, and one without a kind is a container."""
    return Server(
        name=data["name"],
        addresses=dict(data["addresses"]),
        bmc_address=str(data["bmc_address"]),
        bmc_port=int(data.get("bmc_port") or 623),
        bmc_username=str(data.get("bmc_username") or "admin"),
        kind=str(data.get("kind") or "container"),
        memory=int(data.get("memory") or 1024),
        disks=tuple(
            Disk(
                str(disk["name"]),
                int(disk.get("megabytes") or 0),
                bool(disk.get("shared")),
                str(disk.get("server") or ""),
            )
            for disk in data.get("disks") or ()
        ),
    )


def is_unmistakable(identity: uuid.UUID) -> bool:
    """Tell whether an identity in SMBIOS byte order makes no valid one in the order that the IPMI standard wants.

    Servers answer in either order. ipmitool guesses by which of them gives a known version (1 to 5); an identity
    that makes sense both ways would be shown wrongly.
    """
    version_in_ipmi_order = identity.bytes_le[::-1][6] >> 4
    return not 1 <= version_in_ipmi_order <= 5


@dataclass(frozen=True)
class Lab:
    """A lab as it is wanted, and as its claim file records it."""

    name: str
    directory: str
    release: str
    networks: tuple[Network, ...]
    servers: tuple[Server, ...]

    @property
    def bmc_interface(self) -> str:
        """The interface of this machine that holds the addresses of all management controllers of the lab.

        A bridge without ports. It stays when the last server of a network dies and podman removes that network's
        bridge: a management controller must answer when its server is off, that is what it is for.
        """
        return f"bmc-{self.name}"

    def container(self, server: Server) -> str:
        """Podman's name of a server."""
        return f"pgha-{self.name}-{server.name}"

    def identity(self, server: Server) -> uuid.UUID:
        """The hardware identity of a server, known to the server and to its management controller."""
        return next(
            candidate
            for number in itertools.count()
            if is_unmistakable(candidate := uuid.uuid5(_IDENTITIES, f"{self.name}/{server.name}/{number}"))
        )

    def hardware_address(self, server: Server, network: str) -> str:
        """The address of a server's network card, locally administered.

        Like a real card's it outlives a reboot. With a new one after each start, everybody who has the old one in his
        ARP cache would send into the void for several seconds.
        """
        digest = hashlib.sha256(f"{self.name}/{server.name}/{network}".encode()).hexdigest()
        return ":".join(["02", *(digest[place : place + 2] for place in range(0, 10, 2))])

    def as_claim(self) -> dict[str, Any]:
        """Return what is recorded on disk."""
        return asdict(self) | {
            "networks": [asdict(network) for network in self.networks],
            "servers": [asdict(server) for server in self.servers],
        }

    def as_result(self) -> dict[str, Any]:
        """Return plain data for playbooks, with everything derived spelled out."""
        claim = self.as_claim()
        for data, network in zip(claim["networks"], self.networks, strict=True):
            data["gateway"] = network.gateway
        for data, server in zip(claim["servers"], self.servers, strict=True):
            data["container"] = self.container(server)
            data["identity"] = str(self.identity(server))
        return claim | {"bmc_interface": self.bmc_interface}


def lab_of(data: Mapping[str, Any]) -> Lab:
    """Read a lab back from plain data, such as a claim file or a result; unknown keys are left out."""
    return Lab(
        name=data["name"],
        directory=data["directory"],
        release=data["release"],
        networks=tuple(
            Network(**{key: network[key] for key in ("name", "subnet", "podman", "interface")})
            for network in data["networks"]
        ),
        servers=tuple(map(server_of, data["servers"])),
    )


def wanted_lab(
    name: str, directory: str, release: str, networks: Mapping[str, str], servers: list[Mapping[str, Any]]
) -> Lab:
    """Build a lab of what an inventory says, unchecked."""
    return Lab(
        name=name,
        directory=directory,
        release=release,
        networks=tuple(
            Network(name=network, subnet=str(subnet), podman=f"pgha-{name}-{network}", interface=f"eth{number}")
            for number, (network, subnet) in enumerate(networks.items())
        ),
        servers=tuple(map(server_of, servers)),
    )
