# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands against a lab, and what is missing of it.

Pure: data in; reasons or steps out.

This module util is private to the collection.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.pgha.cluster.plugins.module_utils.lab.hardware import (
    hull_command,
    hull_options,
    own_files,
    server_problems,
)
from ansible_collections.pgha.cluster.plugins.module_utils.lab.model import Lab, Network, Server
from ansible_collections.pgha.cluster.plugins.module_utils.lab.parse import Container

# An interface name holds 15 characters, and one of them is bmc-<lab>.
_LAB_NAME = re.compile(r"[a-z][a-z0-9]{0,10}")
RELEASES = ("bookworm", "trixie")


def is_lab_name(name: str) -> bool:
    """Tell whether a lab may be called so; what may not is no directory to be removed either."""
    return _LAB_NAME.fullmatch(name) is not None


@dataclass(frozen=True)
class Step:
    """One command that brings a lab nearer to what is wanted.

    :ivar server: steps of one server need its earlier ones; those of different servers do not need each other.
    :ivar creates: the command prints the id of the container that it makes.
    """

    title: str
    argv: tuple[str, ...]
    server: str = ""
    creates: bool = False


@dataclass(frozen=True)
class Observed:
    """A lab as it was found on this machine.

    :ivar containers: by name.
    :ivar bmc_addresses: None when the interface does not exist.
    :ivar power: server name to the words of ``server NAME status``.
    :ivar bmc: server name to the words of ``bmc NAME status``.
    """

    containers: Mapping[str, Container]
    bmc_addresses: frozenset[str] | None
    power: Mapping[str, tuple[str, ...]]
    bmc: Mapping[str, str]


def _subnet(network: Network) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(network.subnet)
    except ValueError:
        return None


def _address_problems(lab: Lab) -> Iterable[str]:
    subnets = {network.name: _subnet(network) for network in lab.networks}
    seen: dict[str, str] = {network.gateway: "this machine" for network in lab.networks if _subnet(network)}
    for server in lab.servers:
        for network, address in [*server.addresses.items(), ("management", server.bmc_address)]:
            what = f"{server.name}'s BMC" if address == server.bmc_address else f"{server.name} ({network})"
            subnet = subnets.get(network)
            if network not in subnets:
                yield f"{what} has an address on {network}, which is no network of the lab"
                continue
            try:
                parsed = ipaddress.IPv4Address(address)
            except ValueError:
                yield f"{address!r} is no IPv4 address: {what}"
                continue
            if subnet and (parsed not in subnet or parsed in (subnet.network_address, subnet.broadcast_address)):
                yield f"{address} of {what} is no usable address of {subnet}"
            if address in seen:
                yield f"{address} is used twice: by {seen[address]} and by {what}"
            seen[address] = what


def lab_problems(lab: Lab) -> list[str]:
    """Say what is wrong with a lab in itself."""
    problems = []
    if not is_lab_name(lab.name):
        problems.append(f"lab_name {lab.name!r}: use up to 11 lower-case letters and digits, a letter first")
    if lab.release not in RELEASES:
        problems.append(f"lab_release {lab.release!r}: use one of {', '.join(RELEASES)}")
    if not lab.servers:
        problems.append("the lab has no servers")
    problems += [
        f"{network.subnet!r} of the network {network.name} is no IPv4 network such as 10.78.0.0/24"
        for network in lab.networks
        if _subnet(network) is None
    ]
    subnets = [(network.name, subnet) for network in lab.networks if (subnet := _subnet(network))]
    problems += [
        f"the networks {name} ({subnet}) and {other} ({other_subnet}) overlap"
        for number, (name, subnet) in enumerate(subnets)
        for other, other_subnet in subnets[number + 1 :]
        if subnet.overlaps(other_subnet)
    ]
    return [*problems, *server_problems(lab), *_address_problems(lab)]


def collisions(
    lab: Lab,
    others: Sequence[Lab],
    routes: Sequence[ipaddress.IPv4Network],
    podman: Mapping[str, Sequence[ipaddress.IPv4Network]],
) -> list[str]:
    """Say which of the lab's subnets are taken: by another lab, by another network of podman, or by a route."""
    own = {network.podman for network in lab.networks}
    problems = []
    for network in lab.networks:
        subnet = _subnet(network)
        if subnet is None:
            continue
        holders = [
            other.name
            for other in others
            for taken in other.networks
            if (other_subnet := _subnet(taken)) and subnet.overlaps(other_subnet)
        ]
        if holders:
            problems.append(f"{subnet} ({network.name}) belongs to the lab {holders[0]}")
        elif taken_by := [
            name for name, taken in podman.items() if name not in own and any(map(subnet.overlaps, taken))
        ]:
            problems.append(f"{subnet} ({network.name}) belongs to podman's network {taken_by[0]}")
        elif taken_by := [str(route) for route in routes if subnet.overlaps(route)]:
            problems.append(f"{subnet} ({network.name}) is in use: this machine has a route to {taken_by[0]}")
    return problems


def differences(recorded: Lab, wanted: Lab, drop: Sequence[str] = ()) -> list[str]:
    """Say in what an existing lab differs from the wanted one, so that it cannot become that one.

    It may get more servers.

    :param drop: servers that it may lose.
    """
    problems = []
    if recorded.release != wanted.release:
        problems.append(f"its release is {recorded.release}, not {wanted.release}")
    if recorded.networks != wanted.networks:
        has, wants = (", ".join(network.subnet for network in lab.networks) for lab in (recorded, wanted))
        problems.append(f"its networks are {has}, not {wants}")
    servers = {server.name: server for server in wanted.servers}
    if any(server.name in servers and server != servers[server.name] for server in recorded.servers):
        problems.append("its servers have other addresses, or are of another kind, memory or disks")
    left = [server.name for server in recorded.servers if server.name not in servers and server.name not in drop]
    if left:
        problems.append(f"it has {', '.join(left)}, too; lab_drop takes such servers away, with their data")
    return problems


@dataclass(frozen=True)
class Mould:
    """What all servers of a lab are made of.

    :ivar runtime: the container runtime that works on this machine; runc where it has cgroups v1 and v2 side by side.
    :ivar shares: weight of each server where this machine's processors are short; a group of processes has 1024.
    :ivar guest: the volume with what machines boot.
    """

    image: str
    runtime: str
    shares: int
    guest: str = ""


def create_argv(lab: Lab, server: Server, mould: Mould) -> tuple[str, ...]:
    """Return the command that makes a server, still without power.

    The hosts file is the server's own, not podman's. The journal is kept outside: what a server said before its power
    was cut is the first thing to read after a failed test. The limits spare podman from raising any, which a machine
    that is itself contained may forbid.

    Where podman keeps the control groups itself, all of its containers together would weigh as much as one session of
    this machine, such as a single worker of Ansible, and a busy controller would let a cluster miss its deadlines. So
    each server stands beside the sessions there, with a weight of its own.
    """
    place = f"{lab.directory}/{server.name}"
    networks = {network.name: network for network in lab.networks}
    return (
        *("podman", "--runtime", mould.runtime, "create", "--name", lab.container(server), "--hostname", server.name),
        *("--label", f"pgha.lab={lab.name}", "--label", f"pgha.release={lab.release}"),
        *("--pidfile", f"{place}/pid", "--privileged", "--no-hosts"),
        *("--ulimit", "nofile=20000:20000", "--ulimit", "nproc=30000:30000", "--shm-size", "1g"),
        *(("--cgroup-parent", "/") if mould.runtime == "runc" else ()),
        *("--cpu-shares", str(mould.shares)),
        *(
            word
            for network, address in server.addresses.items()
            for word in (
                "--network",
                f"{networks[network].podman}:ip={address},mac={lab.hardware_address(server, network)}"
                f",interface_name={networks[network].interface}",
            )
        ),
        *(word for mount in own_files(lab, server) for word in ("--volume", mount)),
        *(hull_options(lab, server, mould.guest) if server.is_machine else ("--systemd=always",)),
        mould.image,
        *(hull_command(lab, server) if server.is_machine else ()),
    )


def _server_steps(lab: Lab, server: Server, seen: Observed, mould: Mould) -> Iterable[Step]:
    name = server.name
    program = f"{lab.directory}/server"
    power = seen.power.get(name, ("off",))
    if lab.container(server) not in seen.containers:
        yield Step(f"make {name}", create_argv(lab, server, mould), name, creates=True)
    if "frozen" in power:
        yield Step(f"thaw {name}", (program, name, "thaw"), name)
    for word in power:
        if word.startswith("cut:"):
            yield Step(f"plug {name} into {word[4:]}", (program, name, "plug", word[4:]), name)
    if "on" not in power:
        yield Step(f"power on {name}", (program, name, "on"), name)
    if seen.bmc.get(name) == "stale":
        yield Step(f"stop the outdated BMC of {name}", (f"{lab.directory}/bmc", name, "stop"), name)
    if seen.bmc.get(name) != "on":
        yield Step(f"start the BMC of {name}", (f"{lab.directory}/bmc", name, "start"), name)


def present_plan(lab: Lab, seen: Observed, mould: Mould) -> list[Step]:
    """Return what is missing until every server of the lab is on, whole and connected, and its BMC answers."""
    steps = []
    device = lab.bmc_interface
    if seen.bmc_addresses is None:
        steps += [
            Step(f"make {device}", ("ip", "link", "add", "name", device, "up", "type", "bridge")),
        ]
    steps += [
        Step(
            f"give {device} the address {server.bmc_address}",
            ("ip", "address", "add", f"{server.bmc_address}/32", "dev", device),
        )
        for server in lab.servers
        if server.bmc_address not in (seen.bmc_addresses or ())
    ]
    for server in lab.servers:
        steps += _server_steps(lab, server, seen, mould)
    return steps


def drop_plan(lab: Lab, seen: Observed, names: Sequence[str]) -> list[Step]:
    """Return what is still to be taken away of some servers of a lab that stays."""
    steps = []
    for server in (server for server in lab.servers if server.name in names):
        if seen.bmc.get(server.name, "off") != "off":
            steps.append(Step(f"stop the BMC of {server.name}", (f"{lab.directory}/bmc", server.name, "stop")))
        if lab.container(server) in seen.containers:
            remove = ("podman", "rm", "--force", "--volumes", "--time", "0", lab.container(server))
            steps.append(Step(f"remove {lab.container(server)}", remove))
        if server.bmc_address in (seen.bmc_addresses or ()):
            delete = ("ip", "address", "delete", f"{server.bmc_address}/32", "dev", lab.bmc_interface)
            steps.append(Step(f"take the address {server.bmc_address} away", delete))
    return steps


def absent_plan(lab: Lab, seen: Observed) -> list[Step]:
    """Return what is still to be taken away; what was half made is taken away as well."""
    steps = [
        Step(f"stop the BMC of {name}", (f"{lab.directory}/bmc", name, "stop"))
        for name, state in seen.bmc.items()
        if state != "off"
    ]
    steps += [
        Step(f"remove {name}", ("podman", "rm", "--force", "--volumes", "--time", "0", name))
        for name in seen.containers
    ]
    if seen.bmc_addresses is not None:
        steps.append(Step(f"remove {lab.bmc_interface}", ("ip", "link", "delete", "dev", lab.bmc_interface)))
    return steps
