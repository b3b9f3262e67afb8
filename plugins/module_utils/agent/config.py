# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent's configuration: one JSON file, read once and checked whole.

Every mistake in it is named at once, so that a deploy fails with a list and not with the first of several.

This module util is private to the collection.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Timing
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError

PATH = "/etc/pgha/agent.json"
STACKS = ("keepalived", "vote")
KINDS = ("write", "read")
SECRET_LENGTH = 32
"""Characters. Whoever can guess the secret can make a standby promote."""

Endpoint = tuple[str, int]


@dataclass(frozen=True)
class Address:
    """An address that clients use and that follows the servers' roles.

    :ivar kind: ``write`` or ``read``.
    """

    ip: str
    prefix: int
    kind: str


@dataclass(frozen=True)
class Hooks:
    """Whom to tell of what happens. Empty: nobody.

    :ivar command: a program that gets the event as JSON on its standard input.
    :ivar webhook: a URL that gets the event as JSON.
    :ivar mail: an address, reached through the local MTA.
    """

    command: str = ""
    webhook: str = ""
    mail: str = ""


@dataclass(frozen=True)
class Config:
    """What the agent of one server is told.

    :ivar listen: where it listens, one address in each network that the two servers share.
    :ivar peers: where the other agent listens: the same networks in the same order.
    :ivar secret: signs what the two agents say to each other.
    :ivar relay: the vote host's port that leads to the primary; only on the stack ``vote``.
    :ivar timing: see :class:`.model.Timing`.
    """

    name: str
    peer: str
    listen: tuple[Endpoint, ...]
    peers: tuple[Endpoint, ...]
    secret: str = field(repr=False)
    stack: str
    strict: bool
    fencing: bool
    port: int
    data_directory: str
    bin_directory: str
    unit: str
    socket_directory: str
    conninfo: str
    slot: str
    peer_slot: str
    state_directory: str = "/var/lib/pgha-agent"
    run_directory: str = "/run/pgha-agent"
    ping_targets: tuple[str, ...] = ()
    client_interface_address: str = ""
    relay: Endpoint | None = None
    addresses: tuple[Address, ...] = ()
    hooks: Hooks = field(default_factory=Hooks)
    lag_limit_bytes: int = 64 * 1024 * 1024
    timing: Timing = field(default_factory=Timing)


class _WrongError(Exception):
    """One value is not what it should be; the text ends the sentence that begins with its name."""


def _of(kind: type, what: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        # In Python a boolean is a number, too; in a configuration it is a mistake.
        if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
            raise _WrongError(f"has to be {what}")
        return value

    return read


_text, _truth, _number = _of(str, "a text"), _of(bool, "true or false"), _of(int, "a whole number")


def _filled(value: Any) -> str:
    if not _text(value):
        raise _WrongError("is empty")
    return str(value)


def _port(value: Any) -> int:
    if not 0 < _number(value) < 65536:
        raise _WrongError("has to be a port from 1 to 65535")
    return int(value)


def _ip(value: Any) -> str:
    try:
        return str(ipaddress.ip_address(_text(value)))
    except ValueError as wrong:
        raise _WrongError(f"holds {value!r}, which is no IP address") from wrong


def _endpoint(value: Any) -> Endpoint:
    if not isinstance(value, list) or len(value) != 2:
        raise _WrongError("has to hold pairs of an address and a port")
    return _ip(value[0]), _port(value[1])


def _each(read: Callable[[Any], Any]) -> Callable[[Any], tuple[Any, ...]]:
    def read_all(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise _WrongError("has to be a list")
        return tuple(read(item) for item in value)

    return read_all


def _secret(value: Any) -> str:
    if len(_text(value)) < SECRET_LENGTH:
        raise _WrongError(f"has to have at least {SECRET_LENGTH} characters")
    return str(value)


def _stack(value: Any) -> str:
    if value not in STACKS:
        raise _WrongError("has to be one of " + ", ".join(STACKS))
    return str(value)


def _address(value: Any) -> Address:
    if not isinstance(value, Mapping) or not {"ip", "prefix", "kind"} <= set(value):
        raise _WrongError("has to hold entries of ip, prefix and kind")
    if value["kind"] not in KINDS:
        raise _WrongError("knows the kinds " + " and ".join(KINDS))
    return Address(_ip(value["ip"]), int(_number(value["prefix"])), value["kind"])


def _hooks(value: Any) -> Hooks:
    if not isinstance(value, Mapping):
        raise _WrongError("has to be a mapping")
    return Hooks(**{key.name: _text(value[key.name]) for key in fields(Hooks) if key.name in value})


def _timing(value: Any) -> Timing:
    if not isinstance(value, Mapping):
        raise _WrongError("has to be a mapping")
    known = {key.name for key in fields(Timing)}
    for name, seconds in value.items():
        if name not in known:
            raise _WrongError(f"knows no {name!r}; it knows " + ", ".join(sorted(known)))
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
            raise _WrongError(f"has no number of seconds above 0 for {name!r}")
    return replace(Timing(), **{name: float(seconds) for name, seconds in value.items()})


def _maybe(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None or value == [] else read(value)


_READ: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("name", "peer", "data_directory", "bin_directory", "unit", "socket_directory"), _filled),
    **dict.fromkeys(("conninfo", "slot", "peer_slot", "state_directory", "run_directory"), _filled),
    **dict.fromkeys(("strict", "fencing"), _truth),
    **dict.fromkeys(("listen", "peers"), _each(_endpoint)),
    "secret": _secret,
    "stack": _stack,
    "port": _port,
    "ping_targets": _each(_text),
    "client_interface_address": _text,
    "relay": _maybe(_endpoint),
    "addresses": _each(_address),
    "hooks": _hooks,
    "lag_limit_bytes": _number,
    "timing": _timing,
}
_REQUIRED = tuple(one.name for one in fields(Config) if one.default is MISSING and one.default_factory is MISSING)


def config_of(data: Any, where: str = PATH) -> Config:
    """Read a configuration from plain data. A key that this version does not know is left out."""
    if not isinstance(data, Mapping):
        raise _refusal(where, ["it has to hold a mapping"])
    mistakes, values = [f"{name} is missing" for name in _REQUIRED if name not in data], {}
    for name, read in _READ.items():
        if name in data:
            try:
                values[name] = read(data[name])
            except _WrongError as wrong:
                mistakes.append(f"{name} {wrong}")
    if not mistakes:
        config = Config(**values)
        mistakes = _contradictions(config)
    if mistakes:
        raise _refusal(where, mistakes)
    return config


def _contradictions(config: Config) -> list[str]:
    """Return what is wrong with values that are each well-formed."""
    wrong, timing = [], config.timing
    if config.name == config.peer:
        wrong.append("name and peer are the same")
    if not config.listen or len(config.listen) != len(config.peers):
        wrong.append("listen and peers have to name the same networks, at least one")
    # S5: a primary that goes on alone without having its standby switched off would leave two that take writes.
    if not config.strict and not config.fencing:
        wrong.append("without fencing strict has to be true")
    if config.stack == "vote" and config.relay is None:
        wrong.append("the stack vote needs relay")
    if not timing.fresh <= timing.lonely < timing.silent:
        wrong.append("timing needs fresh <= lonely < silent: of two servers the primary has to act first")
    return wrong


def _refusal(where: str, mistakes: list[str]) -> PghaError:
    return PghaError(
        f"The agent's configuration {where} is of no use: {'; '.join(mistakes)}.",
        next_step="run the deploy playbook, which writes it",
    )


def load(path: str | Path = PATH) -> Config:
    """Read the configuration file."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as missing:
        raise _refusal(str(path), [f"it cannot be read ({missing.strerror})"]) from missing
    except ValueError as wrong:
        raise _refusal(str(path), [f"it is no JSON ({wrong})"]) from wrong
    return config_of(data, str(path))
