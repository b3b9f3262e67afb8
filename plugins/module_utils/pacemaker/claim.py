# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is recorded when a person makes a server primary: that its data counts, and no other server's.

A lost server comes back with its own copy of the cluster's configuration, in which its own data may be the ones that
count, and wherever it has counted more changes, that copy wins. So this one is given a number that outranks every other
copy (``admin_epoch``, which only people raise).

Pure: the configuration in, the change to it out.

This module util is private to the collection.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.cib import configuration, read, write
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.handover import BEHIND, DATA, LATEST

READY = "pgha-data"


def outranking(cib: ET.Element) -> ET.Element:
    """Return the beginning of a change that makes this copy of the configuration win over every other one."""
    return ET.Element("cib", {"admin_epoch": str(int(cib.get("admin_epoch", "0")) + 1)})


def claim(text: str, resource: str, node: str) -> str:
    """Return what to change, as one piece for `cibadmin --modify`; empty when it is so already.

    :param text: the whole configuration.
    :param resource: the primitive that is PostgreSQL.
    :param node: the server whose data counts.
    :raises PghaError: the cluster does not know the server.
    """
    cib, record = read(text), f"{resource}-{DATA}"
    servers = {one.get("uname", ""): one for one in configuration(cib).iterfind("nodes/node")}
    if node not in servers:
        raise PghaError(f"The cluster knows no server {node}.", said=f"it knows {', '.join(servers) or 'none'}")
    change = outranking(cib)
    nodes = ET.SubElement(ET.SubElement(change, "configuration"), "nodes")
    differs = False
    for name, known in servers.items():
        wanted = {READY: "ready", record: LATEST} if name == node else {record: BEHIND}
        number = known.get("id", "")
        # What is there is named by its ids: a second value of the same name would stand beside it.
        kept = next(known.iterfind("instance_attributes"), ET.Element("none"))
        pairs = {one.get("name"): one for one in kept.iterfind("nvpair")}
        set_id = kept.get("id", f"nodes-{number}")
        entry = ET.SubElement(ET.SubElement(nodes, "node", {"id": number}), "instance_attributes", {"id": set_id})
        for key, value in wanted.items():
            pair = pairs.get(key, ET.Element("none"))
            differs = differs or pair.get("value") != value
            ET.SubElement(entry, "nvpair", {"id": pair.get("id", f"{set_id}-{key}"), "name": key, "value": value})
    return write(change) if differs else ""
