# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards a cluster against the memory of one server: see docs/adr/memory.md.

What the resource agent knows of each server's data stands in the cluster's configuration, of which each server has a
copy. The copy of a server that was away is from before. Two questions are answered here, and nothing is done otherwise:

- is this server's copy current? Only then it carries the attribute without which the cluster promotes nobody on it;
- may the primary here go on without its standby? Asked by the agent's ``pg_ctl`` before it stops waiting for it.

The role stack_pacemaker places this file on the servers as it is: it needs nothing but Python's standard library.

This module util is private to the collection.
"""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

LOG = logging.getLogger("pgha-guard")
"""The standard error of a service is the journal."""
CURRENT = "pgha-current"
LOOK_SECONDS = 2.0
"""Less than the time after which a primary misses its standby (wal_sender_timeout): then it could go on alone."""
COMMAND_SECONDS = 10.0
ANSWER_SECONDS = 5.0
USAGE = "usage: pgha-guard serve SOCKET RESOURCE SERVER MODE_FILE (quorum|proof), or pgha-guard ask SOCKET"


@dataclass(frozen=True)
class Server:
    """One database server, as the copy of the cluster's configuration on this one has it.

    :ivar member: it takes part in the cluster, and so all members have the same copy.
    :ivar gone: it is proven to be off, or left in order.
    :ivar latest: it was the last primary.
    :ivar primary: it is primary now.
    :ivar current: it carries the attribute.
    """

    name: str
    member: bool
    gone: bool
    latest: bool
    primary: bool
    current: bool


@dataclass(frozen=True)
class View:
    """What this server sees.

    :ivar quorate: its side of the cluster may decide.
    :ivar waits: a standby has every commit unless its primary goes on alone, which needs leave (``sync``).
    """

    quorate: bool
    servers: tuple[Server, ...]
    waits: bool

    def named(self, name: str) -> Server | None:
        """Return the server of a name."""
        return next((one for one in self.servers if one.name == name), None)


def _said(state: ET.Element | None, name: str) -> bool:
    # Before pacemaker 2.1.7 a word, then the time since when.
    return state is not None and state.get(name, "0") not in ("0", "false", "offline")


def _pairs(element: ET.Element | None, path: str) -> dict[str, str]:
    found = element.iterfind(path) if element is not None else ()
    return {pair.get("name", ""): pair.get("value", "") for pair in found}


def view_of(text: str, resource: str, *, quorate: bool) -> View:
    """Read the database servers from ``cibadmin --query``.

    :raises ET.ParseError: it is not XML.
    """
    root = ET.fromstring(text)
    parameters = _pairs(
        root.find(f"configuration/resources//primitive[@id='{resource}']"), "instance_attributes/nvpair"
    )
    found = []
    for name in parameters.get("node_list", "").split():
        node = root.find(f"configuration/nodes/node[@uname='{name}']")
        state = root.find(f"status/node_state[@id='{node.get('id')}']") if node is not None else None
        transient = _pairs(state, "transient_attributes/instance_attributes/nvpair")
        member = _said(state, "in_ccm") and _said(state, "crmd")
        found.append(
            Server(
                name=name,
                # A server that is joining has not taken part in the choice of whose copy counts.
                member=member and state is not None and state.get("join") == "member",
                gone=not member and state is not None and state.get("expected") == "down",
                latest=_pairs(node, "instance_attributes/nvpair").get(f"{resource}-data-status") == "LATEST",
                primary=transient.get(f"{resource}-status") == "PRI",
                current=CURRENT in transient,
            )
        )
    return View(quorate, tuple(found), parameters.get("rep_mode") == "sync")


def is_quorate(text: str) -> bool:
    """Read ``corosync-quorumtool -s``."""
    return re.search(r"^Quorate:\s+Yes\s*$", text, re.MULTILINE) is not None


def waits_for_nobody(text: str) -> bool:
    """Tell whether a file of the resource agent lets commits wait for no standby."""
    return re.search(r"^\s*synchronous_standby_names\s*=\s*''\s*$", text, re.MULTILINE) is not None


def is_current(view: View, me: str, *, alone: bool) -> bool:
    """Tell whether what this server remembers is what was true last.

    :param alone: the last that this server did as primary was to go on without a standby, so that no other one has all
        commits since.
    """
    mine = view.named(me)
    if mine is None or not mine.member or not view.quorate:
        return False
    # Two majorities of the database servers have one in common, and nobody became primary without a majority or an
    # arbiter's word: it was there, or it was told. The arbiter itself remembers nothing, and does not count.
    if 2 * sum(one.member for one in view.servers) > len(view.servers):
        return True
    # Where commits wait for nobody anyway, a standby may have gone on after this one, and asked nobody.
    return mine.latest and alone and view.waits


def is_void(view: View, me: str) -> bool:
    """Tell whether this server has to forget that it was current: those who may decide could go on without it.

    Not a primary: nobody takes over from it before it is proven to be off.
    """
    mine = view.named(me)
    return mine is not None and mine.current and not view.quorate and not mine.primary


def why_not_alone(view: View, me: str, *, proof: bool) -> str:
    """Return why the primary must not stop waiting for its standby; empty when it may.

    :param proof: quorum is not enough: two servers without a vote host both have it when they lose each other. Else one
        side has it, and the other one has forgotten then that it was current.
    """
    if view.named(me) is None:
        return "the cluster does not know this server"
    if not view.quorate:
        return "this side of the cluster has no quorum: the other one may have a primary soon"
    lost = [one.name for one in view.servers if proof and not one.member and not one.gone]
    return f"nobody has proven that {' and '.join(lost)} is off" if lost else ""


def run(argv: Sequence[str]) -> str:
    """Return what a command says; empty when it fails."""
    with contextlib.suppress(subprocess.TimeoutExpired, OSError):
        done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=COMMAND_SECONDS)
        # corosync-quorumtool ends with 2 where there is no quorum, and says so.
        if done.returncode in (0, 2):
            return done.stdout
    return ""


class Guard:
    """Looks and answers.

    :param mode: what the agent's ``pg_ctl`` has put into force last, a copy of the agent's own file.
    """

    def __init__(
        self, resource: str, me: str, mode: Path, *, proof: bool, command: Callable[[Sequence[str]], str] = run
    ) -> None:
        self._resource, self._me, self._mode, self._proof, self._command = resource, me, mode, proof, command

    def view(self) -> View | None:
        """Look; None when the cluster does not answer: silence is no loss of quorum, and no leave."""
        quorum = self._command(["corosync-quorumtool", "-s"])
        if not quorum:
            return None
        try:
            return view_of(self._command(["cibadmin", "--query"]), self._resource, quorate=is_quorate(quorum))
        except ET.ParseError:
            return None

    def _alone(self) -> bool:
        try:
            return waits_for_nobody(self._mode.read_text(encoding="utf-8"))
        except OSError:
            return False

    def step(self) -> None:
        """Look, and let the cluster know whether this server is current."""
        view = self.view()
        mine = view.named(self._me) if view is not None else None
        if view is None or mine is None:
            return
        if is_void(view, self._me):
            LOG.warning("no quorum here: %s is not promoted before it has met the others again", self._me)
            self._command(["attrd_updater", "--name", CURRENT, "--delete"])
        elif not mine.current and is_current(view, self._me, alone=self._alone()):
            LOG.warning("what is recorded of %s is current", self._me)
            self._command(["attrd_updater", "--name", CURRENT, "--update", "yes"])

    def answer(self) -> str:
        """Say whether the primary here may go on alone: ``yes``, or why not."""
        view = self.view()
        why = why_not_alone(view, self._me, proof=self._proof) if view is not None else "the cluster does not answer"
        LOG.warning("the primary goes on %s", f"not alone: {why}" if why else "alone")
        return why or "yes"

    def serve(self, listener: socket.socket) -> None:
        """Look every other moment and answer in between, until somebody ends this process."""
        while True:
            self.step()
            ends = time.monotonic() + LOOK_SECONDS
            while (left := ends - time.monotonic()) > 0:
                listener.settimeout(left)
                with contextlib.suppress(OSError):
                    asker, _address = listener.accept()
                    with asker:
                        asker.sendall(self.answer().encode())


def listen(place: Path) -> socket.socket:
    """Open the socket for questions. Whoever may ask learns nothing that the cluster does not show."""
    place.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place))
    place.chmod(0o666)
    listener.listen()
    return listener


def ask(place: Path) -> str:
    """Ask a guard: ``yes``, or why not. No answer is a no."""
    try:
        with socket.socket(socket.AF_UNIX) as asker:
            asker.settimeout(ANSWER_SECONDS)
            asker.connect(str(place))
            return asker.recv(1000).decode() or "pgha-guard gave no answer"
    except OSError as silent:
        return f"pgha-guard gave no answer ({silent})"


def main(arguments: Sequence[str]) -> int:
    """Run; the exit status is 1 for a no, and 2 for arguments that are not understood."""
    logging.basicConfig(format="%(message)s")
    match list(arguments):
        case ["serve", place, resource, me, mode, ("quorum" | "proof") as leave]:
            Guard(resource, me, Path(mode), proof=leave == "proof").serve(listen(Path(place)))
            return 0
        case ["ask", place]:
            answer = ask(Path(place))
            if answer != "yes":
                LOG.warning("%s", answer)
            return int(answer != "yes")
    LOG.error(USAGE)
    return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
