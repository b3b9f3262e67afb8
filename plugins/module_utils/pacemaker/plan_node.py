# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be set on a node, and which failures a cleaning is about. Pure.

This module util is private to the collection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.model import Failure, Monitor, Resource

Attributes = Mapping[str, tuple[Mapping[str, str], Mapping[str, str]]]

FOREVER, REBOOT = "forever", "reboot"
_TRUE = frozenset({"on", "true", "yes", "y", "1"})
_STATES = {"standby": "on", "maintenance": "true"}
_FAIL_COUNT = "fail-count-"


@dataclass(frozen=True)
class Wanted:
    """What a node shall be; an attribute with the value ``None`` shall not exist."""

    node: str
    state: str
    attributes: Mapping[str, object]
    lifetime: str


@dataclass(frozen=True)
class Step:
    """One attribute to set, or with the value ``None`` to delete."""

    name: str
    value: str | None
    lifetime: str
    before: str | None

    @property
    def before_line(self) -> str:
        """A line for the diff."""
        return "" if self.before is None else f"{self.name}={self.before} ({self.lifetime})\n"

    @property
    def after_line(self) -> str:
        """A line for the diff."""
        return "" if self.value is None else f"{self.name}={self.value} ({self.lifetime})\n"


def make_plan(attributes: Attributes, wanted: Wanted) -> tuple[Step, ...]:
    """Compare a node's attributes with the wanted ones."""
    if wanted.node not in attributes:
        raise PghaError(
            f"The cluster has no node named {wanted.node}.",
            expected="one of " + ", ".join(sorted(attributes)),
            next_step="names are those that 'crm_node -l' prints",
        )
    reserved = sorted(set(wanted.attributes) & set(_STATES))
    if reserved:
        raise PghaError(f"{reserved[0]} is a state and no attribute to be set freely.", next_step="use state")
    return (*_state_steps(attributes[wanted.node], wanted), *_attribute_steps(attributes[wanted.node], wanted))


def _state_steps(current: tuple[Mapping[str, str], Mapping[str, str]], wanted: Wanted) -> Iterator[Step]:
    by_lifetime = dict(zip((FOREVER, REBOOT), current, strict=True))
    if wanted.state in _STATES:
        old = by_lifetime[wanted.lifetime].get(wanted.state)
        if (old or "").lower() not in _TRUE:
            yield Step(wanted.state, _STATES[wanted.state], wanted.lifetime, old)
    elif wanted.state == "online":
        # Either lifetime keeps a node out, so that both have to go.
        for lifetime, values in by_lifetime.items():
            for name in _STATES:
                if values.get(name, "").lower() in _TRUE:
                    yield Step(name, None, lifetime, values[name])


def _attribute_steps(current: tuple[Mapping[str, str], Mapping[str, str]], wanted: Wanted) -> Iterator[Step]:
    values = current[0 if wanted.lifetime == FOREVER else 1]
    for name in sorted(wanted.attributes):
        raw = wanted.attributes[name]
        # YAML turns yes into True; pacemaker's own tools write true.
        value = str(raw).lower() if isinstance(raw, bool) else None if raw is None else str(raw)
        if values.get(name) != value:
            yield Step(name, value, wanted.lifetime, values.get(name))


def failures_of(monitor: Monitor, attributes: Attributes, name: str | None, node: str | None) -> tuple[Failure, ...]:
    """Return the failures of a resource, and fail counts that outlived their failure.

    :param name: a primitive, or a group or clone whose parts count; ``None`` for all.
    :param node: ``None`` for all.
    """
    parts = {r.id for r in monitor.resources if name in (None, r.id, *r.parents)}
    known = {r.id for r in monitor.resources} | {parent for r in monitor.resources for parent in r.parents}
    if name is not None and name not in known | {f.resource for f in monitor.failures}:
        raise PghaError(f"The cluster has no resource named {name}.", expected="one of " + ", ".join(sorted(known)))
    if node is not None and node not in attributes:
        raise PghaError(f"The cluster has no node named {node}.", expected="one of " + ", ".join(sorted(attributes)))

    def meant(resource: str, where: str) -> bool:
        # An instance of a clone may be written with its number.
        return (name is None or resource.partition(":")[0] in parts | {name}) and node in (None, where)

    found = [f for f in monitor.failures if meant(f.resource, f.node)]
    seen = {(f.resource.partition(":")[0], f.node) for f in found}
    for where, (_lasting, transient) in sorted(attributes.items()):
        for key, count in sorted(transient.items()):
            resource, _hash, operation = key.removeprefix(_FAIL_COUNT).partition("#")
            resource = resource.partition(":")[0]
            if not key.startswith(_FAIL_COUNT) or count == "0" or (resource, where) in seen:
                continue
            if meant(resource, where):
                task = operation.rpartition("_")[0]
                found.append(Failure(resource, task, where, 0, f"failed {count} times", "", ""))
    return tuple(found)


def members_of(monitor: Monitor, name: str) -> list[Resource]:
    """Return the primitives that a resource's name stands for: itself, or what is in the group or clone."""
    return [one for one in monitor.resources if name in (one.id, *one.parents)]


def places_of(monitor: Monitor, name: str, node: str) -> list[str]:
    """Return the servers on which a resource, or any member of it, is active.

    :raises PghaError: the cluster knows no such resource, or no such server that could run it.
    """
    found = members_of(monitor, name)
    if not found:
        raise PghaError(
            f"The cluster has no resource named {name}.", next_step="names are those that 'crm_mon -1' prints"
        )
    able = [one.name for one in monitor.nodes if one.online and not (one.standby or one.maintenance or one.pending)]
    if node not in able:
        raise PghaError(
            f"{node} cannot run {name} now.",
            expected="one of " + ", ".join(sorted(able)),
            next_step="run the status playbook: it says what the cluster holds that server for",
        )
    return sorted({place for one in found if one.active for place in one.nodes})
