# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the servers of a cluster said, what the inventory wants, and the judgement.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SERVICES = ("postgresql", "application", "filesystem")
"""What the cluster calls the service itself, PostgreSQL or a unit of systemd, and what it cannot run without. A server
on which one of them has failed lately is no place to move to."""
OUTSIDE = "outside the cluster"
"""The role of a unit that somebody else than the cluster has started."""


@dataclass(frozen=True)
class Seen:
    """One database server as it answered.

    :ivar reached: it answered over SSH.
    :ivar fencing: verdicts of this server on the others, by name.
    :ivar unheard: those of its addresses at which nothing listens on the port of its PostgreSQL, which runs.
    :ivar disk: its part of the replicated disk, on the stack that has one.
    """

    name: str
    reached: bool
    postgres: Mapping[str, Any]
    crm: Mapping[str, Any]
    fencing: Mapping[str, Any]
    addresses: tuple[str, ...]
    disk: Mapping[str, Any] = field(default_factory=dict)
    unheard: tuple[str, ...] = ()

    @property
    def role(self) -> str:
        """What PostgreSQL there says it is."""
        return str(self.postgres.get("role", "unknown")) if self.reached else "unknown"


@dataclass(frozen=True)
class Expected:
    """What the inventory wants.

    :ivar fenced: the servers that have a fence device.
    :ivar command: how a playbook is called, up to its name.
    """

    cluster: str
    stack: str
    mode: str
    virtual: Mapping[str, str]
    vote: str
    fenced: frozenset[str]
    accept_split_brain: bool
    command: str


@dataclass
class Report:
    """The judgement: problems name what is wrong, steps what to do about it."""

    problems: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)

    def add(self, problem: str, step: str = "") -> None:
        """Note a problem once, with its next step."""
        if problem not in self.problems:
            self.problems.append(problem)
        if step and step not in self.steps:
            self.steps.append(step)


def own_words(told: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, str]]:
    """Return the attributes of servers that each keep their own; empty where the cluster keeps them for all."""
    return {str(name): own for view in told for name, own in (view.get("itself") or {}).items()}


def witness(told: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the cluster as a server with quorum sees it, else as any server does, else nothing.

    What a server keeps of itself counts more than what another one has heard of it.
    """
    views = [view for view in told if view.get("cluster_running")]
    view = next((view for view in views if view.get("with_quorum")), views[0] if views else {})
    own = own_words(told)
    if not view or not own:
        return view
    return {**view, "node_attributes": {**(view.get("node_attributes") or {}), **own}}


def members(view: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the servers that a view names."""
    return {str(node["name"]): node for node in view.get("nodes", [])}


def membership(node: Mapping[str, Any] | None) -> str:
    """Say in one word what the cluster thinks of a server."""
    if node is None:
        return "unknown"
    for word in ("unclean", "pending", "maintenance", "standby"):
        if node.get(word):
            return word
    return "online" if node.get("online") else "offline"
