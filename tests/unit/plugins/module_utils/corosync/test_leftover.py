# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose state is it that lies on a server: the package's own one-node cluster, or somebody's."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError
from ansible_collections.pgha.cluster.plugins.module_utils.corosync.leftover import judge_leftover, package_checksum

_CONFIG = b"nodelist { node { name: node1 } }\n"
_SUM = hashlib.md5(_CONFIG, usedforsecurity=False).hexdigest()
_PACKAGE_NODES = frozenset({"node1", "n1"})


def _cib(nodes: str = "", resources: str = "", constraints: str = "") -> str:
    return (
        f"<cib><configuration><crm_config/><nodes>{nodes}</nodes><resources>{resources}</resources>"
        f"<constraints>{constraints}</constraints></configuration><status/></cib>"
    )


def test_the_package_s_own_cluster_may_go() -> None:
    assert judge_leftover(_CONFIG, _SUM, _cib('<node id="1" uname="node1"/>'), _PACKAGE_NODES).removable


def test_a_changed_configuration_is_somebody_s() -> None:
    assert not judge_leftover(_CONFIG + b"\n", _SUM, _cib(), _PACKAGE_NODES).removable


@pytest.mark.parametrize("checksum", ["", "newconffile"])
def test_without_the_package_s_checksum_nothing_is_proven(checksum: str) -> None:
    assert not judge_leftover(_CONFIG, checksum, _cib(), _PACKAGE_NODES).removable


@pytest.mark.parametrize(
    ("cib", "reason"),
    [
        (_cib('<node id="2" uname="db2"/>'), "db2"),
        (_cib(resources='<primitive id="r"/>'), "resources"),
        (_cib(constraints='<rsc_location id="l"/>'), "constraints"),
    ],
)
def test_a_cib_that_holds_more_is_kept(cib: str, reason: str) -> None:
    found = judge_leftover(_CONFIG, _SUM, cib, _PACKAGE_NODES)
    assert not found.removable
    assert reason in found.foreign


def test_a_broken_cib_is_not_guessed_at() -> None:
    with pytest.raises(ParseError):
        judge_leftover(_CONFIG, _SUM, "<cib>", _PACKAGE_NODES)


def test_the_checksum_is_found_among_dpkg_s() -> None:
    listed = " /etc/corosync/corosync.conf 887ff038 \n /etc/default/corosync 615971ba\n"
    assert package_checksum(listed, "/etc/corosync/corosync.conf") == "887ff038"
    assert package_checksum(listed, "/etc/other") == ""
