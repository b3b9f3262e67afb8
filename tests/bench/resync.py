# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it costs a disk of the stack drbd to catch up, after so much was written while its server was off.

The management controller lies meanwhile: the cluster cuts the power of a server that is off already, and would give it
back before all is written. Nothing is at risk by it, as the server is off.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.pgha.cluster.plugins.module_utils.drbd.model import Disk, Resource
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.parse import parse_proc
from ansible_collections.pgha.cluster.tests.bench import raw
from ansible_collections.pgha.cluster.tests.bench.figures import MEGABYTE, Resync
from ansible_collections.pgha.cluster.tests.support import faults
from ansible_collections.pgha.cluster.tests.support.client import DATABASE
from ansible_collections.pgha.cluster.tests.support.cluster import Cluster
from ansible_collections.pgha.cluster.tests.support.lab import Server, patient, wait_until

MINOR = 0
SETTLE = "VACUUM (FREEZE, ANALYZE);\nCHECKPOINT;"
SETTLE_SECONDS = 120
BARRED_SECONDS = 120
WRITE_SECONDS = 120
BACK_SECONDS = 240
FILE = f"$(findmnt --noheadings --output TARGET --source /dev/drbd{MINOR})/bench"
# Blocks that are equal are not sent, so that what is written has to be new each time.
WRITE = f"dd if=/dev/urandom of={FILE} bs=1M count={{megabytes}} iflag=fullblock oflag=direct conv=fsync && sync"
# One program that looks twenty times a second: to start one for each look takes such a kernel longer than a look may.
WATCH = """
import json, sys, time
end, last = time.monotonic() + float(sys.argv[1]), ""
while "ds:UpToDate/UpToDate" not in last:
    if time.monotonic() > end:
        sys.exit("the disks are not alike in time:\\n" + last)
    with open("/proc/drbd") as file:
        said = file.read()
    if said != last:
        last = said
        print(json.dumps([time.monotonic(), said]))
    time.sleep(0.05)
"""


def state(server: Server) -> Resource:
    """Return what a server's kernel says of the disks."""
    found = parse_proc(server.must("cat /proc/drbd"), MINOR)
    assert found is not None, f"{server.name} has no DRBD device"
    return found


def barred(one: Resource) -> bool:
    """Tell whether a primary writes alone: the cluster knows that the other disk must not be promoted any more."""
    return one.peer_disk is Disk.OUTDATED and not one.suspended


def lasted(output: str) -> float:
    """Return the seconds from the connection until both disks were alike, from what `WATCH` printed.

    :raises ValueError: they were never connected.
    """
    looks = [json.loads(line) for line in output.splitlines()]
    found = [(at, parse_proc(said, MINOR)) for at, said in looks]
    connected = [at for at, one in found if one is not None and one.connected]
    if not connected:
        raise ValueError("the disks were never seen connected")
    return float(connected[-1] - connected[0])


def watched(server: Server) -> str:
    """Look at the disks from a primary until they are alike."""
    seconds = patient(BACK_SECONDS)
    answer = server.ssh(f"python3 - {seconds}", timeout=BACK_SECONDS + 30, stdin=WATCH)
    assert answer.rc == 0, answer.stderr
    return answer.stdout


def resynced(cluster: Cluster, megabytes: int) -> Resync:
    """Cut the standby's power, write so much on the primary, give the power back, and return what catching up took."""
    cluster.wait_whole()
    primary = cluster.primary()
    standby = cluster.other(primary)
    # PostgreSQL goes on, idle: what it would still write, or tidy up, of what clients did before is done first.
    cluster.must_sql(primary, SETTLE, DATABASE, timeout=SETTLE_SECONDS)
    with faults.bmc_lying(standby), faults.power_cut(standby):
        wait_until(lambda: barred(state(primary)), BARRED_SECONDS, f"{primary.name} writes alone")
        primary.must(WRITE.format(megabytes=megabytes), timeout=WRITE_SECONDS)
        lacking = (state(primary).out_of_sync or 0) / MEGABYTE
        assert lacking >= megabytes, f"{megabytes} MB were written, and {standby.name} lacks {lacking:.1f} MB"
        # From here on it can be fenced as ever.
        standby.bmc_start()
        with ThreadPoolExecutor(max_workers=1) as pool:
            watching = pool.submit(watched, primary)
            began = time.monotonic()
            standby.power_on()
            seconds = lasted(watching.result())
        back = time.monotonic() - began
        came = raw.received(standby) / MEGABYTE
    primary.must(f"rm {FILE} && sync")
    return Resync(megabytes, lacking, came, seconds, back)
