# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operator's crmsh text: which objects it names, on which line, and which of its values are secret.

crmsh itself turns the text into XML; here only as much is read as is needed to own objects and to name places.

This module util is private to the collection.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError

OBJECTS = frozenset(
    [
        "primitive",
        "clone",
        "ms",
        "group",
        "bundle",
        "rsc_template",
        "location",
        "colocation",
        "order",
        "rsc_ticket",
        "tag",
        "alert",
    ]
)
SETS = {"property": "crm_config", "rsc_defaults": "rsc_defaults", "op_defaults": "op_defaults"}
TOPOLOGY = "fencing_topology"

# The cluster writes these by itself: whoever owned them would fight with it for ever.
CLUSTERS_OWN = frozenset({"dc-version", "cluster-infrastructure", "have-watchdog", "last-lrm-refresh"})

SECRET_NAME = re.compile(r"passw|secret|community|credential|api[_-]?key|(^|[_-])token$", re.IGNORECASE)
# Files and scripts that hold a secret are no secret themselves, and an operator has to see which one is used.
SECRET_PLACE = re.compile(r"(script|file|path)$", re.IGNORECASE)
_PAIR = re.compile(r"""(?<!\S)(?P<name>[\w.:#-]+)=(?P<value>"(?:[^"\\]|\\.)*"|'[^']*'|\S+)""")
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
# crmsh checks the text in a file that has no nodes up and no quorum; what pacemaker says of that is no news.
_NOISE = re.compile(r"\(cluster_status\)|\(unpack_config\)|Blind faith|got no meta-data|Cluster is not running")


@dataclass(frozen=True)
class Statement:
    """One logical line of the text.

    :ivar line: number of its first line in the text, from 1.
    :ivar kind: its first word, such as ``primitive``.
    :ivar name: id of the object, or of the set for properties and defaults ("" where the text gives none).
    :ivar pairs: names of its ``name=value`` words.
    """

    line: int
    kind: str
    name: str
    pairs: frozenset[str]
    text: str


def is_secret(name: str) -> bool:
    """Tell whether a parameter of this name holds a secret."""
    return bool(SECRET_NAME.search(name)) and not SECRET_PLACE.search(name)


def _logical_lines(text: str) -> Iterable[tuple[int, str]]:
    start = 0
    parts: list[str] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not parts and (not line or line.startswith("#")):
            continue
        start = start if parts else number
        parts.append(line[:-1].rstrip() if line.endswith("\\") else line)
        if not line.endswith("\\"):
            yield start, " ".join(part for part in parts if part)
            parts = []
    if parts:
        raise ParseError("The text ends after a backslash, which promises one more line", where=f"line {start}")


def _set_name(words: list[str]) -> str:
    first = words[1] if len(words) > 1 else ""
    if first.startswith("$id="):
        return first[4:].strip("\"'")
    return first[:-1] if first.endswith(":") and "=" not in first else ""


def parse_text(text: str) -> tuple[Statement, ...]:
    """Read the statements; refuse what is not configuration or is not ours to set."""
    statements: list[Statement] = []
    seen: dict[str, int] = {}
    for line, logical in _logical_lines(text):
        words = logical.split()
        kind, where = words[0], f"line {line}"
        pairs = frozenset(match["name"] for match in _PAIR.finditer(logical))
        if kind in OBJECTS:
            if len(words) < 2:
                raise ParseError(f"{kind} needs a name", where=where)
            name = words[1]
            if name in seen:
                raise ParseError(f"{name} is defined twice, first in line {seen[name]}", where=where)
            seen[name] = line
        elif kind in SETS:
            name = _set_name(words)
            forbidden = sorted(pairs & CLUSTERS_OWN) if kind == "property" else []
            if forbidden:
                raise ParseError(f"{forbidden[0]} is written by the cluster itself and can't be set", where=where)
        elif kind == TOPOLOGY:
            name = ""
        else:
            known = ", ".join(sorted(OBJECTS | set(SETS) | {TOPOLOGY}))
            raise ParseError(f"{kind!r} is not a kind of object that this module manages ({known})", where=where)
        statements.append(Statement(line, kind, name, pairs, logical))
    return tuple(statements)


def secret_values(text: str) -> frozenset[str]:
    """Return the values that must not be shown, as they stand in the text and without their quotes."""
    values = set()
    for match in _PAIR.finditer(text):
        if is_secret(match["name"]):
            values.update({match["value"], match["value"].strip("\"'")})
    return frozenset(value for value in values if value)


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """Blank secrets out, longest first so that no tail of one stays."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "(hidden)")
    return text


def _nearness(message: str, statement: Statement) -> tuple[int, int] | None:
    """Rank how surely a message is about a statement (the least is the surest), or tell that it is not."""
    if statement.text in message:
        return 0, 0
    named = statement.name and re.search(rf"(?<![\w.-]){re.escape(statement.name)}(?![\w.-])", message)
    if named:
        return 1, named.start()
    # An agent that does not exist is complained of by its own name.
    agent = next((word for word in statement.text.split()[2:3] if statement.kind == "primitive" and ":" in word), None)
    return (2, 0) if agent and f"{agent}:" in message else None


def place(message: str, statements: Iterable[Statement]) -> str:
    """Put the line of the operator's text before a message that names an object, or quotes a line, of it."""
    ranked = [(rank, s) for s in statements if (rank := _nearness(message, s)) is not None]
    if not ranked:
        return message
    statement = min(ranked, key=lambda pair: pair[0])[1]
    title = f"{statement.kind} {statement.name}".strip()
    return f"line {statement.line} ({title}): {message.removeprefix(statement.name + ': ')}"


def complaints(output: str, statements: Iterable[Statement]) -> tuple[str, ...]:
    """Return what a tool complained of, each with its place, without colours, noise and repetitions."""
    found: dict[str, None] = {}
    traceback = False
    for raw in output.splitlines():
        # Some mistakes make crmsh stumble; where in its own code is of no use to the operator.
        traceback = raw.startswith("Traceback") or (traceback and raw.startswith(" "))
        if traceback:
            continue
        line = _ANSI.sub("", raw).strip()
        if not line or _NOISE.search(line):
            continue
        line = re.sub(r"^(ERROR|WARNING|error|warning): (\d+: )?", "", line)
        found[place(line, statements)] = None
    return tuple(found)
