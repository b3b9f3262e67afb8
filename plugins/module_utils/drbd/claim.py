# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps the disk of a lost server from being promoted when that server is back, before it has caught up.

A person has made another server primary. The lost one comes back with its own copy of the cluster's configuration, in
which its own disk is the only one that may be promoted, and wherever it has counted more changes, that copy wins: the
service would go over to it, away from everything that was committed since. So this server's configuration is given a
number that outranks every other copy (``admin_epoch``, which only people raise), and the bar that DRBD's fence handler
would have put up, under the handler's own names: its counterpart takes it away when the other disk has caught up.

Pure: the configuration in, the change to it out.

This module util is private to the collection.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.cib import configuration, read, write
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.claim import outranking

PREFIX = "drbd-fence-by-handler"


def _bar(resource: str, clone: str, node: str) -> ET.Element:
    """Return the constraint as `crm-fence-peer.sh` writes it: not promoted, unless on this server."""
    name = f"{PREFIX}-{resource}"
    location = ET.Element("rsc_location", {"rsc": clone, "id": f"{name}-{clone}"})
    rule = ET.SubElement(location, "rule", {"role": "Promoted", "score": "-INFINITY", "id": f"{name}-rule-{clone}"})
    uname = {"attribute": "#uname", "operation": "ne", "value": node}
    ET.SubElement(rule, "expression", {**uname, "id": f"{name}-expr-{clone}"})
    return location


def barred_for(cib: ET.Element, resource: str, clone: str) -> str:
    """Return the one server whose disk may be promoted; empty when none is barred."""
    where = f"./constraints/rsc_location[@id='{PREFIX}-{resource}-{clone}']/rule/expression[@attribute='#uname']"
    found = configuration(cib).find(where)
    return "" if found is None else found.get("value", "")


def claim(text: str, resource: str, clone: str, node: str) -> str:
    """Return what to change, as one piece for `cibadmin --modify`; empty when it is so already.

    :param text: the whole configuration.
    :param clone: the promotable clone of the resource.
    :param node: the server whose disk counts.
    """
    cib = read(text)
    if barred_for(cib, resource, clone) == node:
        return ""
    change = outranking(cib)
    constraints = ET.SubElement(ET.SubElement(change, "configuration"), "constraints")
    constraints.append(_bar(resource, clone, node))
    return write(change)
