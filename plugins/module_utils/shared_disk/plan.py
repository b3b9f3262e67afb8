# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a disk may become the cluster's, and whether two servers see the same one.

Pure. A name is no proof: the same name may lead to another disk on the other server, and that one would be
empty on the night of the failover. The proof is that one server reads what another one has just written.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import (
    Reason,
    Verdict,
    judge,
    safe,
    unknown,
    unsafe,
)
from ansible_collections.pgha.cluster.plugins.module_utils.shared_disk.model import Look, label_of


def is_own(look: Look, cluster: str) -> bool:
    """Tell whether the disk holds what was prepared for this cluster."""
    found = look.filesystem
    return found is not None and found.protected and found.label == label_of(cluster)


def differences(servers: Mapping[str, Look]) -> Iterator[Reason]:
    """Say what makes it two disks. Identities of different kinds cannot be compared, and prove nothing."""
    sizes = ", ".join(f"{name} {look.size}" for name, look in servers.items())
    if len({look.size for look in servers.values()}) > 1:
        yield unsafe(
            "sizes_differ", f"the servers see disks of different size (bytes: {sizes}): it is not the same one."
        )
    known: dict[str, dict[str, str]] = {}
    for name, look in servers.items():
        kind, _equals, value = look.identity.partition("=")
        if value:
            known.setdefault(kind, {})[name] = value
    for kind, values in known.items():
        if len(set(values.values())) > 1:
            listed = ", ".join(f"{name} {value}" for name, value in values.items())
            yield unsafe("identities_differ", f"the servers see two different disks ({kind}: {listed}).")


def _reads(name: str, look: Look, holder: str, held: Look) -> Reason:
    """Judge whether a server reads what the holder has written: the file system, and the mark that it writes now."""
    mine, other = look.filesystem, held.filesystem
    if other is None or not other.protected:
        return unknown("not_protected", f"{holder} has no file system with multi-mount protection on the disk.")
    if mine is None or mine.uuid != other.uuid:
        seen = f"{mine.uuid}" if mine else "none"
        return unsafe(
            "other_disk",
            f"{holder} has the file system {other.uuid} mounted, and {name} reads {seen}: these are two disks.",
        )
    if mine.holder != held.node:
        said = mine.holder or "nobody"
        return unsafe(
            "other_copy",
            f"{holder} has the file system mounted, and by what {name} reads {said} has: that one is a copy.",
        )
    return safe("same_disk", f"{name} reads what {holder} has written.")


def same_disk(servers: Mapping[str, Look], holder: str = "") -> Verdict:
    """Judge whether all servers see the same disk.

    :param holder: the server that has it mounted now. Without it only names, sizes and identities are compared, which
        can prove a difference and never that there is none.
    """
    unseen = {name: look for name, look in servers.items() if not look.seen}
    if unseen:
        said = {name: look.problem or "nobody has looked" for name, look in unseen.items()}
        return judge([unknown("not_seen", f"{name}: {why}.") for name, why in said.items()])
    reasons = list(differences(servers))
    if holder and holder not in servers:
        reasons.append(unknown("no_such_server", f"{holder} is not among {', '.join(servers)}."))
    elif holder:
        others: Sequence[str] = [name for name in servers if name != holder]
        reasons += [_reads(name, servers[name], holder, servers[holder]) for name in others]
    return judge(reasons or [safe("nothing_differs", "no server sees another size or identity.")])
