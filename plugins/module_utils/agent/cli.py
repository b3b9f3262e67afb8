# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``pgha-agent``: the daemon, and what operators, monitoring, keepalived and the playbooks call.

Only what a command needs is loaded: keepalived calls ``check alive`` every other second.

This module util is private to the collection.
"""

from __future__ import annotations

import argparse
import json
import sys

from ansible_collections.pgha.cluster.plugins.module_utils.agent import client

# What typing would cost is a third of a short command's time; mypy takes this name for true.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DENIED, AWAY = 3, 4
"""Exit statuses beside 1 (refused) and 2 (used wrongly, or no end in time). ``check`` has those of a Nagios plugin."""

HELP = {
    "run": "run the agent (systemd does this)",
    "status": "show what is so now",
    "check": "check it for a monitoring (Nagios plugin conventions)",
    "why": "show the last decision, what it rests upon, and what happened before",
    "pause": "do nothing from now on, over restarts and reboots, until resume",
    "resume": "end a pause",
    "switchover": "hand over to the other server; on the primary",
    "failover": "make this server primary, and give up what only the lost one has",
    "init": "begin the first reign here (the deploy playbook does this)",
    "join": "take the data here for a copy of the primary's (the playbooks do this)",
    "leave": "be no standby any more (the playbooks do this)",
}


def parser() -> argparse.ArgumentParser:
    """Return what the command line may hold."""
    top = argparse.ArgumentParser(prog="pgha-agent", description="The failover agent of pgha.cluster.")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="answer in JSON")
    common.add_argument("--run-directory", default=client.RUN_DIRECTORY, help="where the agent's control socket is")
    verbs = top.add_subparsers(dest="verb", required=True, metavar="COMMAND")
    made = {name: verbs.add_parser(name, parents=[common], help=text) for name, text in HELP.items()}
    made["run"].add_argument("--config", default="/etc/pgha/agent.json", help="the configuration file")
    for name in ("switchover", "failover"):
        made[name].add_argument("--timeout", type=float, default=60.0, help="seconds (60)")
    made["failover"].add_argument(
        "--peer-is-off", action="store_true", help="no fence device has to prove it: you have seen that it has no power"
    )
    subjects = ("all", "agent", "lag", "redundancy", "fencing", "write", "alive")
    made["check"].add_argument("subject", nargs="?", default="all", choices=subjects)
    for level in ("warning", "critical"):
        made["check"].add_argument(f"--lag-{level}", type=int, metavar="BYTES")
    return top


def _say(line: str) -> None:
    """Print at once: what a playbook shows while it waits."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """Carry a command line out; return the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    if given in (["check", "alive"], ["check", "write"]):
        return _check_shortly(client.RUN_DIRECTORY, given[1])
    options = parser().parse_args(given)
    try:
        return int(_VERBS.get(options.verb, _tell)(options))
    except client.DeniedError as error:
        return _complain(str(error), DENIED)
    except client.SilentError as error:
        return _complain(str(error), AWAY)
    except client.RefusedError as error:
        return _complain(str(error), 1)


def _complain(text: str, status: int) -> int:
    sys.stderr.write(text + "\n")
    return status


def _run(options: argparse.Namespace) -> int:
    from ansible_collections.pgha.cluster.plugins.module_utils.agent import daemon  # noqa: PLC0415
    from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError  # noqa: PLC0415

    try:
        daemon.run(options.config)
    except PghaError as error:
        return _complain(error.as_result()["msg"], 1)
    return 0


def _status(options: argparse.Namespace) -> int:
    from ansible_collections.pgha.cluster.plugins.module_utils.agent.show import status_text  # noqa: PLC0415

    status = client.ask(options.run_directory, "status")
    _say(json.dumps(status, indent=2) if options.json else status_text(status))
    return 0


def _why(options: argparse.Namespace) -> int:
    from ansible_collections.pgha.cluster.plugins.module_utils.agent.show import why_text  # noqa: PLC0415

    answer = client.ask(options.run_directory, "events")
    _say(json.dumps(answer, indent=2) if options.json else why_text(answer))
    return 0


def _check_shortly(run_directory: str, subject: str) -> int:
    """The short way for who asks all the time. No answer is a no (S3); any answer comes from the loop itself."""
    try:
        may = client.ask(run_directory, "write")["write"]
    except (client.SilentError, client.RefusedError, client.DeniedError) as error:
        return _complain(str(error), 2)
    if subject == "alive":
        _say("PGHA alive OK - the agent answers")
        return 0
    _say("PGHA write OK - this server may hold it" if may else "PGHA write CRITICAL - this server must not hold it")
    return 0 if may else 2


def _check(options: argparse.Namespace) -> int:
    if options.subject == "alive":
        return _check_shortly(options.run_directory, options.subject)
    from ansible_collections.pgha.cluster.plugins.module_utils.agent import check  # noqa: PLC0415

    status = None
    try:
        status = client.ask(options.run_directory, "status")
    except client.DeniedError as error:
        _say(f"PGHA {options.subject} UNKNOWN - {error}")
        return check.UNKNOWN
    except (client.SilentError, client.RefusedError):
        pass
    level, line = check.check(status, options.subject, options.lag_warning, options.lag_critical)
    _say(json.dumps({"status": level, "line": line}) if options.json else line)
    return level


def _follow(options: argparse.Namespace) -> int:
    from ansible_collections.pgha.cluster.plugins.module_utils.agent.operation import Follower  # noqa: PLC0415

    def ask(verb: str, **more: object) -> dict[str, Any]:
        return client.ask(options.run_directory, verb, **more)

    follower = Follower(ask, (lambda _line: None) if options.json else (_say))
    more = {"seen_off": True} if getattr(options, "peer_is_off", False) else {}
    status = follower.follow(options.verb, options.timeout, **more)
    if options.json:
        _say(json.dumps(follower.result, indent=2))
    return status


def _tell(options: argparse.Namespace) -> int:
    """A request that is done with its answer."""
    answer = client.ask(options.run_directory, options.verb)
    _say(json.dumps(answer) if options.json else ", ".join(f"{name}: {value}" for name, value in answer.items()))
    return 0


_VERBS = {
    "run": _run,
    "status": _status,
    "check": _check,
    "why": _why,
    "switchover": _follow,
    "failover": _follow,
}
