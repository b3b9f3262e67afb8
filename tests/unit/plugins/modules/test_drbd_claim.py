# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk is claimed when it is UpToDate and alone, and once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.gateway import Gateway
from ansible_collections.pgha.cluster.plugins.modules import drbd_claim
from ansible_collections.pgha.cluster.tests.support.drbd import Server

CIB = '<cib admin_epoch="4"><configuration><constraints/></configuration></cib>'
ALONE = "0: cs:WFConnection ro:Secondary/Unknown ds:{disk}/Outdated C r-----\n    ns:0 nr:0 dw:0 dr:0 oos:0\n"


class Cluster:
    """Pacemaker's cibadmin, which takes a change as it is."""

    def __init__(self) -> None:
        self.cib = CIB
        self.changes: list[str] = []

    def __call__(
        self, argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        if "--query" in argv:
            return Completed(0, self.cib, "")
        assert {"cibadmin", "--modify", "--allow-create", "--xml-pipe"} <= set(argv)
        self.cib = stdin or ""
        self.changes.append(self.cib)
        return Completed(0, "", "")


@pytest.fixture(name="server")
def _server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(tmp_path, monkeypatch)


def alone(server: Server, disk: str) -> None:
    """Let the other server be away."""
    server.proc.write_text("version: 8.4.11 (api:1/proto:86-101)\n " + ALONE.format(disk=disk))


def claim(server: Server, cluster: Cluster, *, check_mode: bool = False) -> dict[str, Any]:
    """Run the module's work."""
    params = {"resource": "pgha", "clone": "disk-clone", "node": "n2"}
    return drbd_claim.work(params, server.gateway, Gateway(cluster), check_mode)


def test_a_disk_that_is_alone_is_claimed_once(server: Server) -> None:
    alone(server, "UpToDate")
    cluster = Cluster()
    assert claim(server, cluster, check_mode=True)["changed"]
    assert not cluster.changes
    first = claim(server, cluster)
    assert (first["changed"], first["barred_for"]) == (True, "n2")
    assert 'admin_epoch="5"' in cluster.cib
    second = claim(server, cluster)
    assert (second["changed"], second["barred_for"], second["diff"]["after"]) == (False, "n2", "")
    assert len(cluster.changes) == 1


def test_of_two_disks_that_meet_none_is_barred(server: Server) -> None:
    server.shows("primary-n1")
    cluster = Cluster()
    done = claim(server, cluster)
    assert (done["changed"], done["barred_for"], cluster.changes) == (False, "", [])


@pytest.mark.parametrize("disk", ["Consistent", "Outdated", "Inconsistent"])
def test_a_disk_that_may_lack_something_is_not_the_one_that_counts(server: Server, disk: str) -> None:
    alone(server, disk)
    with pytest.raises(PghaError, match=disk):
        claim(server, Cluster())
