# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alert hooks: they get the event, and whatever they do holds nobody up."""

from __future__ import annotations

import http.server
import json
import queue
import threading
from email import message_from_string
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.agent import hooks
from ansible_collections.pgha.cluster.plugins.module_utils.agent.config import Hooks
from ansible_collections.pgha.cluster.plugins.module_utils.agent.hooks import Alerts, mail_of
from ansible_collections.pgha.cluster.tests.support.agents import wait_until

EVENT: dict[str, Any] = {"number": 1, "time": 1700000000.0, "kind": "decided", "action": "fence", "text": "it is lost"}


def program(path: Path, body: str) -> str:
    path.write_text("#!/bin/sh\n" + body, encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_a_program_gets_the_event_on_its_input(tmp_path: Path) -> None:
    out = tmp_path / "out"
    failed: list[str] = []
    command = program(tmp_path / "hook", f'echo "$1" > {out}.argument; cat > {out}.new; mv {out}.new {out}\n')
    Alerts(Hooks(command=f"{command} 'two words'"), "n1", failed.append)(EVENT)
    wait_until(out.exists, "the program has run")
    assert json.loads(out.read_text()) == {"server": "n1", **EVENT}
    assert (tmp_path / "out.argument").read_text() == "two words\n"
    assert failed == []


def test_a_webhook_is_posted_to() -> None:
    taken: queue.Queue[dict[str, Any]] = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the library's name
            taken.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        failed: list[str] = []
        Alerts(Hooks(webhook=f"http://127.0.0.1:{server.server_port}/x"), "n1", failed.append)(EVENT)
        assert taken.get(timeout=10)["action"] == "fence"
        server.shutdown()
    assert failed == []


def test_a_mail_goes_to_the_local_mta(tmp_path: Path) -> None:
    out = tmp_path / "out"
    sendmail = program(tmp_path / "sendmail", f'echo "$@" > {out}.arguments; cat > {out}.new; mv {out}.new {out}\n')
    Alerts(Hooks(mail="dba@example.org"), "n1", pytest.fail, sendmail=sendmail)(EVENT)
    wait_until(out.exists, "the mail was handed over")
    mail = message_from_string(out.read_text())
    assert mail["To"] == "dba@example.org"
    assert mail["Subject"] == "[pgha] n1: fence"
    assert "it is lost" in mail.get_payload()
    assert (tmp_path / "out.arguments").read_text() == "-t -i\n"


def test_no_text_of_an_event_becomes_a_header() -> None:
    mail = message_from_string(mail_of("dba@example.org", {**EVENT, "server": "n1", "action": "x\nBcc: a@b.c"}))
    assert mail["Bcc"] is None


def test_one_that_fails_is_told_and_the_next_event_goes_on(tmp_path: Path) -> None:
    failed: list[str] = []
    command = program(tmp_path / "hook", "echo no use >&2; exit 3\n")
    alerts = Alerts(Hooks(command=command, webhook="http://127.0.0.1:1/"), "n1", failed.append)
    alerts(EVENT)
    alerts(EVENT)
    wait_until(lambda: len(failed) == 4, "both hooks have failed twice")
    assert failed[0] == "the alert hook command failed: exit status 3, no use"
    assert failed[1].startswith("the alert hook webhook failed: ")


def test_one_that_hangs_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "COMMAND_SECONDS", 0.5)
    failed: list[str] = []
    hangs, ended = tmp_path / "hangs", tmp_path / "ended"
    ended.touch()
    body = f"mkdir {hangs} 2>/dev/null && exec sleep 60\necho >> {ended}\n"
    alerts = Alerts(Hooks(command=program(tmp_path / "hook", body)), "n1", failed.append)
    alerts(EVENT)
    wait_until(hangs.exists, "the first one hangs")
    for _number in range(hooks.WAITING + 10):
        alerts(EVENT)
    # A call that waits for room would drop nothing.
    dropped = sum("dropped" in text for text in failed)
    assert dropped
    wait_until(lambda: any("timed out" in text for text in failed), "the program was ended")
    # To the last one: a thread that still ends programs would do so in the tests that follow.
    handed_on = hooks.WAITING + 10 - dropped
    wait_until(lambda: len(ended.read_text().splitlines()) == handed_on, "those that waited had their turn")


def test_nobody_is_told_when_nobody_wants_to_know() -> None:
    before = threading.active_count()
    Alerts(Hooks(), "n1", pytest.fail)(EVENT)
    assert threading.active_count() == before
