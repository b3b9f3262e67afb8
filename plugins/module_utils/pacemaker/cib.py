# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The configuration half of a CIB as XML: its objects by key, their meaning without generated ids, who owns them.

This module util is private to the collection.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import quote, unquote

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.crmtext import is_secret

SET_SECTIONS = ("crm_config", "rsc_defaults", "op_defaults")
OBJECT_SECTIONS = ("resources", "constraints", "fencing-topology", "tags", "alerts")
RESOURCE_TAGS = frozenset({"primitive", "group", "clone", "master", "bundle", "template"})
# The order of these children says nothing, and tools write them in different orders.
_UNORDERED = frozenset(
    {"instance_attributes", "meta_attributes", "utilization", "operations", "cluster_property_set", "tag"}
)
_REFERENCES = frozenset({"obj_ref", "resource_ref"})
_REFERRING = ("rsc", "with-rsc", "first", "then")
REGISTRY_SUFFIX = "-managed"
_REGISTRY_NAME = "managed-"

Canonical = tuple[str, tuple[tuple[str, str], ...], tuple["Canonical", ...]]


class Key(NamedTuple):
    """Names one object: its section, and its id (``set/name`` for a property, ``target:index`` for a level)."""

    section: str
    id: str


def read(text: str) -> ET.Element:
    """Parse a whole CIB."""
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        line, column = error.position
        raise ParseError("The CIB is not XML", where=f"line {line}, column {column}") from error
    if root.tag != "cib" or root.find("configuration") is None:
        raise ParseError("This is not a CIB: no configuration in it", where=f"/{root.tag}")
    return root


def write(root: ET.Element) -> str:
    """Return the XML text."""
    return ET.tostring(root, encoding="unicode")


def configuration(root: ET.Element) -> ET.Element:
    """Return the configuration of a CIB that :func:`read` accepted."""
    found = root.find("configuration")
    if found is None:
        raise ParseError("This is not a CIB: no configuration in it", where=f"/{root.tag}")
    return found


def version(root: ET.Element) -> tuple[int, int]:
    """Return what changes with the configuration, and not with the status: admin_epoch and epoch."""
    try:
        return int(root.attrib["admin_epoch"]), int(root.attrib["epoch"])
    except (KeyError, ValueError) as error:
        raise ParseError("The CIB has no usable version", where="/cib/@epoch") from error


def is_registry(element: ET.Element) -> bool:
    """Tell whether a property set is one of our lists of managed objects."""
    return element.get("id", "").endswith(REGISTRY_SUFFIX) and all(
        pair.get("name", "").startswith(_REGISTRY_NAME) for pair in element
    )


def level_id(element: ET.Element) -> str:
    """Name a fencing level by what it means; its XML id is generated and drifts."""
    target = (
        element.get("target")
        or element.get("target-pattern")
        or f"{element.get('target-attribute')}={element.get('target-value')}"
    )
    return f"{target}:{element.get('index')}"


def in_one_piece(attributes: ET.Element) -> bool:
    """A set with a rule or a score is one object: its pairs mean nothing without the condition."""
    return attributes.get("score") is not None or attributes.find("rule") is not None


def objects(root: ET.Element) -> dict[Key, ET.Element]:
    """Return every object by its key, in document order; nodes and our own registries are no objects."""
    found: dict[Key, ET.Element] = {}
    for section in configuration(root):
        if section.tag in SET_SECTIONS:
            for attributes in section:
                set_id = attributes.get("id", "")
                if section.tag == "crm_config" and is_registry(attributes):
                    continue
                if in_one_piece(attributes):
                    found[Key(section.tag, set_id)] = attributes
                    continue
                for pair in attributes.findall("nvpair"):
                    found[Key(section.tag, f"{set_id}/{pair.get('name')}")] = pair
        elif section.tag in OBJECT_SECTIONS:
            for element in section:
                name = level_id(element) if element.tag == "fencing-level" else element.get("id", "")
                found[Key(section.tag, name)] = element
    return found


def canonical(element: ET.Element, keep_ids: bool = False) -> Canonical:
    """Reduce an object to what it means.

    :param keep_ids: keep generated ids too, needed where something refers to them by ``id-ref``.
    """
    keep = keep_ids or element.tag in RESOURCE_TAGS or element.tag in _REFERENCES
    attributes = tuple(sorted((name, value) for name, value in element.items() if keep or name != "id"))
    children = [canonical(child, keep_ids) for child in element]
    if element.tag in _UNORDERED:
        children.sort()
    return element.tag, attributes, tuple(children)


def refers_by_id(root: ET.Element) -> bool:
    """Tell whether anything in the configuration refers to a generated id."""
    return any(element.get("id-ref") is not None for element in configuration(root).iter())


def resource_ids(element: ET.Element) -> frozenset[str]:
    """Return the ids of a resource and of all the resources inside it."""
    return frozenset(part.get("id", "") for part in element.iter() if part.tag in RESOURCE_TAGS)


def references(constraint: ET.Element) -> frozenset[str]:
    """Return the ids of resources that a constraint speaks of."""
    found = {constraint.get(name, "") for name in _REFERRING}
    found |= {part.get("id", "") for part in constraint.iter("resource_ref")}
    return frozenset(found - {""})


def registries(root: ET.Element) -> dict[str, frozenset[Key]]:
    """Return what each managed set owns, by the name of the set."""
    owned: dict[str, frozenset[Key]] = {}
    for attributes in configuration(root).iterfind("crm_config/cluster_property_set"):
        if not is_registry(attributes):
            continue
        keys = {
            Key(pair.get("name", "")[len(_REGISTRY_NAME) :], unquote(word))
            for pair in attributes
            for word in pair.get("value", "").split()
        }
        owned[attributes.get("id", "")[: -len(REGISTRY_SUFFIX)]] = frozenset(keys)
    return owned


def set_registry(root: ET.Element, name: str, keys: frozenset[Key]) -> None:
    """Write down what a managed set owns; kept in the CIB itself, so that it changes together with the objects."""
    section = configuration(root).find("crm_config")
    if section is None:
        section = ET.SubElement(configuration(root), "crm_config")
    set_id = name + REGISTRY_SUFFIX
    for old in [part for part in section if part.get("id") == set_id]:
        section.remove(old)
    if not keys:
        return
    attributes = ET.SubElement(section, "cluster_property_set", {"id": set_id})
    for part in sorted({key.section for key in keys}):
        words = " ".join(quote(key.id, safe="/:=@") for key in sorted(keys) if key.section == part)
        pair = {"id": f"{set_id}-{part}", "name": _REGISTRY_NAME + part, "value": words}
        ET.SubElement(attributes, "nvpair", pair)


def secrets(root: ET.Element) -> Iterator[ET.Element]:
    """Yield the pairs whose values must not be shown."""
    for pair in root.iter("nvpair"):
        if is_secret(pair.get("name", "")) and pair.get("value"):
            yield pair
