# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator may set and meet besides: strict mode, alert hooks, another version of the agent, clocks apart."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator

import pytest
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server, wait_until
from ansible_collections.pgha.cluster.tests.support.listener import Listener
from ansible_collections.pgha.cluster.tests.support.strikes import Fault, full_only, must_survive
from ansible_collections.pgha.cluster.tests.support.trial import Book, Trial

pytestmark = [pytest.mark.usefixtures("healed"), full_only]

TELL = "/usr/local/bin/tell"
TOLD = "/srv/told"
"""Not below /tmp or /var/tmp: the agent and what it starts have those for themselves."""
TELLER = f"#!/bin/sh\\nexec cat >> {TOLD}\\n"
APT = "DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install"
LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
# The clock that people read, and not the one that measures how long something takes: nobody sets that one.
AHEAD = {"LD_PRELOAD": LIBRARY, "FAKETIME": "+1h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
# The same for the agent, by Python itself: with that library, every sleep of Python 3.11 fails.
CLOCK = "/usr/local/lib/python3*/dist-packages"
SET_CLOCK = """set -e
cd {place}
echo "import pgha_ahead" > pgha-ahead.pth
cat > pgha_ahead.py <<'END'
import os, time
if ahead := float(os.environ.get("PGHA_AHEAD", 0)):
    time.time = lambda now=time.time: now() + ahead
END
mkdir -p $(dirname {unit})
printf '[Service]\\nEnvironment=PGHA_AHEAD=3600\\n' > {unit}
"""
AGENT, POSTGRES = "/etc/systemd/system/pgha-agent.service.d/clock.conf", "$(ls -d /etc/postgresql/*/main)/environment"


def nothing_is_acknowledged(trial: Trial) -> None:
    """Look on for longer than a failover takes. The server alone could write, and tells no client that it has."""
    moment = time.monotonic()
    trial.watch(8)
    assert not trial.traffic.acknowledged_since(moment)


def test_strict_without_a_fence_device(clients: Cluster, book: Book) -> None:
    """The third proof alone: the old primary cannot acknowledge a commit any more. What it costs: writes wait."""
    with clients.deployed(pgha_replication_mode="strict", pgha_fence_devices=[]):
        with book.trial(clients, "strict, standby's power cut") as trial:
            trial.strike()
            with faults.power_cut(trial.standby):
                nothing_is_acknowledged(trial)
                told = clients.status()
                assert told["primary"] == trial.primary.name, told
                assert "writes wait" in str(told["problems"]), told
            trial.writes_return(60)
            trial.primary_is(trial.primary)
        with book.trial(clients, "strict, primary's power cut") as trial:
            trial.strike()
            with faults.power_cut(trial.primary):
                wait_until(
                    lambda: clients.roles()[trial.standby.name] == "primary", 60, f"{trial.standby.name} is promoted"
                )
                nothing_is_acknowledged(trial)
            clients.make_whole()
            trial.primary_is(trial.standby)


def test_alerts_reach_a_program_a_web_server_and_a_mailbox(clients: Cluster) -> None:
    for server in clients.servers():
        server.must(f"printf '{TELLER}' > {TELL} && chmod 755 {TELL} && install -m 666 /dev/null {TOLD}")
        # A small mailer that delivers to a mailbox of this very server.
        server.must(f"{APT} dma", timeout=120)
    with Listener(f"{clients.prefix}.2.1") as listener:
        hooks = {"command": TELL, "webhook": f"{listener.address}/pgha", "mail": "root@localhost"}
        with clients.deployed(pgha_hooks=hooks):
            after = clients.other(clients.primary())
            clients.playbooks.must("switchover")
            wait_until(lambda: "promote" in after.ssh(f"cat {TOLD}").stdout, 30, "the program was told")
            wait_until(lambda: "promote" in after.ssh("cat /var/mail/root").stdout, 30, "the mail has come")

            def posted() -> list[dict[str, object]]:
                events = [json.loads(body) for body in listener.bodies]
                return [one for one in events if one["server"] == after.name and one.get("action") == "promote"]

            told = wait_until(posted, 30, "the web server was told")
            assert {"kind", "text", "time", "reason", "proof", "seen"} <= set(told[0]), told
            # The same event, whole, on its way to the program.
            lines = [json.loads(line) for line in after.must(f"cat {TOLD}").splitlines()]
            assert told[0] in lines, lines
    for server in clients.servers():
        server.must(f"rm -f {TELL} {TOLD}")


def test_another_version_of_the_agent_takes_over_from_the_last_one(clients: Cluster, book: Book) -> None:
    """A deploy places other code, the agents restart with it, and no client notices."""
    code = "/usr/lib/pgha/ansible_collections/pgha/cluster/plugins/module_utils/agent/decide.py"
    with book.trial(clients, "agents upgraded") as trial:
        wanted = trial.primary.must(f"sha256sum {code}")
        for server in clients.servers():
            server.must(f"echo '# Of another version.' >> {code} && systemctl restart pgha-agent")
            clients.wait_whole()
        numbers = [server.must("systemctl show -P MainPID pgha-agent") for server in clients.servers()]
        trial.strike()
        clients.playbooks.must("deploy")
        assert [server.must(f"sha256sum {code}") for server in clients.servers()] == [wanted, wanted]
        assert not set(numbers) & {server.must("systemctl show -P MainPID pgha-agent") for server in clients.servers()}
        trial.must_stay()


@contextlib.contextmanager
def an_hour_ahead(clients: Cluster, server: Server) -> Iterator[None]:
    """Let agent and PostgreSQL of a server have a clock that is an hour ahead, from the server's next boot on."""
    server.must(f"{APT} faketime", timeout=120)
    with contextlib.ExitStack() as undo:
        undo.callback(reboot, clients, server)
        undo.callback(server.must, f"rm -f {AGENT} {POSTGRES} {CLOCK}/pgha?ahead.p*")
        server.must(SET_CLOCK.format(place=CLOCK, unit=AGENT))
        for name, value in AHEAD.items():
            server.must(f"""echo "{name} = '{value}'" >> {POSTGRES}""")
        reboot(clients, server)
        yield


def reboot(clients: Cluster, server: Server) -> None:
    """Boot a server anew, and have a whole cluster again."""
    with faults.shut_down(server):
        pass
    clients.make_whole()


def test_clocks_an_hour_apart(clients: Cluster, book: Book) -> None:
    """Nothing that is decided may rest on what a clock says."""
    standby = clients.other(clients.primary())
    with an_hour_ahead(clients, standby):
        ahead = int(clients.must_sql(standby, "SELECT extract(epoch FROM now())::bigint")) - time.time()
        assert 3500 < ahead < 3700, f"PostgreSQL of {standby.name} is {ahead:.0f} s ahead"
        told = json.loads(standby.must("pgha-agent why --json"))["events"][-1]["time"] - time.time()
        assert 3000 < told < 3700, f"the agent of {standby.name} is {told:.0f} s ahead"
        # To the server that is ahead, and back from it.
        for number, name in ((1, standby.name), (2, clients.other(standby).name)):
            must_survive(
                clients,
                book,
                Fault(f"clocks apart, power cut {number}", lambda trial: faults.power_cut(trial.primary), True),
            )
            assert clients.primary().name == name
