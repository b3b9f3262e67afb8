# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks that one machine of a lab serves to others over iSCSI, as a SAN does.

The kernel's own target serves them, so that the server is a machine, too. Of what else Debian has, tgt knows no
PREEMPT AND ABORT, by which fence_scsi takes a key away, and loses a key with the connection; istgt mixes the keys up
when one of them goes.

Pure: a lab in; reasons, and what its servers run at boot, out.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ansible_collections.pgha.cluster.plugins.module_utils.lab.model import Disk, Lab, Server

# The way to the disks. Neither clients nor management go over it, and corosync has other ones: a server that has lost
# this cable has lost its disk and nothing else.
NETWORK = "replication"
PORT = 3260
QUALIFIED = "iqn.2026-01.internal.pgha"
# As many letters as the disk's own identity has room for.
LONGEST_NAME = 12

# Where the hull lays what the guest runs, and its name as an initiator.
PLACES = {"san": "/lab/guest/san", "initiatorname": "/lab/guest/root/etc/iscsi/initiatorname.iscsi"}

_TARGET = """\
# Who is registered on a disk is in this server's memory, and gone after a power cut. Nothing in the lab fences it.
modprobe --all target_core_iblock iscsi_target_mod
mountpoint --quiet /sys/kernel/config || mount -t configfs none /sys/kernel/config
"""
# For servers that are named, and no others: a key then belongs to the server, and outlives its connection.
_DISK = """\
udevadm wait --timeout=60 /dev/disk/by-id/lab-{name}
core=/sys/kernel/config/target/core/iblock_0/{name}
mkdir -p $core
echo udev_path=/dev/disk/by-id/lab-{name} > $core/control
echo 1 > $core/enable
echo {serial} > $core/wwn/vpd_unit_serial
group=/sys/kernel/config/target/iscsi/{target}/tpgt_1
mkdir -p $group/lun/lun_0
ln -s $core $group/lun/lun_0/{name}
echo 0 > $group/attrib/authentication
"""
_INITIATOR = """\
mkdir -p $group/acls/{initiator}/lun_0
ln -s $group/lun/lun_0 $group/acls/{initiator}/lun_0/{name}
"""
# The door last: a login that is refused counts as a session, and the next one has another name in the registrations.
_OPEN = """\
echo 1 > $group/enable
mkdir $group/np/{portal}
"""
# What lies over the kernel's classes keeps the names that it has seen, and sessions come and go.
_REACH = """\
modprobe --all iscsi_tcp sd_mod
for class in /run/sysfs/class/iscsi_* /run/sysfs/class/scsi_*; do
    place=/sys/class/${class##*/}
    mountpoint --quiet $place || mount --bind $class $place
done
"""
# 15 is a session that is there already.
_LOGIN = """\
iscsiadm --mode node --op new --targetname {target} --portal {portal},1
iscsiadm --mode node --targetname {target} --portal {portal},1 --login || test $? = 15
udevadm wait --timeout=60 {device}
"""


def qualified(name: str) -> str:
    """Return the name of a disk or a server by which iSCSI knows it."""
    return f"{QUALIFIED}:{name}"


def serial(name: str) -> str:
    """Return the serial number of a disk: its name in hexadecimal, so that whoever writes an inventory can tell it."""
    return name.encode().hex().ljust(25, "0")


def device(name: str) -> str:
    """Return the name of a served disk that never changes: the kernel's target makes it of the serial number."""
    return f"/dev/disk/by-id/scsi-36001405{serial(name)}"


def portal(server: Server) -> str:
    """Return where a server serves its disks."""
    return f"{server.addresses.get(NETWORK, '')}:{PORT}"


def reached(server: Server) -> list[Disk]:
    """Return the disks that a server has from another one."""
    return [disk for disk in server.disks if disk.server]


def initiators(lab: Lab, server: Server, disk: Disk) -> list[str]:
    """Return who has a disk of this server over iSCSI."""
    wanted = (server.name, disk.name)
    return [one.name for one in lab.servers if wanted in [(own.server, own.name) for own in reached(one)]]


def _disk_problems(lab: Lab, server: Server, disk: Disk) -> Iterable[str]:
    what = f"the disk {disk.name} of {server.name}"
    by = next((one for one in lab.servers if one.name == disk.server), None)
    if disk.shared or disk.megabytes:
        yield f"{what} is served by {disk.server}: shared and megabytes are said there, if at all"
    if by is None or not by.is_machine:
        yield f"{what} is served by {disk.server}, which is no machine of the lab"
        return
    if disk.name not in [own.name for own in by.built_in if not own.shared]:
        yield f"{what} is served by {disk.server}, which has no disk {disk.name} of its own"
    if len(disk.name) > LONGEST_NAME:
        yield f"{what} is served: its name may have up to {LONGEST_NAME} letters"
    for one in (server, by):
        if NETWORK not in one.addresses:
            yield f"{one.name} has no address in the network {NETWORK}, over which disks are served"


def problems(lab: Lab) -> list[str]:
    """Say what stands against the disks that are served."""
    found = [text for server in lab.servers for disk in reached(server) for text in _disk_problems(lab, server, disk)]
    return list(dict.fromkeys(found))


def _serving(lab: Lab, server: Server) -> str:
    lines = ""
    for disk in server.built_in:
        names = initiators(lab, server, disk)
        if names:
            lines += _DISK.format(name=disk.name, serial=serial(disk.name), target=qualified(disk.name))
            lines += "".join(_INITIATOR.format(name=disk.name, initiator=qualified(name)) for name in names)
            lines += _OPEN.format(portal=portal(server))
    return _TARGET + lines if lines else ""


def _reaching(lab: Lab, server: Server) -> str:
    servers = {one.name: one for one in lab.servers}
    lines = "".join(
        _LOGIN.format(target=qualified(disk.name), portal=portal(servers[disk.server]), device=device(disk.name))
        for disk in reached(server)
    )
    return _REACH + lines if lines else ""


def files(lab: Lab, server: Server) -> Mapping[str, str]:
    """Return what a server runs at boot for its own disks and those of others, and who it is to them; by file."""
    commands = _serving(lab, server) + _reaching(lab, server)
    if not commands:
        return {}
    return {"san": commands, "initiatorname": f"InitiatorName={qualified(server.name)}\n"}


def places(lab: Lab, server: Server) -> Mapping[str, str]:
    """Return where a server's hull has each of these files."""
    return {name: PLACES[name] for name in files(lab, server)}
