# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pacemaker's tools: the only input and output of this subject. Secrets travel by file or standard input.

This module util is private to the collection.
"""

from __future__ import annotations

import enum
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed, Runner
from ansible_collections.pgha.cluster.plugins.module_utils.common.wait import look_until
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.model import Action
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.parse import (
    parse_actions,
    parse_controller,
    parse_monitor,
    parse_votes,
)

# Exit statuses of pacemaker's tools (crm_exit_t), the same in 2.1 and 3.0.
DISCONNECTED, UNAVAILABLE, OLD = 102, 113, 103
# States of a DC that has finished the election and the joining of the members.
_DECIDING = ("S_IDLE", "S_POLICY_ENGINE", "S_TRANSITION_ENGINE")
_DOWN = (DISCONNECTED, UNAVAILABLE)
# crm_verify gives warnings the exit status of errors; 2.1 says the first, 3.0 the second.
_ONLY_WARNINGS = re.compile(r"Warnings found during check|\(with warnings\)")
_QUICK, _SLOW = 30.0, 120.0


class Patched(enum.Enum):
    """What became of a patch."""

    APPLIED = "applied"
    STALE = "stale"


class Gateway:
    """Asks and tells pacemaker through an injected runner.

    :param clock: monotonic seconds.
    :param pause: waits between two looks at a condition.
    """

    def __init__(
        self,
        run: Runner,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._run = run
        self._clock = clock
        self._pause = pause

    def _must(self, argv: Sequence[str], what: str, *, timeout: float = _QUICK, stdin: str | None = None) -> Completed:
        done = self._run(argv, timeout=timeout, stdin=stdin)
        if done.rc in _DOWN:
            raise not_running(argv, done)
        if done.rc != 0:
            raise PghaError(what, ran=list(argv), said=done.stderr or done.stdout)
        return done

    def query_cib(self) -> str:
        """Return the live CIB."""
        return self._must(["cibadmin", "--query"], "The cluster's configuration could not be read.").stdout

    def monitor(self) -> str | None:
        """Return crm_mon's XML, or nothing where the cluster is stopped."""
        argv = ["crm_mon", "--one-shot", "--inactive", "--output-as=xml"]
        done = self._run(argv, timeout=_QUICK)
        if done.rc in _DOWN:
            return None
        if done.rc != 0:
            raise PghaError("The state of the cluster could not be read.", ran=argv, said=done.stderr or done.stdout)
        # A cluster that is just starting gives an empty answer with success (seen in 3.0).
        return done.stdout if "<summary>" in done.stdout else None

    def votes(self) -> dict[str, int]:
        """Return corosync's expected and total votes; empty where corosync does not tell."""
        done = self._run(["corosync-quorumtool", "-s"], timeout=_QUICK)
        return parse_votes(done.stdout)

    def must_monitor(self) -> str:
        """Return crm_mon's XML; a stopped cluster is an error."""
        text = self.monitor()
        if text is None:
            raise not_running(["crm_mon"], Completed(DISCONNECTED, "", ""))
        return text

    def wait_until(self, condition: Callable[[], bool], timeout: float, otherwise: Callable[[], PghaError]) -> None:
        """Look until the condition holds; raise what the caller knows best when time is up."""
        look_until(condition, self._clock() + timeout, otherwise, 0.2, clock=self._clock, pause=self._pause)

    def load(self, base: str, text: str) -> tuple[str | None, str]:
        """Let crmsh load an operator's text into a CIB file; return the file then, or nothing, and what it said."""
        with _files(base=base) as paths:
            argv = ["crm", "--display", "plain", "configure", "load", "update", "-"]
            done = self._run(argv, timeout=_SLOW, stdin=text, env=offline(paths["base"]))
            said = done.stderr + "\n" + done.stdout
            return (paths["base"].read_text(encoding="utf-8") if done.rc == 0 else None), said

    def show(self, xml: str, ids: Sequence[str]) -> str:
        """Render objects of a CIB as crmsh text; the caller has taken the secrets out already."""
        with _files(cib=xml) as paths:
            argv = ["crm", "--display", "plain", "--opt", "core.obscure_pattern=-", "configure", "show", *ids]
            done = self._run(argv, timeout=_SLOW, env=offline(paths["cib"]))
        if done.rc != 0:
            raise PghaError("crmsh could not show the configuration.", ran=argv, said=done.stderr or done.stdout)
        return done.stdout

    def verify(self, xml: str) -> str | None:
        """Return what makes a CIB unusable for pacemaker, or nothing."""
        with _files(cib=xml) as paths:
            done = self._run(["crm_verify", "--xml-file", str(paths["cib"]), "--verbose"], timeout=_SLOW)
        said = done.stderr + "\n" + done.stdout
        return None if done.rc == 0 or _ONLY_WARNINGS.search(said) else said

    def simulate(self, xml: str) -> str:
        """Return as XML what the cluster would do with this CIB, its status included."""
        with _files(cib=xml) as paths:
            argv = ["crm_simulate", "--xml-file", str(paths["cib"]), "--run", "--output-as=xml"]
            return self._must(argv, "The effect of the change could not be computed.", timeout=_SLOW).stdout

    def patch(self, live: str, desired: str) -> Patched:
        """Apply the difference in one step, if the live CIB is still the one that was read, to the last update."""
        with _files(live=live, desired=desired) as paths:
            argv = ["crm_diff", "--original", str(paths["live"]), "--new", str(paths["desired"]), "--cib"]
            difference = self._run(argv, timeout=_QUICK)
        # 0 means "no difference" and 1 means "here it is".
        if difference.rc != 1:
            raise PghaError("The difference could not be computed.", ran=argv, said=difference.stderr)
        argv = ["cibadmin", "--patch", "--sync-call", "--xml-pipe"]
        done = self._run(argv, timeout=_QUICK, stdin=difference.stdout)
        if done.rc == OLD:
            return Patched.STALE
        if done.rc in _DOWN:
            raise not_running(argv, done)
        if done.rc != 0:
            # A refusal may print the whole CIB after its first line, with every secret in it.
            said = (done.stderr or done.stdout).strip().partition("\n")[0]
            raise PghaError("The cluster refused the change; nothing was changed.", ran=argv, said=said)
        return Patched.APPLIED

    def modify(self, change: str) -> None:
        """Change what a piece of a CIB names, by its ids, and add what of it is not there; all of it or nothing."""
        argv = ["cibadmin", "--modify", "--allow-create", "--sync-call", "--xml-pipe"]
        self._must(argv, "The cluster refused the change; nothing was changed.", stdin=change)

    def controller(self, node: str) -> str:
        """Return the state of a node's controller; the DC is S_IDLE when no transition is under way."""
        # Without a timeout of its own crmadmin waits for an answer for ever.
        argv = ["crmadmin", f"--status={node}", "--timeout=5s", "--output-as=xml"]
        done = self._run(argv, timeout=_QUICK)
        # A controller that is being elected or stopped right now does not answer: it is not idle, that is all.
        return parse_controller(done.stdout) if done.rc == 0 else ""

    def started(self) -> bool:
        """Tell whether pacemaker is started, though it may not answer yet: its daemons need some seconds."""
        return self._run(["systemctl", "is-active", "--quiet", "pacemaker"], timeout=_QUICK).rc == 0

    def ready(self, timeout: float) -> None:
        """Wait until the cluster has a DC that has taken the members in, for until then it writes to the CIB."""

        def decides() -> bool:
            text = self.monitor()
            if text is None and not self.started():
                self.query_cib()  # says in its error that the cluster is stopped
            name = "" if text is None else parse_monitor(text).dc
            return bool(name) and self.controller(name) in _DECIDING

        self.wait_until(decides, timeout, lambda: no_dc(timeout))

    def settle(self, timeout: float) -> None:
        """Wait until the cluster has nothing left to do.

        ``crm_resource --wait`` needs two seconds even for a cluster at rest, so the same two questions are asked
        here: is a transition under way, and would the scheduler do anything now?
        """
        left: tuple[Action, ...] = ()

        def at_rest() -> bool:
            nonlocal left
            text = self.monitor()
            name = "" if text is None else parse_monitor(text).dc
            if not name or self.controller(name) != "S_IDLE":
                return False
            left = parse_actions(self.simulate(self.query_cib()))
            # Asked again: a transition that began in between hides what it is already doing from the simulation.
            return not left and self.controller(name) == "S_IDLE"

        def still() -> PghaError:
            return PghaError(
                f"The cluster did not come to rest within {timeout:g} seconds.",
                said="still to be done: " + "; ".join(map(str, left)) if left else "a transition is under way",
                next_step="see 'crm_mon -1rf' for failures; a node that has to be fenced first holds everything up",
            )

        self.wait_until(at_rest, timeout, still)

    def set_attribute(self, node: str, name: str, value: str | None, lifetime: str) -> None:
        """Set or delete an attribute of a node.

        The value goes in one word with its option: pacemaker 2.1.5 reads a separate ``-INFINITY`` as options.
        """
        action = "--delete" if value is None else f"--update={value}"
        argv = ["crm_attribute", f"--node={node}", f"--name={name}", action, f"--lifetime={lifetime}"]
        self._must(argv, f"The attribute {name} of {node} could not be set.")

    def remove_node(self, node: str) -> None:
        """Let the cluster forget a node that has left, in its configuration and in the memory of its daemons."""
        self._must(["crm_node", "--force", f"--remove={node}"], f"The cluster did not forget {node}.")

    def clean(self, resource: str | None, node: str | None, *, refresh: bool) -> None:
        """Forget failures, or with refresh the whole history, so that the cluster looks and decides anew."""
        argv = ["crm_resource", "--refresh" if refresh else "--cleanup"]
        argv += [f"--resource={resource}"] if resource else []
        argv += [f"--node={node}"] if node else []
        self._must(argv, "The history could not be cleaned.", timeout=_SLOW)

    def move(self, resource: str, node: str, seconds: int) -> None:
        """Let a resource run on a node; the constraint ends by itself if nobody clears it."""
        argv = ["crm_resource", "--move", f"--resource={resource}", f"--node={node}", f"--lifetime=PT{2 * seconds}S"]
        self._must(argv, f"{resource} could not be moved to {node}.", timeout=_SLOW)

    def check(self, resource: str) -> None:
        """Let a resource's agent look at it on this server. What it finds is for the agent, its status for nobody."""
        self._run(["crm_resource", "--force-check", f"--resource={resource}"], timeout=_SLOW)

    def clear(self, resource: str) -> None:
        """Take back every constraint that moves and bans have made for a resource."""
        argv = ["crm_resource", "--clear", f"--resource={resource}"]
        self._must(argv, f"The constraint that moved {resource} could not be cleared.", timeout=_SLOW)


def no_dc(timeout: float) -> PghaError:
    """The error for a cluster that runs and has nobody who decides."""
    return PghaError(
        f"The cluster has elected no DC within {timeout:g} seconds.",
        next_step="see 'corosync-quorumtool' and 'journalctl -u pacemaker': do the servers see each other?",
    )


def not_running(argv: Sequence[str], done: Completed) -> PghaError:
    """The error for a stopped cluster."""
    return PghaError(
        "The cluster is not running on this server.",
        ran=list(argv),
        said=(done.stderr or done.stdout).strip().partition("\n")[0],
        next_step="start it (systemctl start corosync pacemaker) and see 'journalctl -u corosync -u pacemaker'",
    )


def offline(path: Path) -> Mapping[str, str]:
    """Environment that keeps crmsh and pacemaker's tools away from the cluster."""
    return {"CIB_file": str(path), "TERM": "dumb"}


@contextmanager
def _files(**texts: str) -> Iterator[dict[str, Path]]:
    """Write texts to files that only root can read: a CIB may hold passwords."""
    with tempfile.TemporaryDirectory(prefix="pgha-") as directory:
        paths = {name: Path(directory) / f"{name}.xml" for name in texts}
        for name, path in paths.items():
            path.write_text(texts[name], encoding="utf-8")
        yield paths
