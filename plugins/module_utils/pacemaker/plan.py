# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to change: the live CIB and the wanted objects in, the desired CIB and its differences out. Pure.

This module util is private to the collection.
"""

from __future__ import annotations

import copy
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker import cib
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.cib import Key
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.crmtext import SETS, Statement

_SECTION_ORDER = [
    "crm_config",
    "nodes",
    "resources",
    "constraints",
    "fencing-topology",
    "rsc_defaults",
    "op_defaults",
    "acls",
    "tags",
    "alerts",
]


@dataclass(frozen=True)
class Change:
    """One object that is added, changed or removed; ``None`` where it does not exist."""

    key: Key
    before: ET.Element | None
    after: ET.Element | None


@dataclass(frozen=True)
class Plan:
    """The way from the live CIB to the desired one.

    :ivar desired: the whole desired CIB, with the status of the live one.
    :ivar changes: objects that differ.
    :ivar newly_managed: objects that this set owns from now on and did not before.
    :ivar no_longer_managed: objects that this set forgets.
    """

    live: ET.Element
    desired: ET.Element
    changes: tuple[Change, ...]
    newly_managed: tuple[Key, ...]
    no_longer_managed: tuple[Key, ...]

    @property
    def empty(self) -> bool:
        """True when nothing has to be written, not even who owns what."""
        return not (self.changes or self.newly_managed or self.no_longer_managed)


def scratch(live: ET.Element, statements: Sequence[Statement], name: str) -> ET.Element:
    """Return a CIB with what is foreign only: crmsh loads the operator's text into it, and what it adds is wanted.

    Constraints of others are left out too: the text can't refer to them, and one that speaks of a resource
    which is only about to come would make crmsh refuse the file.
    """
    root = copy.deepcopy(live)
    status = root.find("status")
    if status is not None:
        status.clear()
    mine = cib.registries(root).get(name, frozenset())
    named = {statement.name for statement in statements if statement.kind not in SETS}
    pairs = {(SETS[s.kind], pair) for s in statements if s.kind in SETS for pair in s.pairs}
    for section in list(cib.configuration(root)):
        if section.tag in ("constraints", "fencing-topology"):
            section.clear()
        if section.tag == "fencing-topology":
            cib.configuration(root).remove(section)
        if section.tag == "crm_config":
            # Neither our lists nor a rest with its rule: crmsh need not understand what it is not to change.
            for attributes in [part for part in section if cib.is_registry(part) or cib.in_one_piece(part)]:
                section.remove(attributes)
    whole = {(SETS[s.kind], s.name) for s in statements if s.kind in SETS}
    for key, element in cib.objects(root).items():
        short = key.id.rpartition("/")[2]
        in_text = element.get("id") in named or (key.section, short) in pairs or tuple(key) in whole
        if key in mine or in_text:
            _remove(root, key, element)
    _refuse_inside(root, named)
    return root


def _refuse_inside(root: ET.Element, named: set[str]) -> None:
    """crmsh would quietly change a named resource inside a foreign group or clone, which is not ours to change."""
    for key, element in cib.objects(root).items():
        taken = sorted(cib.resource_ids(element) & named) if key.section == "resources" else []
        if taken:
            raise PghaError(
                f"The resource {taken[0]} stands in the text, but in the cluster it is inside {key.id}, "
                "which this configuration does not manage.",
                next_step=f"write {key.id} into the text too, or take {taken[0]} out of it with crmsh",
            )


def make_plan(live: ET.Element, base: ET.Element, loaded: ET.Element, *, name: str, purge: bool) -> Plan:
    """Decide what changes.

    :param base: the scratch CIB before crmsh loaded the text into it.
    :param loaded: the scratch CIB after that.
    """
    before, foreign = cib.objects(live), cib.objects(base)
    owners = cib.registries(live)
    mine = owners.get(name, frozenset())
    wanted = {key: element for key, element in cib.objects(loaded).items() if key not in foreign}
    _refuse_others(wanted, owners, name)
    gone = _gone(before, wanted, mine, purge)
    keep_ids = cib.refers_by_id(loaded) or cib.refers_by_id(live)
    changes = [Change(key, before[key], None) for key in before if key in gone]
    for key, element in wanted.items():
        old = before.get(key)
        if old is None or cib.canonical(old, keep_ids) != cib.canonical(element, keep_ids):
            changes.append(Change(key, old, element))
    desired = copy.deepcopy(live)
    for change in changes:
        _apply(desired, change)
    owned = frozenset(wanted) | frozenset(key for key in mine if key in before and key not in gone)
    _refuse_dangling(desired, changes)
    if owned != mine:
        cib.set_registry(desired, name, owned)
    _refuse_duplicates(desired)
    if changes or owned != mine:
        desired.set("epoch", str(cib.version(live)[1] + 1))
        desired.set("num_updates", "0")
    return Plan(live, desired, tuple(changes), tuple(sorted(owned - mine)), tuple(sorted(mine - owned)))


def _gone(
    before: dict[Key, ET.Element], wanted: dict[Key, ET.Element], mine: frozenset[Key], purge: bool
) -> frozenset[Key]:
    """Objects to take away: ours and unwanted, or in the way because a wanted resource still sits inside."""
    inside = {part for element in wanted.values() for part in cib.resource_ids(element)}
    unwanted = {key for key in mine if key in before and key not in wanted}
    return frozenset(key for key in unwanted if purge or cib.resource_ids(before[key]) & inside)


def _refuse_others(wanted: dict[Key, ET.Element], owners: dict[str, frozenset[Key]], name: str) -> None:
    for other, keys in owners.items():
        taken = sorted(key.id for key in wanted if key in keys) if other != name else []
        if taken:
            raise PghaError(
                f"{', '.join(taken)} is managed by the configuration named {other!r}.",
                next_step="define each object in one configuration only",
            )


def _refuse_dangling(desired: ET.Element, changes: Iterable[Change]) -> None:
    """A constraint of somebody else must not be left pointing at nothing."""
    removed = {part for c in changes if c.before is not None for part in cib.resource_ids(c.before)}
    objects = cib.objects(desired)
    there = {part for key, e in objects.items() if key.section == "resources" for part in cib.resource_ids(e)}
    for key, element in objects.items():
        lost = sorted(cib.references(element) & (removed - there)) if key.section == "constraints" else []
        if lost:
            clear = f"crm resource clear {lost[0]}" if key.id.startswith("cli-") else f"crm configure delete {key.id}"
            raise PghaError(
                f"The resource {lost[0]} would be removed, but the constraint {key.id} speaks of it "
                "and was not made by this configuration.",
                next_step=f"remove the constraint ({clear}), then run again",
            )


def _refuse_duplicates(desired: ET.Element) -> None:
    counted = Counter(e.get("id") for e in cib.configuration(desired).iter() if e.tag not in _REFERRING_TAGS)
    twice = sorted(name for name, count in counted.items() if name and count > 1)
    if twice:
        raise PghaError(
            f"The id {twice[0]} would exist twice in the cluster's configuration.",
            next_step="give the object in the text another name",
        )


_REFERRING_TAGS = frozenset({"obj_ref", "resource_ref", "role_ref", "acl_target"})


def _section(root: ET.Element, tag: str) -> ET.Element:
    """Return a section, made at the place where the schema expects it."""
    parent = cib.configuration(root)
    found = parent.find(tag)
    if found is not None:
        return found
    made = ET.Element(tag)
    rank = _SECTION_ORDER.index(tag)
    place = sum(1 for other in parent if other.tag in _SECTION_ORDER and _SECTION_ORDER.index(other.tag) < rank)
    parent.insert(place, made)
    return made


def _parent(root: ET.Element, element: ET.Element) -> ET.Element:
    return next(part for part in root.iter() if any(child is element for child in part))


def _remove(root: ET.Element, key: Key, element: ET.Element) -> None:
    parent = _parent(root, element)
    parent.remove(element)
    # An emptied set or topology of ours would stay behind as litter; the cluster's own set may stay empty.
    if len(parent) == 0 and parent.get("id") not in (None, "cib-bootstrap-options"):
        cib.configuration(root).find(key.section).remove(parent)  # type: ignore[union-attr]
    if key.section == "fencing-topology" and len(parent) == 0:
        cib.configuration(root).remove(parent)


def _apply(root: ET.Element, change: Change) -> None:
    """Put one change into the desired CIB, an existing object keeping its place."""
    old = cib.objects(root).get(change.key)
    if change.after is None:
        if old is not None:
            _remove(root, change.key, old)
        return
    new = copy.deepcopy(change.after)
    if new.tag == "fencing-level":
        target, _colon, index = change.key.id.rpartition(":")
        new.set("id", "fencing-" + "".join(c if c.isalnum() or c in "-_." else "_" for c in target) + f"-{index}")
    if old is not None:
        if new.tag == "nvpair" and old.tag == "nvpair":
            new.set("id", old.get("id", ""))
        parent = _parent(root, old)
        parent[list(parent).index(old)] = new
        return
    section = _section(root, change.key.section)
    if new.tag != "nvpair":
        section.append(new)
        return
    set_id = change.key.id.rpartition("/")[0]
    holder = next((part for part in section if part.get("id") == set_id), None)
    if holder is None:
        tag = "cluster_property_set" if section.tag == "crm_config" else "meta_attributes"
        holder = ET.SubElement(section, tag, {"id": set_id})
    holder.append(new)
