# Copyright: (c) 2026, pgha.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading corosync.conf and the running configuration."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.pgha.cluster.plugins.module_utils.common.errors import ParseError
from ansible_collections.pgha.cluster.plugins.module_utils.corosync.parse import (
    has_majority_alone,
    node_ids,
    parse_cmap,
    parse_config,
    parse_quorum,
)
from ansible_collections.pgha.cluster.plugins.module_utils.corosync.plan import Effort, plan_config
from hypothesis import given
from hypothesis import strategies as st

_FIXTURES = Path(__file__).parents[4] / "fixtures" / "corosync"
_VERSIONS = sorted(path.name for path in _FIXTURES.iterdir())


@pytest.mark.parametrize("version", _VERSIONS)
def test_a_daemon_that_just_started_differs_in_nothing_from_its_file(version: str) -> None:
    running = parse_cmap((_FIXTURES / version / "cmap.txt").read_text())
    desired = parse_config((_FIXTURES / version / "corosync.conf").read_text())
    assert plan_config(running, desired).changes == ()
    assert desired["nodelist.node.n2.nodeid"] == "2"
    assert desired["quorum.device.net.algorithm"] == "ffsplit"


@pytest.mark.parametrize("version", _VERSIONS)
def test_a_changed_token_is_seen_in_a_real_configuration(version: str) -> None:
    running = parse_cmap((_FIXTURES / version / "cmap.txt").read_text())
    text = (_FIXTURES / version / "corosync.conf").read_text().replace("token: 1000", "token: 2000")
    plan = plan_config(running, parse_config(text))
    assert [str(change) for change in plan.changes] == ["totem.token: 1000 -> 2000"]
    assert plan.effort is Effort.RELOAD


@pytest.mark.parametrize("version", _VERSIONS)
def test_quorum_is_read(version: str) -> None:
    answer = parse_quorum((_FIXTURES / version / "quorum.txt").read_text())
    assert (answer["Quorate"], answer["Nodes"], answer["Expected votes"]) == ("Yes", "2", "3")


def test_interfaces_are_named_by_their_link_and_nodes_by_their_name() -> None:
    text = """
    totem {
        interface {
            linknumber: 1
            knet_link_priority: 5
        }
    }
    nodelist {
        node {
            nodeid: 7
            ring0_addr: fd00::7
        }
    }
    """
    assert parse_config(text) == {
        "totem.interface.1.knet_link_priority": "5",
        "nodelist.node.7.nodeid": "7",
        "nodelist.node.7.ring0_addr": "fd00::7",
    }


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("}", "line 1"),
        ("totem {", "the end of the text"),
        ("totem {\n  token 1000\n}", "line 2"),
        ("token: 1", "line 1"),
    ],
)
def test_what_cannot_be_read_names_its_place(text: str, where: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_config(text)
    assert caught.value.where == where


_WORD = st.from_regex(r"[a-z][a-z_]{0,9}", fullmatch=True).filter(lambda word: word != "linknumber")


@given(st.dictionaries(_WORD, st.from_regex(r"[a-z0-9.:]{1,12}", fullmatch=True), max_size=6))
def test_any_section_survives_writing_and_reading(values: dict[str, str]) -> None:
    body = "".join(f"  {key}: {value}\n" for key, value in values.items())
    assert parse_config(f"quorum {{\n{body}}}\n") == {f"quorum.{key}": value for key, value in values.items()}


@pytest.mark.parametrize("version", _VERSIONS)
def test_the_numbers_of_the_servers_are_read_from_the_file(version: str) -> None:
    text = (_FIXTURES / version / "corosync.conf").read_text()
    assert node_ids(text) == {"n1": 1, "n2": 2}
    assert node_ids("totem {") == {}
    assert node_ids("") == {}


@pytest.mark.parametrize("version", _VERSIONS)
def test_two_servers_of_two_are_a_majority_without_their_vote_host(version: str) -> None:
    assert has_majority_alone(parse_quorum((_FIXTURES / version / "quorum.txt").read_text()))


@pytest.mark.parametrize(
    ("nodes", "quorum", "alone"), [("2", "3", False), ("3", "3", True), ("1", "2", False), ("3", "3 Activity", True)]
)
def test_a_server_that_is_configured_and_not_there_yet_is_missing_in_the_majority(
    nodes: str, quorum: str, alone: bool
) -> None:
    assert has_majority_alone({"Nodes": nodes, "Quorum": quorum}) is alone
    assert not has_majority_alone({})
