# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the distribution's corosync package leaves behind when it starts a one-node cluster of its own at installation.

Its state must go before the real cluster starts: pacemaker would go on with the CIB of a cluster that never was ours.
It goes only when it is provably the package's: the configuration is the package's own file, byte for byte, and the
CIB knows no other node than the one of that file, no resource and no constraint.

This module util is private to the collection.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from xml.etree import ElementTree

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError


@dataclass(frozen=True)
class Leftover:
    """What was found.

    :ivar package_config: whether corosync.conf is the package's own file.
    :ivar foreign: why the state may belong to somebody; empty when it provably belongs to the package.
    """

    package_config: bool
    foreign: str = ""

    @property
    def removable(self) -> bool:
        """True only when all of it is the package's."""
        return self.package_config and not self.foreign


def package_checksum(dpkg_conffiles: str, path: str) -> str:
    """The checksum that dpkg keeps for a configuration file; empty when it keeps none."""
    for line in dpkg_conffiles.splitlines():
        parts = line.split()
        if len(parts) >= 2 and parts[0] == path:
            return parts[1]
    return ""


def judge_leftover(config: bytes | None, checksum: str, cib: str | None, package_nodes: frozenset[str]) -> Leftover:
    """Decide whether what is there is the package's own one-node cluster and nothing else."""
    ours = config is not None and bool(checksum) and hashlib.md5(config, usedforsecurity=False).hexdigest() == checksum
    if not ours or cib is None:
        return Leftover(package_config=ours)
    try:
        root = ElementTree.fromstring(cib)
    except ElementTree.ParseError as error:
        raise ParseError("The CIB on disk cannot be read", where=f"cib.xml {error}") from error
    nodes = {node.get("uname", "") for node in root.iterfind("./configuration/nodes/node")}
    strange = sorted(nodes - package_nodes)
    if strange:
        return Leftover(ours, f"the CIB knows the nodes {', '.join(strange)}")
    for section in ("resources", "constraints"):
        if root.find(f"./configuration/{section}/*") is not None:
            return Leftover(ours, f"the CIB holds {section}")
    return Leftover(ours)
