# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server's disk is the only one that may be promoted, in a configuration that outranks every other copy."""

from __future__ import annotations

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError
from ansible_collections.pgha.cluster.plugins.module_utils.drbd.claim import barred_for, claim
from ansible_collections.pgha.cluster.plugins.module_utils.pacemaker.cib import read

# As crm-fence-peer.sh of drbd-utils 9.22 has placed it.
BAR = """
<rsc_location rsc="disk-clone" id="drbd-fence-by-handler-pgha-disk-clone">
  <rule role="Promoted" score="-INFINITY" id="drbd-fence-by-handler-pgha-rule-disk-clone">
    <expression attribute="#uname" operation="ne" value="{node}" id="drbd-fence-by-handler-pgha-expr-disk-clone"/>
  </rule>
</rsc_location>
"""
CIB = (
    '<cib admin_epoch="{rank}" epoch="9"><configuration><constraints>{bar}</constraints></configuration><status/></cib>'
)


def cib(barred: str = "", rank: int = 0) -> str:
    return CIB.format(rank=rank, bar=BAR.format(node=barred) if barred else "")


def claimed(text: str, node: str = "n2") -> str:
    return claim(text, "pgha", "disk-clone", node)


@pytest.mark.parametrize("barred", ["", "n1"])
@pytest.mark.parametrize("rank", [0, 7])
def test_the_others_are_barred_in_one_piece_with_a_higher_rank(barred: str, rank: int) -> None:
    change = read(claimed(cib(barred, rank)))
    assert change.attrib == {"admin_epoch": str(rank + 1)}
    assert barred_for(change, "pgha", "disk-clone") == "n2"


def test_it_has_the_handler_s_own_names_so_that_its_counterpart_finds_it() -> None:
    ours, theirs = (
        {element.get("id") for element in read(text).iter() if element.get("id")}
        for text in (claimed(cib()), cib(barred="n2"))
    )
    assert ours == theirs


def test_what_is_so_already_is_not_done_again() -> None:
    assert claimed(cib(barred="n2", rank=3)) == ""


def test_a_bar_of_another_resource_says_nothing() -> None:
    assert barred_for(read(cib(barred="n1")), "other", "disk-clone") == ""
    assert barred_for(read(cib(barred="n1")), "pgha", "other-clone") == ""


def test_what_is_no_configuration_is_refused() -> None:
    with pytest.raises(ParseError):
        claimed("<cib/>")
