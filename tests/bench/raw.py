# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The raw cost: the same packages and the same two servers, by the few commands that have to be run in any case.

No cluster manager is set up here and nobody has to detect anything: whoever strikes also acts at once. What a cluster
adds to this is its price.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.pgha.cluster.tests.support.client import DATABASE, USER
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server, wait_until
from ansible_collections.pgha.cluster.tests.support.observer import TABLE as OBSERVED
from ansible_collections.pgha.cluster.tests.support.writer import TABLE as WRITTEN

PLACE = {"PGHA_LAB": "bench", "PGHA_PREFIX": "10.84"}
"""The lab of the benches, where the environment chooses no other; no other lab of this project is there."""
INSTALL_SECONDS = 600
HBA = "hostssl all all {prefix}.0.0/22 scram-sha-256\nhost replication all {prefix}.1.0/24 scram-sha-256"


def fresh(cluster: Cluster) -> None:
    """Make the lab anew; its image is kept, so that only the servers are."""
    cluster.playbooks.must("lab", lab_state="absent")
    cluster.playbooks.must("lab")


@contextlib.contextmanager
def lab_removed(cluster: Cluster) -> Iterator[None]:
    """Take the lab away in the end, also when a person breaks it off with Ctrl-C."""
    try:
        yield
    finally:
        cluster.playbooks.must("lab", lab_state="absent")


def packages_of(server: Server) -> set[str]:
    """Return the installed packages."""
    return set(server.must("dpkg-query -W -f '${Package}\\n'").split())


def received(server: Server) -> int:
    """Return the bytes that came in over a server's replication network since it booted."""
    address = server.addresses["replication"]
    shown = json.loads(server.must(f"ip -json -statistics address show to {address}"))
    # Some versions print an empty entry for every interface without that address.
    return int(next(one for one in shown if one)["stats64"]["rx"]["bytes"])


def install(server: Server, packages: set[str]) -> None:
    """Install packages as a person does, with nothing started."""
    server.must("printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d")
    apt = "DEBIAN_FRONTEND=noninteractive apt-get -qq"
    server.must(
        f"{apt} update && {apt} install -y --no-install-recommends {' '.join(sorted(packages))}",
        timeout=INSTALL_SECONDS,
    )


def settings(cluster: Cluster, version: str, primary: Server, name: str) -> str:
    """Return the shell commands that configure a primary that its standby may follow."""
    directory = f"/etc/postgresql/{version}/main"
    lines = [
        "listen_addresses = '*'",
        "wal_log_hints = on",
        f"cluster_name = '{name}'",
    ]
    rules = HBA.format(prefix=cluster.prefix)
    return "\n".join(
        [
            f"cat > {directory}/conf.d/raw.conf <<'END'\n" + "\n".join(lines) + "\nEND",
            f"cat >> {directory}/pg_hba.conf <<'END'\n{rules}\nEND",
        ]
    )


def deploy(cluster: Cluster, packages: dict[str, set[str]]) -> float:
    """Make a replicating pair on bare servers and return how long it took."""
    primary, standby = cluster.servers()
    began = time.monotonic()
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda server: install(server, packages[server.name]), list(cluster.lab)))
    version = primary.must("ls /usr/lib/postgresql")
    for server in (primary, standby):
        server.must(settings(cluster, version, primary, server.name))
    primary.must(f"pg_ctlcluster {version} main start")
    cluster.must_sql(primary, f"CREATE ROLE {USER} LOGIN REPLICATION PASSWORD '{cluster.password}'")
    follow(cluster, version, primary, standby)
    taken = time.monotonic() - began
    cluster.must_sql(primary, f"CREATE DATABASE {DATABASE} OWNER {USER}")
    cluster.must_sql(primary, f"SET ROLE {USER}; {WRITTEN}; {OBSERVED};", DATABASE)
    announce(cluster, primary)
    return taken


def follow(cluster: Cluster, version: str, primary: Server, standby: Server) -> None:
    """Copy the primary's data, and let each of its commits wait for the standby from now on."""
    data = f"/var/lib/postgresql/{version}/main"
    copy = f"pg_basebackup -h {primary.addresses['replication']} -U {USER} -D {data} -R -c fast -X stream"
    # The password is known to nobody but this run; a pair that lives for a minute needs no better place for it.
    standby.must(f"cd / && rm -rf {data} && PGPASSWORD='{cluster.password}' runuser -u postgres -- {copy}", timeout=120)
    standby.must(f"pg_ctlcluster {version} main start")
    wait_until(lambda: bool(cluster.followers(primary)), 30, "the standby follows")
    # Only now: a commit that waits for a standby before there is one waits for ever.
    cluster.must_sql(primary, "ALTER SYSTEM SET synchronous_standby_names = '*'")
    cluster.must_sql(primary, "SELECT pg_reload_conf()")


def announce(cluster: Cluster, server: Server) -> None:
    """Give a server the write address; a ping from it tells the network."""
    server.must(
        f"ip address add {cluster.write}/24 dev eth0 && ping -q -c 1 -w 5 -I {cluster.write} {cluster.prefix}.0.1"
    )


def kill_outage(cluster: Cluster) -> float:
    """Kill PostgreSQL and start it at once; return the outage of writes."""
    primary = cluster.primary()
    version = primary.must("ls /usr/lib/postgresql")
    with cluster.traffic("raw-kill") as traffic:
        struck = time.monotonic()
        primary.must(f"pkill -KILL -o -x postgres; pg_ctlcluster {version} main start")
        traffic.wait_writes(struck, 60, "clients commit again")
        return traffic.outages(struck)[0]


def power_outage(cluster: Cluster) -> float:
    """Cut the primary's power and promote the standby at once; return the outage of writes."""
    primary = cluster.primary()
    standby = cluster.other(primary)
    with cluster.traffic("raw-power") as traffic:
        struck = time.monotonic()
        primary.power_cut()
        cluster.must_sql(standby, "SELECT pg_promote(true)")
        announce(cluster, standby)
        traffic.wait_writes(struck, 60, "clients commit again")
        return traffic.outages(struck)[0]


def switchover_outage(cluster: Cluster) -> float:
    """Stop the primary and promote the standby at once; return the outage of writes."""
    primary = cluster.primary()
    standby = cluster.other(primary)
    version = primary.must("ls /usr/lib/postgresql")
    with cluster.traffic("raw-switchover") as traffic:
        began = time.monotonic()
        # Synchronous no more: the old primary is not there to wait for.
        cluster.must_sql(standby, "ALTER SYSTEM SET synchronous_standby_names = ''")
        cluster.must_sql(standby, "SELECT pg_reload_conf()")
        cluster.must_sql(primary, "CHECKPOINT")
        primary.must(f"pg_ctlcluster {version} main stop -m fast && ip address del {cluster.write}/24 dev eth0")
        cluster.must_sql(standby, "SELECT pg_promote(true)")
        announce(cluster, standby)
        traffic.wait_writes(began, 60, "clients commit again")
        return traffic.outages(began)[0]
