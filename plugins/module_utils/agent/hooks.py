# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alert hooks: a program, a webhook, a mail. They run in a thread of their own and can never hold up the agent.

A hook that fails is told in the journal. It is not tried again: the next event comes, and a monitoring that must not
miss one asks ``pgha-agent check``.

This module util is private to the collection.
"""

from __future__ import annotations

import json
import queue
import shlex
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

from ansible_collections.pgha.cluster.plugins.module_utils.agent.config import Hooks

WAITING = 100
"""Events that wait for a slow hook. Further ones are dropped: an alert that comes an hour late alarms nobody."""
COMMAND_SECONDS = 10.0
WEBHOOK_SECONDS = 5.0
MAIL_SECONDS = 10.0
SENDMAIL = "/usr/sbin/sendmail"

Data = dict[str, Any]


class Alerts:
    """The hooks of one server, and the thread that works through them.

    :param failed: told what went wrong; called in the thread.
    """

    def __init__(self, hooks: Hooks, server: str, failed: Callable[[str], None], *, sendmail: str = SENDMAIL) -> None:
        self._failed, self._server, self._sendmail = failed, server, sendmail
        self._hooks: list[tuple[str, Callable[[Data], None]]] = []
        if hooks.command:
            self._hooks.append(("command", lambda event: _command(hooks.command, event)))
        if hooks.webhook:
            self._hooks.append(("webhook", lambda event: _post(hooks.webhook, event)))
        if hooks.mail:
            self._hooks.append(("mail", lambda event: _mail(self._sendmail, hooks.mail, event)))
        self._queue: queue.Queue[Data] = queue.Queue(WAITING)
        if self._hooks:
            # A daemon: the end of the agent waits for no web server.
            threading.Thread(target=self._work, name="alerts", daemon=True).start()

    def __call__(self, event: Data) -> None:
        """Pass an event on. Returns at once."""
        if self._hooks:
            try:
                self._queue.put_nowait({"server": self._server, **event})
            except queue.Full:
                self._failed(f"{WAITING} alerts wait already; this one is dropped")

    def _work(self) -> None:
        while True:
            event = self._queue.get()
            for name, hook in self._hooks:
                try:
                    hook(event)
                except Exception as error:
                    # Whatever an operator's program or a web server does must not end this thread.
                    self._failed(f"the alert hook {name} failed: {error}")


def _command(command: str, event: Data) -> None:
    _run(shlex.split(command), json.dumps(event) + "\n", COMMAND_SECONDS)


def _run(argv: list[str], text: str, seconds: float) -> None:
    done = subprocess.run(
        argv,
        input=text,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        timeout=seconds,
        check=False,
    )
    if done.returncode:
        raise OSError(f"exit status {done.returncode}, {done.stderr.strip()[:200]}")


def _post(address: str, event: Data) -> None:
    # These take long to load, and few servers need them.
    from http.client import HTTPConnection, HTTPSConnection  # noqa: PLC0415
    from urllib.parse import urlsplit  # noqa: PLC0415

    url = urlsplit(address)
    kind = {"http": HTTPConnection, "https": HTTPSConnection}.get(url.scheme)
    if kind is None or not url.hostname:
        raise OSError(f"{address} is no web address")
    connection = kind(url.hostname, url.port, timeout=WEBHOOK_SECONDS)
    try:
        place = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
        connection.request("POST", place, json.dumps(event), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        if not 200 <= answer.status < 300:
            raise OSError(f"{address} answered {answer.status} {answer.reason}")
    finally:
        connection.close()


def _mail(sendmail: str, receiver: str, event: Data) -> None:
    _run([sendmail, "-t", "-i"], mail_of(receiver, event), MAIL_SECONDS)


def mail_of(receiver: str, event: Data) -> str:
    """Return an event as a mail."""
    from email.message import EmailMessage  # noqa: PLC0415  # see above

    mail = EmailMessage()
    mail["To"] = receiver
    # A header is one line. What an event says may come from a program's error message.
    mail["Subject"] = " ".join(f"[pgha] {event['server']}: {event.get('action', event['kind'])}".split())
    when = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(event["time"]))
    mail.set_content(f"{event['text']}\n\n{when}\n\n{json.dumps(event, indent=2, ensure_ascii=False)}\n")
    return mail.as_string()
