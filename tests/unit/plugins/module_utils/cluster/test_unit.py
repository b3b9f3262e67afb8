# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A unit in the words of a primary and a standby, and what is not to be done with one."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.down import judge_down
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.model import OUTSIDE, Expected, Report, Seen
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.reload import no_postgresql, reload_verdict
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.restart import restart_order
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.storage import on_one_disk
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.switchover import Situation, choose
from ansible_collections.pgha.cluster.plugins.module_utils.cluster.unit import service_of
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError
from ansible_collections.pgha.cluster.plugins.module_utils.common.verdict import Value
from ansible_collections.pgha.cluster.plugins.module_utils.shared_disk.model import FileSystem, Look
from ansible_collections.pgha.cluster.tests.support.drbd import MEMBER


@pytest.mark.parametrize(
    ("load", "active", "mounted", "role"),
    [
        ("loaded", "active", True, "primary"),
        ("loaded", "reloading", True, "primary"),
        ("loaded", "active", False, OUTSIDE),
        ("loaded", "inactive", True, "stopped"),
        ("loaded", "failed", False, "stopped"),
        ("loaded", "activating", True, "stopped"),
        ("loaded", "deactivating", True, "stopped"),
        ("not-found", "inactive", False, "none"),
        ("masked", "inactive", False, "none"),
    ],
)
def test_what_systemd_says(load: str, active: str, mounted: bool, role: str) -> None:
    said = service_of("nginx", f"LoadState={load}\nActiveState={active}\n", mounted=mounted)
    assert (said["unit"], said["role"], said["state"]) == ("nginx", role, active)
    assert said["running"] == (active in ("active", "reloading"))


def test_what_is_no_answer_is_an_error() -> None:
    with pytest.raises(ParseError, match="nginx"):
        service_of("nginx", "LoadState=loaded\n", mounted=True)


FILES = FileSystem("b244f42f", "pgha-1", protected=True, holder="n1")


def pair(passive: str = "stopped") -> list[dict[str, Any]]:
    common = MEMBER | {"member": "online"}
    roles = {"n1": "primary", "n2": passive}
    return [
        {
            "name": name,
            "postgres": {"unit": "nginx", "role": role},
            "disk": Look("/dev/mapper/a", name, seen=True, size=1, filesystem=FILES).as_result(),
            **common,
        }
        for name, role in roles.items()
    ]


def test_the_server_that_sees_the_disk_may_take_the_unit_over() -> None:
    assert choose(Situation.of(on_one_disk(pair()), "sync")) == "n2"


def test_one_on_which_somebody_else_has_started_it_may_not() -> None:
    told = on_one_disk(pair(OUTSIDE))
    assert told[1]["postgres"]["role"] == OUTSIDE
    assert choose(Situation.of(told, "sync")) == ""
    report = Report()
    seen = Seen("n2", True, told[1]["postgres"], {}, {}, ())
    judge_down(report, seen, Expected("demo", "drbd", "sync", {}, "", frozenset(), False, "play "), {}, ["n1"])
    assert report.problems == ["nginx runs on n2 without its disk"]
    assert report.steps == ["on n2: systemctl stop nginx"]


def test_what_is_postgresql_s_alone_is_refused() -> None:
    reload, restart = reload_verdict(pair()), restart_order(pair(), "sync", (), which="all")
    assert reload.value is restart.verdict.value is Value.UNSAFE
    assert not restart.needed
    assert reload.reasons == restart.verdict.reasons == (no_postgresql(["nginx"]),)
    assert "runs nginx and not PostgreSQL" in reload.reasons[0].message
