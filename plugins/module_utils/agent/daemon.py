# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting the agent together on a server, and running it.

This module util is private to the collection.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from ansible_collections.pgha.cluster.plugins.module_utils.agent import config as settings
from ansible_collections.pgha.cluster.plugins.module_utils.agent import lasting, record
from ansible_collections.pgha.cluster.plugins.module_utils.agent.config import Config
from ansible_collections.pgha.cluster.plugins.module_utils.agent.effects import Hands
from ansible_collections.pgha.cluster.plugins.module_utils.agent.engine import Engine
from ansible_collections.pgha.cluster.plugins.module_utils.agent.events import INFO, WARNING, Journal, Printer, line_of
from ansible_collections.pgha.cluster.plugins.module_utils.agent.hooks import Alerts
from ansible_collections.pgha.cluster.plugins.module_utils.agent.model import Record
from ansible_collections.pgha.cluster.plugins.module_utils.agent.service import Eyes, Places, Service
from ansible_collections.pgha.cluster.plugins.module_utils.agent.supervisor import Supervisor

STACK_BYTES = 512 * 1024


def build(
    config: Config,
    *,
    eyes: Eyes,
    hands: Hands,
    places: Places,
    say: Callable[[int, str], None] | None = None,
    supervisor: Supervisor | None = None,
) -> Service:
    """Return the agent of one server, ready to run."""
    state, printer = Path(config.state_directory), say or Printer()
    place = state / "record.json"
    session = lasting.next_session(state)
    boot = lasting.boot_name(Path(config.run_directory))

    def store(changed: Record) -> None:
        record.store(place, changed)

    alerts = Alerts(config.hooks, config.name, lambda text: printer(WARNING, line_of("hook", text, {})))
    journal = Journal(printer, alerts)
    known = record.load(place)
    engine = Engine(
        config,
        known,
        boot=boot,
        session=session,
        secret=config.secret.encode(),
        store=store,
        now=time.monotonic(),
    )
    journal.tell("started", "the agent begins", session=session, role=known.role.value, reign=known.reign)
    return Service(config, engine, eyes=eyes, hands=hands, places=places, journal=journal, supervisor=supervisor)


def run(path: str) -> None:
    """Run the agent until it is told to end."""
    config = settings.load(path)
    from ansible_collections.pgha.cluster.plugins.module_utils.agent.eyes import body  # noqa: PLC0415  # psycopg2

    # The default reserves 8 MB for each thread; none here goes deep.
    threading.stack_size(STACK_BYTES)
    printer = Printer()
    eyes, hands, places = body(config, lambda text: printer(INFO, line_of("addresses", text, {})))
    service = build(config, eyes=eyes, hands=hands, places=places, say=printer, supervisor=Supervisor())
    service.handle_signals()
    service.run()
