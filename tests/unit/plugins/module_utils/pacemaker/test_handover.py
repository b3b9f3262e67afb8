# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster is told during a switchover."""

from __future__ import annotations

import datetime
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import PghaError
from ansible_collections.pgha.cluster.plugins.module_utils.common.runner import Completed
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.gateway import Gateway
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.handover import (
    Address,
    Records,
    Window,
    give_up,
    in_background,
    interfaces,
    take_on,
    window_end,
    window_xml,
)
from ansible_collections.pgha.cluster.tests.support.fake_pacemaker import VERSIONS, RestingPacemaker, fixture

NOON = datetime.datetime(2026, 11, 21, 12, 0, tzinfo=datetime.UTC)


def with_window(text: str, until: datetime.datetime) -> str:
    root = ET.fromstring(text)
    options = root.find("configuration/crm_config")
    assert options is not None
    options.append(ET.fromstring(window_xml(until)))
    return ET.tostring(root, encoding="unicode")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_end_of_the_rest_is_read_back(version: str) -> None:
    quiet = fixture(version, "cib-healthy.xml")
    assert window_end(ET.fromstring(quiet)) == ""
    assert window_end(ET.fromstring(with_window(quiet, NOON))) == "2026-11-21 12:00:00Z"


def test_the_rest_ends_in_universal_time_whatever_the_clock_shows_here() -> None:
    here = NOON.astimezone(datetime.timezone(datetime.timedelta(hours=5)))
    assert 'end="2026-11-21 12:00:00Z"' in window_xml(here)


def cluster(version: str = "3.0") -> RestingPacemaker:
    return RestingPacemaker(fixture(version, "cib-healthy.xml"), fixture(version, "crm_mon-healthy.xml"))


@pytest.mark.parametrize("version", VERSIONS)
def test_the_cluster_looks_anew_at_what_moved_before_it_goes_on(version: str) -> None:
    fake = cluster(version)
    window = Window(Gateway(fake, pause=lambda _seconds: None), fake, ["postgresql", "write-address"])
    window.open(60)
    assert window.is_open()
    window.close()
    assert not window.is_open()
    refreshed = [
        ["crm_resource", "--refresh", "--resource=postgresql"],
        ["crm_resource", "--refresh", "--resource=write-address"],
    ]
    assert fake.ran("crm_resource") == refreshed
    deleted = next(number for number, argv in enumerate(fake.calls) if "--delete" in argv)
    assert deleted > max(fake.calls.index(argv) for argv in refreshed)


def test_a_cluster_that_does_not_rest_is_an_error() -> None:
    """A clock that is ahead by more than the rest is long: the rule is over before it begins."""
    fake = cluster()
    fake.obeys = False
    with pytest.raises(PghaError, match="does not rest"):
        Window(Gateway(fake, pause=lambda _seconds: None), fake, []).open(60)
    assert window_end(ET.fromstring(fake.cib)) == "", "a later clock would make it rest after all"


def test_records_are_in_the_words_of_the_resource_agent() -> None:
    fake = cluster()
    records = Records(Gateway(fake), "postgresql")
    records.behind("pm-t1")
    records.stopped("pm-t1")
    records.latest("pm-t2")
    records.primary("pm-t2")
    assert [" ".join(argv[1:]) for argv in fake.ran("crm_attribute")] == [
        "--node=pm-t1 --name=postgresql-data-status --update=DISCONNECT --lifetime=forever",
        "--node=pm-t1 --name=master-postgresql --update=-INFINITY --lifetime=reboot",
        "--node=pm-t1 --name=postgresql-status --update=STOP --lifetime=reboot",
        "--node=pm-t1 --name=postgresql-master-baseline --delete --lifetime=reboot",
        "--node=pm-t2 --name=postgresql-data-status --update=LATEST --lifetime=forever",
        "--node=pm-t2 --name=master-postgresql --update=1000 --lifetime=reboot",
        "--node=pm-t2 --name=postgresql-status --update=PRI --lifetime=reboot",
    ]


def test_what_is_recorded_is_read_back_for_that_server_alone() -> None:
    records = Records(Gateway(cluster()), "postgresql")
    records.behind("pm-t1")
    records.stopped("pm-t1")
    records.latest("pm-t2")
    records.primary("pm-t2")
    assert [(records.is_latest(node), records.is_primary(node)) for node in ("pm-t1", "pm-t2", "pm-t9")] == [
        (False, False),
        (True, True),
        (False, False),
    ]


class Network:
    """The agent of addresses, and the tool that shows and deletes them."""

    def __init__(self, rc: int = 0) -> None:
        self.rc = rc
        self.seen: list[str] = []

    def __call__(
        self, argv: Sequence[str], *, timeout: float, stdin: str | None = None, env: Mapping[str, str] | None = None
    ) -> Completed:
        given = f" {env['OCF_RESKEY_ip']}/{env['OCF_RESKEY_cidr_netmask']}" if env else ""
        words = argv[3:] if argv[0] == "sh" else argv
        self.seen.append(" ".join([words[0].rpartition("/")[2], *words[1:]]) + given)
        shown = "2: eth1    inet 10.0.0.100/24 scope global eth1" if argv[-1] == "10.0.0.100" else ""
        return Completed(self.rc, shown, "no such network")


ADDRESSES = [Address("write-address", "10.0.0.100", 24), Address("replication-address", "10.0.1.100", 25)]


def test_addresses_are_taken_by_their_own_agent() -> None:
    network = Network()
    take_on(network, ADDRESSES)
    assert sorted(network.seen) == ["IPaddr2 start 10.0.0.100/24", "IPaddr2 start 10.0.1.100/25"]


def test_an_address_that_cannot_be_taken_is_named() -> None:
    with pytest.raises(PghaError, match=r"10\.0\.0\.100 could not be taken"):
        take_on(Network(1), ADDRESSES)


def test_only_addresses_that_are_held_are_given_up() -> None:
    network = Network()
    held = interfaces(network, ADDRESSES)
    assert held == {"10.0.0.100": "eth1"}
    network.seen.clear()
    give_up(network, ADDRESSES, held)
    assert network.seen == ["ip address delete 10.0.0.100/24 dev eth1"]


def test_an_error_in_the_background_is_not_lost() -> None:
    def fail() -> None:
        raise PghaError("no quorum")

    with pytest.raises(PghaError, match="no quorum"):
        in_background(fail)()
