# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lab servers that have a kernel, memory and disks of their own: what stands against them, and what carries them.

Such a machine is User Mode Linux in a container, its hull. Pure: data in; reasons or words out.

This module util is private to the collection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ansible_collections.pgha.cluster.plugins.module_utils.lab import san
from ansible_collections.pgha.cluster.plugins.module_utils.lab.model import Lab, Server

KINDS = ("container", "machine")
# The releases that have user-mode-linux.
MACHINE_RELEASES = ("bookworm",)
LEAST_MEMORY = 512
# User Mode Linux has eight, and boots from one of them.
MOST_DISKS = 7
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")

# Where the hull lays what the guest takes over, and where it writes what the guest says.
GUEST_ROOT = "/lab/guest/root"
GUEST_JOURNAL = "/lab/journal"
# What the guest's memory takes beside the guest's memory.
_MEMORY_MARGIN = 64


def _disk_problems(server: Server) -> Iterable[str]:
    names = [disk.name for disk in server.disks]
    if len(server.built_in) > MOST_DISKS:
        yield f"{server.name} has {len(server.built_in)} disks, a machine has room for {MOST_DISKS}"
    for name in sorted(set(names)):
        if names.count(name) > 1:
            yield f"{server.name} has two disks that are called {name}"
        if not _NAME.fullmatch(name):
            yield f"{name!r} of {server.name} is no name of a disk"
    for disk in server.built_in:
        if disk.megabytes < 1:
            yield f"the disk {disk.name} of {server.name} holds {disk.megabytes} MiB"


def server_problems(lab: Lab) -> list[str]:
    """Say what is wrong with the names and the hardware of a lab's servers."""
    names = [server.name for server in lab.servers]
    problems = [f"{name!r} is no server name" for name in names if not _NAME.fullmatch(name)]
    problems += [f"two servers are called {name}" for name in sorted(set(names)) if names.count(name) > 1]
    sizes: dict[str, int] = {}
    for server in lab.servers:
        if server.kind not in KINDS:
            problems.append(f"lab_kind {server.kind!r} of {server.name}: use one of {', '.join(KINDS)}")
        if server.disks and not server.is_machine:
            problems.append(f"{server.name} has disks, which only a machine can have: give it lab_kind machine")
        if server.is_machine and lab.release not in MACHINE_RELEASES:
            problems.append(
                f"{server.name} is a machine, and {lab.release} has no user-mode-linux that it could boot:"
                f" use lab_release {MACHINE_RELEASES[0]}"
            )
        if server.is_machine and server.memory < LEAST_MEMORY:
            problems.append(f"{server.name} has {server.memory} MiB of memory, a machine needs {LEAST_MEMORY} MiB")
        problems += _disk_problems(server)
        for disk in server.disks:
            if disk.shared and sizes.setdefault(disk.name, disk.megabytes) != disk.megabytes:
                problems.append(f"the shared disk {disk.name} has two sizes")
    return [*problems, *san.problems(lab)]


def own_files(lab: Lab, server: Server) -> tuple[str, ...]:
    """Return what makes a server this one, as volumes: where a container has it, or where a machine takes it over."""
    place = f"{lab.directory}/{server.name}"
    root, journal = (GUEST_ROOT, GUEST_JOURNAL) if server.is_machine else ("", "/var/log/journal")
    return (
        f"{place}/hardware:{root}/usr/lib/pgha-lab/hardware:ro",
        f"{place}/journal:{journal}",
        f"{place}/ssh_host_ed25519_key:{root}/etc/ssh/ssh_host_ed25519_key:ro",
        f"{place}/ssh_host_ed25519_key.pub:{root}/etc/ssh/ssh_host_ed25519_key.pub:ro",
        f"{lab.directory}/ssh/id_ed25519.pub:{root}/root/.ssh/authorized_keys:ro",
        *(f"{place}/{name}:{target}:ro" for name, target in san.places(lab, server).items()),
    )


def hull_options(lab: Lab, server: Server, guest: str) -> tuple[str, ...]:
    """Return what the container of a machine has and that of another server has not.

    The guest's memory is a file that is executed from, which the usual shared memory of a container does not allow.
    """
    return (
        *("--systemd=false", "--stop-signal", "SIGRTMIN+4"),
        *("--tmpfs", f"/lab/memory:rw,exec,size={server.memory + _MEMORY_MARGIN}m"),
        *("--volume", f"{guest}:/lab/base:ro", "--volume", f"{lab.directory}/hull:/lab/hull:ro"),
        *(("--volume", f"{lab.directory}/disks:/lab/shared") if any(disk.shared for disk in server.disks) else ()),
    )


def hull_command(lab: Lab, server: Server) -> tuple[str, ...]:
    """Return the first process of the container of a machine."""
    machines = [one.name for one in lab.servers if one.is_machine]
    return (
        *("/lab/hull", "--memory", str(server.memory), "--number", str(machines.index(server.name))),
        *(
            word
            for disk in server.built_in
            for word in ("--disk", f"{disk.name}:{disk.megabytes}:{'shared' if disk.shared else 'own'}")
        ),
    )
