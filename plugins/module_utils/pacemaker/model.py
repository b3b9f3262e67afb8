# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a pacemaker cluster is, as values.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Node:
    """A server as the cluster sees it.

    :ivar pending: a member, but its controller has not joined yet.
    :ivar unclean: nobody knows what still runs there; it has to be fenced.
    :ivar attributes: set to stay (in the configuration).
    :ivar transient: gone with the node's next restart (in the status).
    """

    name: str
    id: str
    online: bool
    standby: bool
    maintenance: bool
    pending: bool
    unclean: bool
    shutdown: bool
    dc: bool
    attributes: Mapping[str, str] = field(default_factory=dict)
    transient: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Resource:
    """One instance of a primitive: clones have one per server.

    :ivar parents: ids of the groups, clones and bundles around it, outermost first.
    :ivar role: Promoted, Unpromoted, Started, Stopped, or a step between, such as Starting.
    :ivar orphan: still running, but no longer in the configuration.
    """

    id: str
    agent: str
    parents: tuple[str, ...]
    role: str
    nodes: tuple[str, ...]
    active: bool
    failed: bool
    blocked: bool
    managed: bool
    orphan: bool
    pending: str


@dataclass(frozen=True)
class Failure:
    """An operation that failed and was not cleaned yet."""

    resource: str
    task: str
    node: str
    rc: int
    status: str
    reason: str
    when: str


@dataclass(frozen=True)
class FenceEvent:
    """A fencing action that is under way, failed or done."""

    action: str
    target: str
    status: str
    client: str
    delegate: str
    reason: str
    completed: str


@dataclass(frozen=True)
class Constraint:
    """A constraint; a leftover one was made by a move or ban command and stays until it is cleared."""

    id: str
    kind: str
    resources: tuple[str, ...]
    node: str
    score: str
    leftover: bool


@dataclass(frozen=True)
class Monitor:
    """What crm_mon tells.

    :ivar fencing: the newest first.
    :ivar unfencing: what let servers back to a disk that bars them, the newest first. It is no fencing: it powers
        nobody off, and its failure leaves nobody's state unknown.
    """

    dc: str
    with_quorum: bool
    nodes: tuple[Node, ...]
    resources: tuple[Resource, ...]
    failures: tuple[Failure, ...]
    fencing: tuple[FenceEvent, ...]
    unfencing: tuple[FenceEvent, ...] = ()


@dataclass(frozen=True)
class Action:
    """One thing that the cluster would do: start, stop, move, restart, promote, demote, recover, fence, …"""

    action: str
    target: str
    source: str
    destination: str
    reason: str

    def __str__(self) -> str:
        way = f" {self.source} -> {self.destination}" if self.source and self.destination else ""
        place = f" on {self.destination or self.source}" if not way and (self.destination or self.source) else ""
        return f"{self.action} {self.target}{way}{place}" + (f" ({self.reason})" if self.reason else "")
