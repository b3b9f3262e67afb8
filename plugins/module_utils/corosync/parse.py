# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text to model: corosync.conf as a person writes it, and the running configuration as corosync-cmapctl prints it.

Both become the same flat form, ``totem.token`` to ``1000``. Nodes are named by their name and links by their number,
because an index says nothing once a node has left.

This module util is private to the collection.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError

Settings = Mapping[str, str]

# What the daemon keeps in its map beside the configuration, or adds to it by itself.
_CONFIGURATION = ("totem.", "logging.", "quorum.", "nodelist.", "system.")
_ADDED_BY_DAEMON = re.compile(
    r"nodelist\.local_node_pos|totem\.interface\.\d+\.bindnetaddr|quorum\.cancel_wait_for_all"
)
_CMAP_LINE = re.compile(r"^(?P<key>\S+) \(\w+\) = ?(?P<value>.*)$")
_NODE_KEY = re.compile(r"^nodelist\.node\.(?P<index>\d+)\.(?P<name>\S+)$")


def parse_config(text: str) -> dict[str, str]:
    """Read a corosync.conf. Raises :class:`ParseError` with the line that cannot be read."""
    settings: dict[str, str] = {}
    path: list[str] = []
    opened: list[dict[str, str]] = []
    nodes = 0
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.endswith("{"):
            path.append(line[:-1].strip())
            opened.append({})
        elif line == "}":
            if not path:
                raise ParseError("A section is closed that was never opened", where=f"line {number}")
            section, values = ".".join(path), opened.pop()
            if section == "nodelist.node":
                section, nodes = f"{section}.{nodes}", nodes + 1
            elif section == "totem.interface":
                section = f"{section}.{values.pop('linknumber', '0')}"
            elif section == "logging.logger_subsys":
                section = f"{section}.{values.get('subsys', '')}"
            settings.update({f"{section}.{key}": value for key, value in values.items()})
            path.pop()
        elif ":" in line and opened:
            key, value = line.split(":", 1)
            opened[-1][key.strip()] = value.strip()
        else:
            raise ParseError("Neither a section nor a setting", where=f"line {number}", said=line)
    if path:
        raise ParseError(f"The section {'.'.join(path)} is never closed", where="the end of the text")
    return _by_node_name(settings)


def parse_cmap(text: str) -> dict[str, str]:
    """Read what ``corosync-cmapctl`` prints; keeps only what came from the configuration file."""
    settings: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.startswith(_CONFIGURATION):
            continue
        match = _CMAP_LINE.match(line)
        if match is None:
            raise ParseError("Not a line of corosync-cmapctl", where=f"line {number}", said=line)
        if not _ADDED_BY_DAEMON.fullmatch(match["key"]):
            settings[match["key"]] = match["value"].strip()
    return _by_node_name(settings)


def _by_node_name(settings: Settings) -> dict[str, str]:
    """Replace the index of a node by its name (its id where it has none)."""
    labels: dict[str, str] = {}
    for wanted in ("nodeid", "name"):
        for key, value in settings.items():
            match = _NODE_KEY.match(key)
            if match is not None and match["name"] == wanted:
                labels[match["index"]] = value
    renamed: dict[str, str] = {}
    for key, value in settings.items():
        match = _NODE_KEY.match(key)
        if match is None:
            renamed[key] = value
        else:
            label = labels.get(match["index"], match["index"])
            renamed[f"nodelist.node.{label}.{match['name']}"] = value
    return renamed


def node_ids(text: str) -> dict[str, int]:
    """Read the numbers of the servers from a corosync.conf; empty where it has none that can be read."""
    try:
        settings = parse_config(text)
    except ParseError:
        return {}  # corosync itself says what is wrong with its file
    start, end = "nodelist.node.", ".nodeid"
    return {
        key.removeprefix(start).removesuffix(end): int(value)
        for key, value in settings.items()
        if key.startswith(start) and key.endswith(end) and value.isdigit()
    }


def parse_quorum(text: str) -> dict[str, str]:
    """Read ``corosync-quorumtool -s``: its ``Name: value`` lines."""
    answer: dict[str, str] = {}
    for line in text.splitlines():
        name, separator, value = line.partition(":")
        if separator and not line.startswith(" "):
            answer[name.strip()] = value.strip()
    return answer


def has_majority_alone(quorum: Settings) -> bool:
    """Tell from :func:`parse_quorum` whether the servers are a majority without the vote host. Each has one vote."""
    words = quorum.get("Quorum", "").split()
    members = quorum.get("Nodes", "")
    return bool(words) and words[0].isdigit() and members.isdigit() and int(members) >= int(words[0])
